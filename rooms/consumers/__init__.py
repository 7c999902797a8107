"""The consumers of the sockets: admission, incoming frames and replies.

The module `rooms.commands` carries the commands out.
"""
