"""What `directions` and `rescore` measure beside the methods: steered factors, style channels, what moves, what mends."""
