"""The HTTP API, for scripts and for networks that block WebSockets.

It offers the commands of the sockets that concern stored data. The views parse with the types of
the sockets and call the same actions and queries.
"""
