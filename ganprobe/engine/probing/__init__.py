"""What `probe` asks of what a training leaves: its discriminators, and its auxiliary network."""
