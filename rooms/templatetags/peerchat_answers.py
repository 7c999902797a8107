"""Filters that put the answers to questions into words: `{% load peerchat_answers %}`."""

from django import template
from django.utils import formats
from django.utils.translation import gettext

from rooms.models import QuestionVersion
from rooms.peer import numerals
from rooms.peer.content import Kind

register = template.Library()


@register.filter
def right_answer(asked: QuestionVersion) -> str:
    """Return the right answer of a question that has no choices, in words; "" if none is known."""
    key = asked.key
    if key.kind == Kind.TEXT:
        return ", ".join(gettext("“%(text)s”") % {"text": text} for text in key.accepted)
    if key.kind != Kind.NUMBER or key.number is None:
        return ""
    number = _written(key.number)
    if key.tolerance:
        both = {"number": number, "tolerance": _written(key.tolerance)}
        number = gettext("%(number)s ± %(tolerance)s") % both
    return f"{number} {key.unit}".strip()


def _written(number: float) -> str:
    return numerals.written(number).replace(".", formats.get_format("DECIMAL_SEPARATOR"))
