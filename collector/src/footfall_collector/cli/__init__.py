"""The `footfall-collector` command.

`main` builds the parser and runs a command; `arguments` is what all commands share, and each other file holds a group
of commands: its flags first, then what it runs and prints. Other packages are imported when a command runs, so that
`--help` and `keys list` are quick. Nothing imports this package.
"""

from .main import main

__all__ = ["main"]
