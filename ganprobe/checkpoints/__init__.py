"""A file on disk to (architecture, configuration, tensors): the native format and its safe reader."""
