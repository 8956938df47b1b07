"""What `directions` measures of steered factors and of style channels."""
