"""The layers that networks share: convolutions, norms, attention."""
