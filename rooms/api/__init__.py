"""The HTTP API: what a socket can do with stored things, for scripts and for networks that block
WebSockets. The views parse with the types of the sockets and call the same actions and queries.
"""
