"""What only a GPU shows: one script that checks and measures, section after section, and writes as it goes."""
