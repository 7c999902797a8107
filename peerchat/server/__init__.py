"""The daphne subclass, and the pool of workers that run it."""
