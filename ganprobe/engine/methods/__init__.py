"""What is measured beside the methods: steered factors, style channels, what moves, and what mends."""
