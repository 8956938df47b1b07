"""The stories of training commands, and what measures a generator in the middle of one."""
