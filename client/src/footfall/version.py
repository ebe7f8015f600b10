"""The client's version, as it is in the User-Agent header, the state directory and `footfall --version`."""

__version__ = "0.1.0"
