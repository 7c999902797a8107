"""Live peer instruction on Django Channels."""
