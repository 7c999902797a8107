"""How the questions of a file will look, for the preview of their import."""

import base64
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import mark_safe

from rooms import markup
from rooms.models import Course, Question
from rooms.peer.content import LETTERS, Kind, QuestionContent
from rooms.pictures import Drawn
from rooms.queries.question_import import PLACEHOLDER, Planned, Source

PICTURE_BYTES = 6_000_000
"""The most bytes of pictures within one page; further ones are shown by their alternative texts."""
SECONDS = 10.0
"""The most time for the markup of a file; texts after it are shown as they were typed."""
_PICTURE = re.compile(r'(?<=<img class="picture" )data-picture="([0-9a-f]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """A choice, or an accepted answer, as the preview shows it."""

    letter: str
    html: str
    is_correct: bool = False
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A question of a file as the preview shows it. The texts are sanitised HTML."""

    planned: Planned
    kind: str = ""
    prompt: str = ""
    answers: tuple[Answer, ...] = ()
    number: str = ""
    explanation: str = ""
    follow_up: str = ""


class Cards:
    """Shows the questions of one file, with its pictures within the page."""

    def __init__(self, course: Course, source: Source) -> None:
        self._course = course
        self._drawn = {
            one.digest[:PLACEHOLDER]: one for one in source.drawn.values() if isinstance(one, Drawn)
        }
        self._left = PICTURE_BYTES
        self._until = time.monotonic() + SECONDS

    def of(self, planned: Planned) -> Card:
        """Return how a question will look; of those that are not added, the card says only why."""
        content = planned.content
        if content is None:
            return Card(planned)
        kind = str(Question.Kind(content.kind.value).label)
        if not planned.is_new:
            return Card(planned, kind=kind)
        return Card(
            planned,
            kind=kind,
            prompt=self._html(content.prompt, markup.render),
            answers=tuple(self._answers(content)),
            number=_number(content),
            explanation=self._html(content.explanation, markup.render),
            follow_up=self._html(content.follow_up, markup.render),
        )

    def _answers(self, content: QuestionContent) -> list[Answer]:
        if content.kind.has_choices:
            return [
                Answer(letter, self._inline(one.text), one.is_correct, self._inline(one.feedback))
                for letter, one in zip(LETTERS, content.choices, strict=False)
            ]
        return [Answer("", escape(one), is_correct=True) for one in content.accepted]

    def _inline(self, text: str) -> str:
        return self._html(text, markup.render_inline) if text else ""

    def _html(self, text: str, render: Callable[[str], str]) -> str:
        if time.monotonic() > self._until:
            return escape(text)
        # It was sanitised by `rooms.markup`, and the addresses are made here.
        return mark_safe(_PICTURE.sub(self._source, render(text)))  # noqa: S308

    def _source(self, found: re.Match[str]) -> str:
        drawn = self._drawn.get(found[1])
        if drawn is None:
            address = reverse("peerchat:picture", args=[self._course.slug, found[1]])
            return f'src="{escape(address)}" loading="lazy"'
        self._left -= len(drawn.data)
        if self._left < 0:
            return ""
        data = base64.b64encode(drawn.data).decode()
        return f'src="data:{drawn.content_type};base64,{data}"'


def _number(content: QuestionContent) -> str:
    """Return the right answer of a question that asks for a number, with its tolerance and unit."""
    if content.kind is not Kind.NUMBER or content.number is None:
        return ""
    shown = f"{content.number:.15g}"
    if content.tolerance:
        shown += f" ± {content.tolerance:.15g}"
    return f"{shown} {content.unit}".strip()
