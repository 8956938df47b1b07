"""The training loop: optimisers, precision, the average, the books and the state of a run."""
