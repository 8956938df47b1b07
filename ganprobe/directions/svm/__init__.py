"""Linear support vector machines in the primal, alone or many at once."""
