"""What is done to images before a network sees them."""
