"""The small networks that ship with the project."""
