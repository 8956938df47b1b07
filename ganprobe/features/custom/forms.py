"""The endings of TorchScript files."""

from typing import Final

SUFFIXES: Final = (".pt", ".ts", ".pth", ".jit", ".torchscript")
