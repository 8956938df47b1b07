"""Makes the fakes beside it importable from every folder below."""
