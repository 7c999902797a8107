"""Defines what a class is asked for besides the answer. Pure, no I/O."""

import enum


class Asked(enum.StrEnum):
    """Says whether students are asked for something, such as their confidence."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Place(enum.StrEnum):
    """Says where a student is during the class."""

    HALL = "hall"
    ELSEWHERE = "elsewhere"


SEAT_LIMIT = 40
"""The length of a row or seat in the hall, in characters."""
