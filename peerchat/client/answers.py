"""Answers to questions, as programs write them."""

from collections.abc import Iterable

Answer = str | int | float | Iterable[str]
"""A letter or a short text, a number, or the letters of several choices."""


def as_sent(answer: Answer) -> str:
    """Return an answer as it is on the wire."""
    if isinstance(answer, str):
        return answer
    if isinstance(answer, (int, float)):
        return repr(answer)
    return "".join(answer)
