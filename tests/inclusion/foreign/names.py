"""What people are called on this site."""

from typing import Any


def called(person: Any) -> str:
    return f"{person.given} {person.family}"
