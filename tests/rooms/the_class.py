"""A class of twelve written out in tables, and every figure of it computed by hand.

The course "statics" has two classes. The first asked `force` (B is right), voted, talked in four
groups and voted again. The second asked `gravity` (9.81 with a tolerance of 0.05) once, and the
poll `pace` twice, without partners. `force` was released afterwards.

The figures below are literals: nothing here computes them.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from accounts.people import User
from rooms.actions.questions import version_of
from rooms.models import (
    ClassSession,
    Conviction,
    Course,
    Enrollment,
    MarkRules,
    Message,
    NightPair,
    Partner,
    PartnerGroup,
    Pseudonym,
    Question,
    Release,
    Room,
    Round,
    Seed,
    ShownReason,
    Take,
    Vote,
)
from rooms.peer.phases import TransitionMatrix
from rooms.peer.results import Figures, Item, Session, Sums, SureTable, Term
from tests.rooms.cast import make_question
from tests.rooms.school import make_person

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = timedelta(days=7)

NAMES = ("ada", "ben", "cleo", "dan", "eva", "finn", "gil", "hana", "ivo", "jun", "kim", "lea")

# --- What they did -----------------------------------------------------------------------------

# Answer, confidence and seconds of both votes; the group; messages to the partners.
FORCE: dict[str, tuple[Any, Any, int, int]] = {
    "ada": (("A", 2, 10), ("B", 4, 5), 1, 2),
    "ben": (("B", 5, 12), ("B", 5, 6), 1, 1),
    "cleo": (("C", 3, 14), ("B", 3, 7), 1, 0),
    "dan": (("A", 4, 16), ("A", 4, 8), 2, 1),
    "eva": (("B", 3, 18), ("B", 4, 9), 2, 3),
    "finn": (("C", 1, 20), ("C", 2, 10), 2, 0),
    "gil": (("B", 4, 22), ("A", 4, 11), 3, 1),
    "hana": (("A", 5, 24), ("A", 5, 12), 3, 2),
    "ivo": (("B", 2, 26), ("B", 5, 13), 4, 0),
    "jun": (("A", 2, 28), ("B", 5, 14), 4, 1),
    "kim": (("C", None, 30), None, 4, 0),
    "lea": (None, ("B", 3, 15), 3, 0),
}
# Answer and seconds of the only vote. Ivo was not there.
GRAVITY = {
    "ada": ("9.81", 2),
    "ben": ("9.8", 3),
    "cleo": ("10", 4),
    "dan": ("10", 5),
    "eva": ("9.81", 6),
    "finn": ("10", 7),
    "gil": ("9.81", 8),
    "hana": ("9.8", 9),
    "jun": ("-8", 10),
    "kim": ("9.81", 11),
    "lea": ("10", 12),
}
# Answer and seconds of both votes.
PACE: dict[str, tuple[Any, Any]] = {
    "ada": (("A", 4), ("B", 1)),
    "ben": (("A", 6), ("A", 2)),
    "cleo": (("B", 8), None),
    "dan": (("B", 10), ("B", 6)),
}

# --- What comes of it, by hand -----------------------------------------------------------------

# Twice voted all but Kim and Lea: 10, of whom Ben, Eva, Gil and Ivo were right before, and Ada,
# Ben, Cleo, Eva, Ivo and Jun after. The gain is (6/10 - 4/10) / (1 - 4/10).
MOVES = TransitionMatrix(right_right=3, right_wrong=1, wrong_right=3, wrong_wrong=3)
GAIN = Fraction(1, 3)

FIGURES = {
    "force": Figures(
        voters=(11, 11),
        counts=({"A": 4, "B": 4, "C": 3}, {"A": 3, "B": 7, "C": 1}),
        right=(4, 7),
        flows=(
            ("A", "A", 2),
            ("A", "B", 2),
            ("B", "A", 1),
            ("B", "B", 3),
            ("C", "B", 1),
            ("C", "C", 1),
        ),
        moves=MOVES,
        gain=float(GAIN),
        sure=(
            SureTable(sure_right=2, sure_wrong=2, unsure_right=2, unsure_wrong=4),
            SureTable(sure_right=5, sure_wrong=3, unsure_right=2, unsure_wrong=1),
        ),
        seconds=(20.0, 10.0),
        partners=12,
        talked=7,
    ),
    "gravity": Figures(
        voters=(11, 0),
        counts=({"9.81": 4, "9.8": 2, "10": 4, "-8": 1}, {}),
        right=(6, 0),
        flows=(),
        moves=None,
        gain=None,
        sure=(None, None),
        seconds=(7.0, None),
        partners=0,
        talked=0,
    ),
    "pace": Figures(
        voters=(4, 3),
        counts=({"A": 2, "B": 2}, {"A": 1, "B": 2}),
        right=None,
        flows=(("A", "A", 1), ("A", "B", 1), ("B", "B", 1)),
        moves=None,
        gain=None,
        sure=(None, None),
        seconds=(7.0, 2.0),
        partners=0,
        talked=0,
    ),
}

# Ten voted first on both questions with a right answer. Of `force`, 3 of them were right (Ben, Eva,
# Gil), of `gravity` 6 (these, Ada, Hana, Kim). The correlation of two such columns is
# (10 * 3 - 3 * 6) / sqrt(3 * 7 * 6 * 4) = 2 / sqrt(14).
DISCRIMINATION = 0.5345224838248488


def items(made: "TheClass") -> dict[int, Item]:
    return {
        made.questions["force"].pk: Item(
            times=1, students=11, difficulty=4 / 11, discrimination=DISCRIMINATION
        ),
        made.questions["gravity"].pk: Item(
            times=1, students=11, difficulty=6 / 11, discrimination=DISCRIMINATION
        ),
        made.questions["pace"].pk: Item(times=1, students=0, difficulty=None, discrimination=None),
    }


def term(made: "TheClass") -> Term:
    first, second = made.sessions
    return Term(
        students=12,
        took_part=12,
        sessions=(
            Session(
                session=first.pk,
                at=NOON,
                students=12,
                took_part=12,
                sums=Sums(
                    posed=1,
                    twice=1,
                    votes=(11, 11),
                    judged=(11, 11),
                    right=(4, 7),
                    moves=MOVES,
                    gain=float(GAIN),
                    partners=12,
                    talked=7,
                ),
            ),
            Session(
                session=second.pk,
                at=NOON + WEEK,
                students=12,
                took_part=11,
                sums=Sums(
                    posed=2,
                    twice=1,
                    votes=(15, 3),
                    judged=(11, 0),
                    right=(6, 0),
                    moves=None,
                    gain=None,
                    partners=0,
                    talked=0,
                ),
            ),
        ),
        sums=Sums(
            posed=3,
            twice=2,
            votes=(26, 14),
            judged=(22, 11),
            right=(10, 7),
            moves=MOVES,
            gain=float(GAIN),
            partners=12,
            talked=7,
        ),
    )


# Three sets of rules; for each student the points reached and possible, and the mark.
TAKING_PART: dict[str, Any] = {}  # the defaults: a point for each vote and for a message
ANSWERING: dict[str, Any] = {
    "first_vote": 2,
    "second_vote": 0,
    "message": 0,
    "right_first": 1,
    "right_second": 3,
    "enough": 50,
    "full_mark": 10,
}
ONE_DROPPED: dict[str, Any] = {"right_second": 1, "dropped": 1, "full_mark": 20}

Marks = dict[str, tuple[int, int, str]]

# Possible: 3 for `force`, 1 for `gravity`, 2 for `pace`.
TAKING_PART_MARKS: Marks = {
    "ada": (6, 6, "100.00"),  # 3 + 1 + 2
    "ben": (6, 6, "100.00"),  # 3 + 1 + 2
    "cleo": (4, 6, "66.67"),  # 2 + 1 + 1
    "dan": (6, 6, "100.00"),  # 3 + 1 + 2
    "eva": (4, 6, "66.67"),  # 3 + 1
    "finn": (3, 6, "50.00"),  # 2 + 1
    "gil": (4, 6, "66.67"),  # 3 + 1
    "hana": (4, 6, "66.67"),  # 3 + 1
    "ivo": (2, 6, "33.33"),  # 2
    "jun": (4, 6, "66.67"),  # 3 + 1
    "kim": (2, 6, "33.33"),  # 1 + 1
    "lea": (2, 6, "33.33"),  # 1 + 1
}
# Possible: 2 + 1 + 3 for `force`, 2 + 1 for `gravity`, 2 for `pace`. 5.5 points are enough.
ANSWERING_MARKS: Marks = {
    "ada": (10, 11, "10.00"),  # 2 + 0 + 3, 2 + 1, 2
    "ben": (11, 11, "10.00"),  # 2 + 1 + 3, 2 + 1, 2
    "cleo": (9, 11, "10.00"),  # 2 + 0 + 3, 2, 2
    "dan": (6, 11, "10.00"),  # 2, 2, 2
    "eva": (9, 11, "10.00"),  # 2 + 1 + 3, 2 + 1
    "finn": (4, 11, "7.27"),  # 2, 2
    "gil": (6, 11, "10.00"),  # 2 + 1, 2 + 1
    "hana": (5, 11, "9.09"),  # 2, 2 + 1
    "ivo": (6, 11, "10.00"),  # 2 + 1 + 3
    "jun": (7, 11, "10.00"),  # 2 + 0 + 3, 2
    "kim": (5, 11, "9.09"),  # 2, 2 + 1
    "lea": (5, 11, "9.09"),  # 3, 2
}
# Possible: 4 for `force`, 1 for `gravity`, 2 for `pace`, without the one with the lowest share, of
# equal ones the earliest.
ONE_DROPPED_MARKS: Marks = {
    "ada": (3, 3, "20.00"),  # (4 of 4), 1 of 1, 2 of 2
    "ben": (3, 3, "20.00"),  # (4 of 4), 1 of 1, 2 of 2
    "cleo": (4, 5, "16.00"),  # 3 of 4, 1 of 1, (1 of 2)
    "dan": (3, 3, "20.00"),  # (3 of 4), 1 of 1, 2 of 2
    "eva": (5, 5, "20.00"),  # 4 of 4, 1 of 1, (0 of 2)
    "finn": (3, 5, "12.00"),  # 2 of 4, 1 of 1, (0 of 2)
    "gil": (4, 5, "16.00"),  # 3 of 4, 1 of 1, (0 of 2)
    "hana": (4, 5, "16.00"),  # 3 of 4, 1 of 1, (0 of 2)
    "ivo": (3, 6, "10.00"),  # 3 of 4, (0 of 1), 0 of 2
    "jun": (5, 5, "20.00"),  # 4 of 4, 1 of 1, (0 of 2)
    "kim": (2, 5, "8.00"),  # 1 of 4, 1 of 1, (0 of 2)
    "lea": (3, 5, "12.00"),  # 2 of 4, 1 of 1, (0 of 2)
}
MARKS = {
    "taking part": (TAKING_PART, TAKING_PART_MARKS),
    "answering": (ANSWERING, ANSWERING_MARKS),
    "one dropped": (ONE_DROPPED, ONE_DROPPED_MARKS),
}


# --- The same in the database ------------------------------------------------------------------


@dataclass
class TheClass:
    """The course with its rows. `rounds` are the first ones, by the slug of the question."""

    course: Course
    ines: User
    students: dict[str, User]
    questions: dict[str, Question]
    sessions: tuple[ClassSession, ClassSession]
    rounds: dict[str, Round]
    release: Release

    def set_rules(self, **rules: Any) -> None:
        MarkRules.objects.update_or_create(
            course=self.course,
            defaults={name: _exact(value) for name, value in rules.items()},
        )


def _exact(value: Any) -> Any:
    return value if isinstance(value, str) else Decimal(value)


def make_the_class() -> TheClass:
    """Make the course as the tables say."""
    course = Course.objects.create(slug="statics", title="Statics")
    ines = make_person("ines")
    students = {name: make_person(name) for name in NAMES}
    Enrollment.objects.create(course=course, user=ines, role="instructor")
    for user in students.values():
        Enrollment.objects.create(course=course, user=user)
    Enrollment.objects.filter(course=course).update(joined_at=NOON - WEEK)
    questions = {
        "force": make_question(course, "force", choices="ABC"),
        "gravity": Question.objects.create(
            course=course, slug="gravity", prompt="g?", kind="number", number=9.81, tolerance=0.05
        ),
        "pace": make_question(course, "pace", choices="AB", correct=""),
    }
    Question.objects.filter(slug="pace").update(kind="poll")
    questions["pace"].refresh_from_db()
    sessions = tuple(
        ClassSession.objects.create(
            course=course,
            started_at=at,
            ended_at=at + timedelta(hours=1),
            changed_at=at,
            controller=ines,
        )
        for at in (NOON, NOON + WEEK)
    )
    first, second = sessions
    rounds = {
        "force": _ask(first, questions["force"], NOON),
        "gravity": _ask(second, questions["gravity"], NOON + WEEK),
        "pace": _ask(second, questions["pace"], NOON + WEEK + timedelta(minutes=10)),
    }
    again = {slug: _ask_again(rounds[slug]) for slug in ("force", "pace")}
    for name, (before, after, *_) in FORCE.items():
        _vote(rounds["force"], students[name], before)
        _vote(again["force"], students[name], after)
    for name, (choice, seconds) in GRAVITY.items():
        _vote(rounds["gravity"], students[name], (choice, None, seconds))
    for name, votes in PACE.items():
        for round_, vote in zip((rounds["pace"], again["pace"]), votes, strict=True):
            _vote(round_, students[name], vote and (vote[0], None, vote[1]))
    _let_talk(course, rounds["force"], again["force"], students)
    made = TheClass(
        course=course,
        ines=ines,
        students=students,
        questions=questions,
        sessions=(first, second),
        rounds=rounds,
        release=_release(course, questions["force"], ines),
    )
    _take(made)
    return made


def _ask(session: ClassSession, question: Question, at: datetime) -> Round:
    return Round.objects.create(
        session=session,
        question=question,
        version=version_of(question),
        number=1,
        opened_at=at,
        closed_at=at + timedelta(minutes=1),
    )


def _ask_again(first: Round) -> Round:
    opened_at = first.opened_at + timedelta(minutes=5)
    return Round.objects.create(
        session=first.session,
        question=first.question,
        version=first.version,
        number=2,
        first=first,
        opened_at=opened_at,
        closed_at=opened_at + timedelta(minutes=1),
    )


def _vote(round_: Round, user: User, vote: tuple[str, int | None, int] | None) -> None:
    if vote is None:
        return
    choice, confidence, seconds = vote
    Vote.objects.create(
        round=round_,
        user=user,
        choice=choice,
        confidence=confidence,
        # A reason that mentions somebody, and one that spreadsheets would compute.
        rationale="=1+1, as @ben says" if confidence == 2 else "",
        cast_at=round_.opened_at + timedelta(seconds=seconds),
    )


def _let_talk(course: Course, first: Round, second: Round, students: dict[str, User]) -> None:
    groups = {}
    for number in range(1, 5):
        room = Room.objects.create(course=course, kind="partners")
        groups[number] = PartnerGroup.objects.create(
            round=first, number=number, room=room, formed_at=NOON, method="random"
        )
    for name, (_, _, number, messages) in FORCE.items():
        group = groups[number]
        Partner.objects.create(group=group, round=first, user=students[name])
        for _ in range(messages):
            _write(group.room, students[name], "Why?, asks @ada. And @Cleo-like?")
    # A removed one does not count: Finn said nothing.
    _write(groups[2].room, students["finn"], "rude", removed_at=NOON)
    argument = Message.objects.filter(sender=students["eva"]).earliest("seq")
    Conviction.objects.create(
        round=second, user=students["dan"], by="message", message=argument, said_at=NOON
    )
    Conviction.objects.create(round=second, user=students["finn"], by="nothing", said_at=NOON)


def _write(room: Room, sender: User, text: str, **fields: Any) -> Message:
    room.last_seq += 1
    room.save()
    return Message.objects.create(
        room=room,
        seq=room.last_seq,
        sender=sender,
        uuid=uuid.uuid4().hex,
        **{"text": text, "created_at": NOON + timedelta(minutes=2), **fields},
    )


def _release(course: Course, question: Question, ines: User) -> Release:
    return Release.objects.create(
        course=course,
        question=question,
        version=version_of(question),
        name=uuid.uuid4(),
        released_by=ines,
        released_at=NOON + WEEK,
        opens_at=NOON + WEEK,
    )


def _take(made: TheClass) -> None:
    """Kim and Lea answer outside class, and talk; Ivo begins only."""
    started = NOON + 2 * WEEK
    takes = {}
    for name, first, second in (("kim", "A", "B"), ("lea", "B", ""), ("ivo", "", "")):
        answered: dict[str, Any] = {}
        if first:
            answered |= {
                "first_choice": first,
                "first_confidence": 2,
                "first_reason": "-1 as @lea said",
                "first_at": started + timedelta(seconds=30),
            }
        if second:
            answered |= {
                "second_choice": second,
                "second_at": started + timedelta(seconds=90),
                "convinced": "reason",
            }
        takes[name] = Take.objects.create(
            release=made.release, user=made.students[name], started_at=started, **answered
        )
    seed = Seed.objects.create(release=made.release, choice="B", text="Think of @ada")
    ShownReason.objects.create(take=takes["kim"], seed=seed, is_picked=True)
    room = Room.objects.create(course=made.course, kind="partners")
    NightPair.objects.create(
        one=takes["kim"], other=takes["lea"], room=room, formed_at=started + timedelta(minutes=1)
    )
    _write(room, made.students["kim"], "Hello @lea")


def make_nameless(session: ClassSession, students: dict[str, User]) -> None:
    """Give the students of a class pseudonyms that nobody may look up."""
    ClassSession.objects.filter(pk=session.pk).update(has_pseudonyms=True, lecturers_know=False)
    for name, user in students.items():
        Pseudonym.objects.create(session=session, user=user, name=f"Brave {name}")
        Message.objects.filter(sender=user, room__partner_group__round__session=session).update(
            pseudonym=f"Brave {name}"
        )
