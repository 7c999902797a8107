"""Courses, messages, questions and votes."""

__version__ = "0.1.0"
