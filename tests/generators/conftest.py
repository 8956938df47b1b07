"""So that the tests in the folders here find `planted` and `small_pairs`."""
