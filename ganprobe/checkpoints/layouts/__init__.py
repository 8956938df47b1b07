"""Whose checkpoints they are: one module a layout, in the folder of the network that it describes."""
