"""The networks of others as extractors."""
