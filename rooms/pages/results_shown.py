"""The figures of questions and classes as the templates of the results show them.

Shares are whole percent, and a missing figure is None, for which templates show a dash.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from rooms.models import ClassSession
from rooms.peer import flow_shapes
from rooms.peer.answers import REST, AnswerKey
from rooms.peer.phases import TransitionMatrix
from rooms.peer.results import Item, Session, Sums, SureTable, Term
from rooms.queries.course_results import Row, Time
from rooms.queries.question_list import name_of

LABEL = 18
"""The most characters of an answer within a diagram."""


def percent(part: int, whole: int) -> int | None:
    """Return a share in whole percent."""
    return round(100 * part / whole) if whole else None


def shown_sums(found: Sums) -> dict[str, Any]:
    """Return the figures of several questions together."""
    return {
        "posed": found.posed,
        "twice": found.twice,
        "votes": found.votes,
        "right_first": percent(found.right[0], found.judged[0]),
        "right_second": percent(found.right[1], found.judged[1]),
        "moves": shown_moves(found.moves),
        "gain": found.gain,
        "talked": percent(found.talked, found.partners),
        "partners": found.partners,
    }


def shown_term(found: Term, sessions: dict[int, ClassSession]) -> dict[str, Any]:
    """Return the figures of a course, and those of each of its classes."""
    return {
        "students": found.students,
        "took_part": found.took_part,
        "took_part_share": percent(found.took_part, found.students),
        "sums": shown_sums(found.sums),
        "sessions": [_session(one, sessions.get(one.session or 0)) for one in found.sessions],
    }


def shown_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return questions with the figures of all times that they were posed."""
    return [
        {
            "question": one.question,
            "name": name_of(one.question),
            "times": one.times,
            "last": one.last,
            "sums": shown_sums(one.sums),
            "item": shown_item(one.item),
        }
        for one in rows
    ]


def shown_item(item: Item | None) -> dict[str, Any] | None:
    """Return how a question does as a test; the difficulty is the share who were right."""
    if item is None:
        return None
    return {
        "students": item.students,
        "difficulty": None if item.difficulty is None else round(100 * item.difficulty),
        "discrimination": item.discrimination,
    }


def shown_moves(moves: TransitionMatrix | None) -> list[dict[str, Any]] | None:
    """Return who went from right or wrong to right or wrong, as the rows of a table."""
    if moves is None:
        return None
    return [
        {"name": _("right before"), "right": moves["right_right"], "wrong": moves["right_wrong"]},
        {"name": _("wrong before"), "right": moves["wrong_right"], "wrong": moves["wrong_wrong"]},
    ]


def shown_time(one: Time, session: ClassSession | None = None) -> dict[str, Any]:
    """Return a question that was posed once."""
    found, key = one.figures, one.posed.key
    words = _words(one)
    diagram = flow_shapes.drawing(key, found.flows)
    right = found.right or (0, 0)
    judged = found.voters if found.right is not None else (0, 0)
    return {
        "asked": one.asked,
        "name": name_of(one.asked.question),
        "slug": one.posed.slug,
        "pk": one.posed.pk,
        "at": one.posed.at,
        "session": session,
        "is_twice": one.posed.is_twice,
        "voters": found.voters,
        "bars": _bars(one),
        "diagram": None if diagram is None else _diagram(diagram, words),
        "flows": _flows(key, found.flows, words),
        "moves": shown_moves(found.moves),
        "gain": found.gain,
        "right_first": percent(right[0], judged[0]),
        "right_second": percent(right[1], judged[1]),
        "sure": [
            table
            for name, given in zip((_("First vote"), _("Second vote")), found.sure, strict=True)
            if (table := _sure(name, given)) is not None
        ],
        "seconds": found.seconds,
        "partners": found.partners,
        "talked": found.talked,
        "talked_share": percent(found.talked, found.partners),
    }


def _session(one: Session, session: ClassSession | None) -> dict[str, Any]:
    return {
        "session": session,
        "at": one.at,
        "students": one.students,
        "took_part": one.took_part,
        "took_part_share": percent(one.took_part, one.students),
        "sums": shown_sums(one.sums),
    }


def _words(one: Time) -> dict[str, str]:
    """Return the spelling of each group of answers: that of its bar, where it has one."""
    key = one.posed.key
    spelled = {key.group(bar): bar for bar in one.bars[0] if bar != REST}
    return spelled | {REST: _("other answers")}


def _bars(one: Time) -> list[dict[str, Any]]:
    texts = {choice["letter"]: choice["text"] for choice in one.asked.choices}
    first, second = one.bars
    voters = one.figures.voters
    return [
        {
            "answer": _("other answers") if bar == REST else bar,
            "text": texts.get(bar, ""),
            "is_right": bar in one.right_bars,
            "first": votes,
            "first_share": percent(votes, voters[0]) or 0,
            "second": second.get(bar, 0) if one.posed.is_twice else None,
            "second_share": percent(second.get(bar, 0), voters[1]) or 0,
        }
        for bar, votes in first.items()
    ]


def _diagram(found: flow_shapes.Drawing, words: dict[str, str]) -> dict[str, Any]:
    sides = []
    for bars, x, anchor in (
        (found.first, flow_shapes.BAR + 6, "start"),
        (found.second, found.width - flow_shapes.BAR - 6, "end"),
    ):
        sides.append(
            [
                {"bar": bar, "x": x, "anchor": anchor, "label": _short(words, bar.answer)}
                for bar in bars
            ]
        )
    return {
        "width": found.width,
        # Labels of the first and the last bar may be higher than they are.
        "box": f"0 -8 {found.width} {found.height + 16:g}",
        "bands": found.bands,
        "labels": [one for side in sides for one in side],
    }


def _short(words: dict[str, str], answer: str) -> str:
    text = words.get(answer, answer)
    return text if len(text) <= LABEL else f"{text[: LABEL - 1]}…"


def _flows(
    key: AnswerKey, flows: Iterable[flow_shapes.Flow], words: dict[str, str]
) -> dict[str, Any] | None:
    """Return the table of a diagram: a row for each first answer, a column for each second one."""
    given = list(flows)
    answers = flow_shapes.order(key, given)
    found = {
        (before, after): students for before, after, students in flow_shapes.lumped(given, answers)
    }
    if not found:
        return None
    left = [answer for answer in answers if any(before == answer for before, _ in found)]
    reached = [answer for answer in answers if any(after == answer for _, after in found)]

    def told(answer: str) -> dict[str, Any]:
        return {
            "answer": words.get(answer, answer),
            "is_right": flow_shapes.is_right(key, answer),
        }

    return {
        "columns": [told(answer) for answer in reached],
        "rows": [
            told(before)
            | {
                "cells": [
                    {"students": found.get((before, after), 0), "stayed": before == after}
                    for after in reached
                ]
            }
            for before in left
        ],
    }


def _sure(name: str, table: SureTable | None) -> dict[str, Any] | None:
    if table is None:
        return None
    students = (
        *(table["sure_right"], table["sure_wrong"]),
        *(table["unsure_right"], table["unsure_wrong"]),
    )
    return {
        "name": name,
        "students": sum(students),
        "rows": [
            {"name": _("sure"), "right": students[0], "wrong": students[1]},
            {"name": _("unsure"), "right": students[2], "wrong": students[3]},
        ],
    }
