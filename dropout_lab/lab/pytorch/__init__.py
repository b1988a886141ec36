"""Against PyTorch: the same mask, the same numbers."""
