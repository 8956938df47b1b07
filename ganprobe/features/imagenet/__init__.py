"""A network that knows the thousand classes of ImageNet, from a package that brings its weights."""
