"""The safe reader: containers and pickles to tensors and inert records; nothing in a file is executed."""
