"""A paper's tables by one command: train its rows, measure them, and put them beside the paper's own numbers."""
