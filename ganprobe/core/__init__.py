"""The vocabulary: spaces, batches, estimates, results, errors, names, random streams. Torch for borrowing alone."""
