"""The labels of images: from the folders that they lie in, or from a file that says them."""
