"""Which question of peerchat stands in the lesson of a course, by their slugs."""

QUESTIONS = {"physics101": "lift-at-constant-speed", "optics101": "half-a-lens"}
"""The lesson of a course has a text of its own, in `templates/coursesite/lessons/`."""
