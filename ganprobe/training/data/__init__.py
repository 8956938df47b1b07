"""Real images: their facts, the stream through them, and where they lie."""
