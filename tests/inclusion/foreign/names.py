"""The names by which the site shows people."""

from typing import Any


def called(person: Any) -> str:
    return f"{person.given} {person.family}".strip()


def name_guest(person: Any, name: str) -> None:
    person.given = name
