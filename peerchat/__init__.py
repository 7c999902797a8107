"""Live peer instruction on Django Channels."""

__version__ = "0.1.0"
