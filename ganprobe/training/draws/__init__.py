"""The random numbers of a step: functions of (seed, purpose, step), drawn on the host and sent in one piece."""
