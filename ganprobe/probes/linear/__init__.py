"""Linear probes of discriminators: what their features know of the classes, and what they forget."""
