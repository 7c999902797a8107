"""Brings frames to the sockets of every process. It knows groups and frames, and no rules."""
