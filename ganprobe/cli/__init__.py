"""The front door: parses the call, hands it to the engine, prints. No logic."""

from ganprobe.cli.main import main

__all__ = ["main"]
