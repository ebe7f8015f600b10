"""The client's own version: in the User-Agent, in the state directory, and on the command line."""

__version__ = "0.1.0"
