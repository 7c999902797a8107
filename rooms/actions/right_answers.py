"""Right answers that are given in a class, to questions of all kinds.

They change the version that the class was asked, and the question that it is a version of.
"""

import json

from django.db.models import F
from msgspec import UnsetType

from rooms.models import ClassSession, QuestionVersion
from rooms.peer.answers import REST, AnswerKey, clean, fold
from rooms.peer.content import MOST_ACCEPTED, Kind
from rooms.queries import classroom
from rooms.wire.commands import SetCorrect
from rooms.wire.errors import InvalidChoice


def name_of(command: SetCorrect) -> str:
    """Return what a `RightAnswer` keeps of the answer of a command, by which it is recognised."""
    if not isinstance(command.choices, UnsetType):
        return json.dumps(command.choices, ensure_ascii=False)
    if isinstance(command.choice, UnsetType) or command.choice is None:
        return ""
    # PostgreSQL stores no U+0000, which no answer has.
    return command.choice.replace("\0", "")


def read(session: ClassSession, command: SetCorrect) -> list[str]:
    """Return the right answers to the current question, in canonical form; empty if unknown.

    Of a short text, they include the accepted ones that no bar shows, as nobody could take them
    back without knowing of them. Raises InvalidChoice.
    """
    assert session.current_round is not None
    key = session.current_round.asked.key
    if key.kind == Kind.TEXT:
        return _texts(session, key, command)
    if isinstance(command.choice, UnsetType):
        raise InvalidChoice("This question has one right answer: give `choice`.")
    if command.choice is None:
        return []
    try:
        return [key.canonical(command.choice)]
    except ValueError as error:
        raise InvalidChoice(str(error)) from None


def give(version: QuestionVersion, right: list[str]) -> None:
    """Give a version these right answers, and its question, too, if that was not edited since."""
    question = version.question
    follows = QuestionVersion.of(question).content == version.content
    if version.kind == Kind.TEXT:
        version.answer = {**version.answer, "accepted": right}
        question.accepted = right
    elif version.kind == Kind.NUMBER:
        question.number = float(right[0]) if right else None
        version.answer = {**version.answer, "number": question.number}
    else:
        letters = right[0] if right else ""
        for choice in version.choices:
            choice["is_correct"] = choice["letter"] in letters
        if follows:
            question.choices.exclude(letter__in=[*letters]).update(is_correct=False)
            question.choices.filter(letter__in=[*letters]).update(is_correct=True)
    version.save(update_fields=["choices", "answer"])
    if follows:
        # People who edit the question just now are told that it changed.
        question.edit = F("edit") + 1
        question.save(update_fields=["number", "accepted", "edit"])


def _texts(session: ClassSession, key: AnswerKey, command: SetCorrect) -> list[str]:
    if command.choice is None:
        return []
    given = command.choices if isinstance(command.choice, UnsetType) else [command.choice]
    assert not isinstance(given, UnsetType)
    if REST in given:
        raise InvalidChoice("Mark the answers one by one.")
    try:
        marked = [clean(text) for text in given]
    except ValueError as error:
        raise InvalidChoice(str(error)) from None
    bars = {fold(bar) for counts in classroom.votes_of(session).histograms for bar in counts}
    unseen = [text for text in key.accepted if fold(text) not in bars]
    # One spelling of each, and the prepared one where there is one.
    right = {fold(text): text for text in [*marked, *unseen]}
    right |= {folded: text for text in key.accepted if (folded := fold(text)) in right}
    if len(right) > MOST_ACCEPTED:
        raise InvalidChoice(f"A question has at most {MOST_ACCEPTED} right answers.")
    return list(right.values())
