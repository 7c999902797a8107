"""The form in which the content of a question is stored. Pure, without Django."""

from collections.abc import Iterable
from dataclasses import replace

from accounts.text import balanced, plain_name, trimmed
from rooms.peer.content import Kind, QuestionContent


def clean(content: QuestionContent) -> QuestionContent:
    """Return a content as it is stored: its texts trimmed, without what its kind does not have."""
    has_choices, is_number = content.kind.has_choices, content.kind == Kind.NUMBER
    answers = content.accepted if content.kind == Kind.TEXT else ()
    return replace(
        content,
        title=plain_name(content.title),
        prompt=_text(content.prompt),
        choices=tuple(
            replace(one, text=_text(one.text), feedback=_text(one.feedback))
            for one in (content.choices if has_choices else ())
        ),
        number=content.number if is_number else None,
        tolerance=content.tolerance if is_number else 0.0,
        unit=plain_name(content.unit) if is_number else "",
        accepted=_once(plain_name(one) for one in answers),
        explanation=_text(content.explanation),
        follow_up=_text(content.follow_up),
        tags=_once(plain_name(one) for one in content.tags),
    )


def _text(text: str) -> str:
    return balanced(trimmed(text.replace("\r\n", "\n").replace("\r", "\n")))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the texts that are not empty, without those that repeat one in another case."""
    found: dict[str, str] = {}
    for text in texts:
        if text:
            found.setdefault(text.casefold(), text)
    return tuple(found.values())
