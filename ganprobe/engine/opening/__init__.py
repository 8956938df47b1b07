"""What a call names, opened: samplers, features, scorers, metrics."""
