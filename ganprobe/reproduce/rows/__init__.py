"""Rows trained and measured: one at a time or side by side, within a limit of time."""
