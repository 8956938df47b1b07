"""One run in several processes: who does what, and how they stay together."""
