"""Who answered what in a course, a row for each student and question, for scripts."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from accounts import newcomers, people
from accounts.people import User
from rooms.models import Course, Enrollment
from rooms.peer.posed import Answers, Ballot, Posed
from rooms.queries.anonymity import nameless_sessions
from rooms.queries.posed import first_rounds, posed
from rooms.queries.released import released


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What a student did with a question that was posed. `right` is that of the last answer.

    In a nameless class `username` is a code of this class, and there is nothing else of the person.
    """

    username: str
    email: str
    name: str
    question: str
    where: str
    at: datetime
    first: str
    second: str
    right: bool | None
    participated: bool


@dataclass(slots=True)
class Totals:
    """The sums of a student: questions posed, answered at least once, twice, and right at last."""

    username: str
    email: str
    name: str
    counts: Counter[str] = field(default_factory=Counter)


class Results:
    """The rows of a course, and the totals of the students once all rows were read.

    `question` is the id of one question, and `since` and `until` are times of posing. `code` makes
    the code of a user in a class session.
    """

    def __init__(
        self,
        course: Course,
        *,
        code: Callable[[people.Key, int], str],
        question: int | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> None:
        self._course = course
        self._code = code
        self._chosen: tuple[int | None, datetime | None, datetime | None] = question, since, until
        self._nameless = nameless_sessions(course)
        self._people: dict[people.Key, Totals] = {}
        enrolled = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
        for one in enrolled.select_related("user").order_by(people.by_name("user__")):
            self._people[one.user_id] = _totals(one.user)
        self._students = list(self._people)

    def rows(self) -> Iterator[ResultRow]:
        """Return the rows, question by question: those in class first, then those outside.

        Each student of the course has a row for each question, also without an answer.
        """
        question, since, until = self._chosen
        rounds = first_rounds(self._course, question=question, since=since, until=until)
        for one in posed(rounds, times=False):
            yield from self._of(one)
        for one in released(self._course, since=since, until=until, times=False):
            if question in (None, one.question):
                yield from self._of(one)

    @property
    def totals(self) -> list[Totals]:
        """Return the sums of the students, and of others who answered.

        Nameless classes are in sums of all of the course alone: those of a part would tell who was
        there.
        """
        return list(self._people.values())

    def _of(self, one: Posed) -> Iterator[ResultRow]:
        if one.session in self._nameless:
            yield from self._nameless_rows(one)
            return
        answers = {answer.user: answer for answer in one.answers}
        self._know(answers.keys() - self._people.keys())
        for user in dict.fromkeys([*self._students, *answers]):
            totals = self._people[user]
            answer = answers.get(user, Answers(user=user))
            row = _row(one, answer, totals)
            totals.counts["posed"] += 1
            totals.counts["participated"] += row.participated
            totals.counts["first"] += answer.first is not None
            totals.counts["second"] += answer.second is not None
            totals.counts["right"] += bool(row.right)
            yield row

    def _nameless_rows(self, one: Posed) -> Iterator[ResultRow]:
        assert one.session is not None
        coded = []
        for answer in one.answers:
            code = self._code(answer.user, one.session)
            coded.append((code, _row(one, answer, Totals(code, "", ""))))
            if answer.user in self._people and self._chosen == (None, None, None):
                done = answer.first is not None or answer.second is not None
                self._people[answer.user].counts["participated"] += done
        # The order of the votes would tell something of the people.
        for _, row in sorted(coded, key=lambda pair: pair[0]):
            yield row

    def _know(self, users: set[people.Key]) -> None:
        for user in people.everybody().filter(pk__in=users):
            self._people[user.pk] = _totals(user)


def _totals(user: User) -> Totals:
    return Totals(people.username(user), newcomers.address(user), people.shown_name(user))


def _row(one: Posed, answer: Answers, who: Totals) -> ResultRow:
    last: Ballot | None = answer.second or answer.first
    return ResultRow(
        username=who.username,
        email=who.email,
        name=who.name,
        question=one.slug,
        where="outside" if one.is_release else "class",
        at=one.at,
        first=answer.first.choice if answer.first else "",
        second=answer.second.choice if answer.second else "",
        right=last.right if last else None,
        participated=last is not None,
    )
