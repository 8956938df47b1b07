"""Names of classes: how they are ordered, said, and matched between two sides."""
