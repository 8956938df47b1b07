"""Makes the builders of foreign files beside it importable from every folder below."""
