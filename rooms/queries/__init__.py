"""Reads by subject, each scoped to the user who asks."""
