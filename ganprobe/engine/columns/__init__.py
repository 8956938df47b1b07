"""Where the columns of a pass come from: images through extractors, pairs through distances."""
