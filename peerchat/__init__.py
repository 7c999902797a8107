"""Live peer instruction on Django Channels."""

from rooms import __version__

__all__ = ["__version__"]
