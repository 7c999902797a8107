"""The work of a process that no client asks for: batches, deadlines, presence, checks, its end."""
