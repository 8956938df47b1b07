"""What is declared in the tree and what other packages bring along."""
