"""What a call can be told, said once."""
