"""A course site that had its own URL names, error pages, sockets and policy before peerchat came.

peerchat is below /a/b/ of it. The rest of its settings is that of docs/example-site.
"""
