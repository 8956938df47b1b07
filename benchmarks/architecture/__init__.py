"""The architecture as the imports have it: drawn, and listed with a line a folder."""
