"""What is done to measure: a plan, one pass over the samples, states to results."""
