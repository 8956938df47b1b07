"""Scores of a classifier's probabilities: the classifier score and the Inception Score."""
