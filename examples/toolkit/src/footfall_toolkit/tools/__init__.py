"""The tools, one module each; every one of them only reads."""
