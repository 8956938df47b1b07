"""A page of one's own machine on which a generator is looked through: the server, and the page that it gives."""
