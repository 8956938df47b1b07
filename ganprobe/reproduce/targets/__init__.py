"""One TOML file a paper: its tables as data."""
