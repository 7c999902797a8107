"""Django's backend for PostgreSQL, in a process that may die right after a commit."""
