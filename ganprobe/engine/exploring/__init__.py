"""From what an explorer's controls say to latents, pictures and the command that makes them again."""
