"""Delivery of frames to the sockets of every process.

It knows channel-layer groups and frames, but no rules of the class or the chat.
"""
