"""What the database does for every message that is posted."""
