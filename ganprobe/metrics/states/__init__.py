"""The monoids that metrics keep: moments, rows of features, values of columns, rows by class."""
