"""The vocabulary: spaces, batches, estimates, results, errors, names, random streams. Imports no torch."""
