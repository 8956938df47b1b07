"""What decides a training run: one frozen record, read from and written to TOML, checked before anything is built."""
