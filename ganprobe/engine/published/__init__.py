"""Statistics of data sets that other projects saved, as references; and our own, written as they read them."""
