"""Embeddings of large transformers that published distances are defined on: DINOv2's and CLIP's."""
