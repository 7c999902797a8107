"""Plans what a roster does to a course, line by line, and lists its people who have not come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from accounts import newcomers, people
from accounts.people import User
from accounts.text import name_key
from rooms.conf import limits
from rooms.models import Course, Enrollment, Invitation, RosterEntry
from rooms.peer.roster import Line, Person, Problem, read_list
from rooms.peer.sheets import lines_of
from rooms.wire.errors import InvalidMessageFormat

_SENTENCES = {
    Problem.LONG_LINE: gettext_lazy("The line is too long."),
    Problem.CONTROLS: gettext_lazy("The line has invisible characters. Type it anew."),
    Problem.NO_ADDRESS: gettext_lazy("The line has no e-mail address and no username."),
    Problem.BAD_ADDRESS: gettext_lazy("The e-mail address is not valid."),
    Problem.BAD_NAME: gettext_lazy("The name has characters that no name has, or shows nothing."),
    Problem.FORMULA: gettext_lazy("The line begins like a formula of a spreadsheet."),
    Problem.LONG_NAME: gettext_lazy("The name has more than 150 characters."),
    Problem.BAD_USERNAME: gettext_lazy("The username has characters that are not allowed."),
}

RESEND_AFTER = timedelta(minutes=10)
"""How long nobody gets a second e-mail, and how long one may take to be sent."""


class Outcome(StrEnum):
    """Says what becomes of a line."""

    ENROL = "enrol"
    INVITE = "invite"
    HERE = "here"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(slots=True)
class Planned:
    """A line and what becomes of it. `user` exists already, or is stored when the plan is done."""

    line: Line
    outcome: Outcome
    user: User | None = None
    why: str = ""

    @property
    def sentence(self) -> str:
        """Return what happens, for people."""
        match self.outcome:
            case Outcome.ENROL:
                return gettext("Is enrolled.")
            case Outcome.INVITE:
                return gettext("Gets a new account, is enrolled and can be invited.")
            case Outcome.HERE:
                return gettext("Is in the course already.")
        return self.why

    @property
    def name(self) -> str:
        """Return the name of the account, or the one that the line gives.

        Before people are in the course, the list says no more of them than whoever wrote it.
        """
        if self.user is not None and self.user.pk is not None and self.outcome is not Outcome.ENROL:
            return people.shown_name(self.user)
        person = self.line.person
        return "" if person is None else person.name or person.username

    @property
    def address(self) -> str:
        return self.line.person.address if self.line.person else ""

    @property
    def username(self) -> str:
        """Return the username of the account, other than of somebody who is to be enrolled."""
        if self.user is None or self.outcome is Outcome.ENROL:
            return ""
        return people.username(self.user)


@dataclass(slots=True)
class Plan:
    """Holds what a roster would do: each of its lines, and the enrolments that it would end."""

    lines: list[Planned] = field(default_factory=list)
    removed: list[Enrollment] = field(default_factory=list)

    @property
    def refused(self) -> list[Planned]:
        """Return the lines that cannot be done. If there is one, nothing is."""
        return self.having(Outcome.REFUSED)

    def having(self, outcome: Outcome) -> list[Planned]:
        return [planned for planned in self.lines if planned.outcome is outcome]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of lines of each outcome."""
        return {outcome.value: len(self.having(outcome)) for outcome in Outcome}

    @property
    def is_possible(self) -> bool:
        """Return whether the plan names somebody, and no line is refused."""
        return bool(self.lines) and not self.refused


def read(text: str) -> list[Line]:
    """Return the lines of a list. Raises InvalidMessageFormat if there are too many, or people."""
    most = limits["ROSTER_LINES"]
    count = len(lines_of(text))
    found = read_list(text) if count <= most else []
    # One line may name many people.
    count = max(count, len(found))
    if count > most:
        told = gettext("The list has %(count)s lines. At most %(limit)s are possible at once.")
        raise InvalidMessageFormat(told % {"count": count, "limit": most})
    return found


def plan(course: Course, lines: Sequence[Line], *, remove_missing: bool = False) -> Plan:
    """Return what would happen to each line, without doing it.

    A person is found by the e-mail address in upper or lower case, else by the username. With
    `remove_missing`, students whom a roster brought and who are not in this one are removed. The
    number of queries does not depend on that of the lines.
    """
    persons = [line.person for line in lines if line.person is not None]
    known = _Known(persons)
    roles = dict(Enrollment.objects.filter(course=course).values_list("user_id", "role"))
    seen: dict[object, int] = {}
    found: list[Planned] = []
    for line in lines:
        planned = _look(line, known, roles)
        keys: list[object] = [line.person.key] if line.person else []
        keys += [planned.user.pk] if planned.user is not None else []
        earlier = next((seen[key] for key in keys if key in seen), None)
        if earlier is not None and planned.outcome is not Outcome.REFUSED:
            why = gettext("Is the same person as in line %(line)s.") % {"line": earlier}
            planned = Planned(line, Outcome.REPEATED, planned.user, why)
        for key in keys:
            seen.setdefault(key, line.number)
        found.append(planned)
    _name([planned for planned in found if planned.outcome is Outcome.INVITE])
    result = Plan(found)
    if remove_missing and result.is_possible:
        stay = {planned.user.pk for planned in found if planned.user is not None}
        result.removed = [
            enrollment for enrollment in brought(course) if enrollment.user_id not in stay
        ]
    return result


def what_is_wrong(line: Line) -> str:
    """Return why a line names nobody, in a sentence."""
    assert line.problem is not None
    return str(_SENTENCES[line.problem])


class _Known:
    """The users whom the lines of a roster may mean."""

    def __init__(self, persons: Sequence[Person]) -> None:
        addresses = {person.address for person in persons if person.address}
        self._by_address = newcomers.by_address(addresses)
        names = {person.username for person in persons if person.username}
        # Where usernames are addresses, somebody may have one that is not in the other field.
        self._by_username = newcomers.by_username(names | addresses)

    def find(self, person: Person) -> list[User]:
        """Return those whom a line may mean: one, several who share an address, or none."""
        for name in (person.username, person.address):
            found = self._by_address.get(person.address, [])
            found = found or (self._by_username.get(name_key(name), []) if name else [])
            if found:
                return found
        return []


def _look(line: Line, known: _Known, roles: dict[people.Key, str]) -> Planned:
    if line.person is None:
        return Planned(line, Outcome.REFUSED, why=what_is_wrong(line))
    found = known.find(line.person)
    if len(found) > 1:
        return Planned(line, Outcome.REFUSED, why=gettext("Several accounts have this address."))
    if not found:
        return Planned(line, Outcome.INVITE)
    user = found[0]
    if user.pk in roles:
        return Planned(line, Outcome.HERE, user)
    if not getattr(user, "is_active", True):
        return Planned(line, Outcome.REFUSED, why=gettext("The account is not active."))
    return Planned(line, Outcome.ENROL, user)


def _name(new: Sequence[Planned]) -> None:
    """Give each new person a user with a free username, or refuse the line."""
    persons = [planned.line.person for planned in new]
    by_address = people.usernames_are_addresses()
    wanted = [
        (person.address if by_address else person.username) or person.address or person.username
        for person in persons
        if person is not None
    ]
    for planned, username in zip(new, newcomers.free_usernames(wanted), strict=True):
        person = planned.line.person
        assert person is not None
        try:
            planned.user = newcomers.make(username, name=person.name, mail=person.address)
        except ValidationError as error:
            planned.outcome, planned.why = Outcome.REFUSED, newcomers.why_not(error)


def brought(course: Course) -> QuerySet[Enrollment]:
    """Return the students whom a roster brought into the course, with their users."""
    return (
        Enrollment.objects.filter(
            course=course, role=Enrollment.Role.STUDENT, roster_entry__isnull=False
        )
        .select_related("user")
        .order_by(people.by_name("user__"))
    )


def uninvited(course: Course) -> QuerySet[Any]:
    """Return the students of the course who have no password yet and whose account a roster made.

    Each has `made_here`, which is true if it was a roster of this course: only then may its
    lecturers hold the link, which is as good as a password.
    """
    entries = RosterEntry.objects.filter(user=OuterRef("user"), made_user=True)
    return (
        Enrollment.objects.filter(
            newcomers.waiting("user__"), Exists(entries), course=course, role="student"
        )
        .annotate(made_here=Exists(entries.filter(course=course)))
        .select_related("user")
        .order_by(people.by_name("user__"))
    )


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A student who has no password yet, with the last invitation by e-mail."""

    enrollment: Any
    invitation: Invitation | None

    @property
    def user(self) -> User:
        user: User = self.enrollment.user
        return user

    @property
    def address(self) -> str:
        return newcomers.address(self.user)

    @property
    def state(self) -> str:
        """Return `none`, `failed`, `expired`, `sending`, `lost`, or `sent`, of the e-mail."""
        one, now = self.invitation, timezone.now()
        if one is None:
            return "none"
        if one.failure:
            return "failed"
        if one.expires_at <= now:
            return "expired"
        if one.sent_at is None:
            return "sending" if one.made_at > now - RESEND_AFTER else "lost"
        return "sent"

    def is_due(self, *, again: bool) -> bool:
        """Return whether an e-mail should go out: the first, or with `again` another one."""
        if not self.address or self.state == "sending":
            return False
        if self.state == "sent":
            assert self.invitation is not None
            return again and self.invitation.made_at <= timezone.now() - RESEND_AFTER
        return True


def waiting(course: Course) -> list[Newcomer]:
    """Return the students of `uninvited` with their invitations, by three queries at most."""
    found = list(uninvited(course))
    mailed = Invitation.objects.filter(
        course=course,
        kind=Invitation.Kind.MAIL,
        user__in=[enrollment.user_id for enrollment in found],
    )
    by_user = {invitation.user_id: invitation for invitation in mailed}
    return [Newcomer(enrollment, by_user.get(enrollment.user_id)) for enrollment in found]
