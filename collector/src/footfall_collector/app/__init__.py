"""The running collector: `collector` makes and joins every part, and nothing else does."""
