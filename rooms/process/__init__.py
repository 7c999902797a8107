"""What a process does by itself: database work, deadlines, presence, checks, its end."""
