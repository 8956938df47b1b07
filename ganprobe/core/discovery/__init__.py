"""What is found by its name: what our packages declare, what other packages bring, Python objects."""
