"""What devices ask for: memory that runs out, copies that wait, convolutions that differ."""
