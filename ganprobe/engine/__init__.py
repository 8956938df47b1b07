"""The hall where the rooms meet: a plan, one pass, results."""
