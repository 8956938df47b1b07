"""Moving latents along directions, alone or composed, and the pictures of it."""
