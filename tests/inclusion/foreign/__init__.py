"""A site that had users, pages and a log-in of its own before peerchat came."""
