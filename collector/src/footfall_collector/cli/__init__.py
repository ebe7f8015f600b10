"""The `footfall-collector` command: `main` parses, and each other file holds a group of commands."""

from .main import main

__all__ = ["main"]
