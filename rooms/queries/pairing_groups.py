"""Plans what a list of fixed groups does to a course, line by line."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext, ngettext

from accounts import people
from accounts.people import User
from rooms.conf import limits
from rooms.models import Course, PairingMember, PairingRule
from rooms.peer.group_lists import GroupLine, GroupProblem, NoGroups, read_groups
from rooms.peer.roster import Line, Person
from rooms.peer.sheets import lines_of
from rooms.queries.pairing_rules import MOST_RULES, SIZES, Students, kept_apart, key_of
from rooms.queries.roster import what_is_wrong
from rooms.wire.errors import InvalidMessageFormat


class Outcome(StrEnum):
    """Says what becomes of a line."""

    JOINS = "joins"
    MOVES = "moves"
    STAYS = "stays"
    REPEATED = "repeated"
    SKIPPED = "skipped"
    REFUSED = "refused"


@dataclass(slots=True)
class PlannedMember:
    """A line and what becomes of it. `before` is the name of the group that the student leaves."""

    given: GroupLine
    outcome: Outcome
    user: User | None = None
    before: str = ""
    why: str = ""

    @property
    def line(self) -> Line:
        return self.given.line

    @property
    def group(self) -> str:
        return self.given.group

    @property
    def name(self) -> str:
        """Return the name of the student, or what the line says of one."""
        if self.user is not None:
            return people.shown_name(self.user)
        person = self.line.person
        return "" if person is None else person.name or person.username or person.address

    @property
    def sentence(self) -> str:
        """Return what happens, for people."""
        match self.outcome:
            case Outcome.JOINS:
                return gettext("Joins the group.")
            case Outcome.MOVES:
                return gettext("Leaves “%(group)s” and joins this group.") % {"group": self.before}
            case Outcome.STAYS:
                return gettext("Is in the group already.")
            case Outcome.SKIPPED:
                return gettext("Has no group in the list. Nothing changes.")
        return self.why


@dataclass(slots=True)
class GroupPlan:
    """Holds what a list of groups would do.

    `members` has the students of each group after it, by the key of its name. `leaving` has those
    who leave a group without joining another, with its name, and `ended` the groups that end.
    """

    lines: list[PlannedMember] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    members: dict[str, list[User]] = field(default_factory=dict)
    leaving: list[tuple[User, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    @property
    def refused(self) -> list[PlannedMember]:
        """Return the lines that cannot be done. If there is one, nothing is."""
        return [one for one in self.lines if one.outcome is Outcome.REFUSED]

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of lines of each outcome."""
        found = [one.outcome for one in self.lines]
        return {outcome.value: found.count(outcome) for outcome in Outcome}

    @property
    def is_possible(self) -> bool:
        """Return whether the plan has a group, and no line is refused."""
        return bool(self.members) and not self.refused


def read(text: str) -> list[GroupLine]:
    """Return the lines of a list of groups.

    Raises InvalidMessageFormat, in the language of the page, if there are too many or no groups.
    """
    most, count = limits["ROSTER_LINES"], len(lines_of(text))
    try:
        found = read_groups(text) if count <= most else []
    except NoGroups:
        told = gettext("The list has no column of groups. Write “group” above it, in a first line.")
        raise InvalidMessageFormat(told) from None
    count = max(count, len(found))
    if count > most:
        told = gettext("The list has %(count)s lines. At most %(limit)s are possible at once.")
        raise InvalidMessageFormat(told % {"count": count, "limit": most})
    return found


def plan(course: Course, lines: Sequence[GroupLine]) -> GroupPlan:
    """Return what would happen to each line, without doing it.

    Each group of the list then has just the members that the list gives it. Other groups stay, but
    for students who move; a group with fewer than two ends. The number of queries does not depend
    on that of the lines.
    """
    fixed, always = _now(course)
    known, seen = Students(course), dict[people.Key, PlannedMember]()
    result = GroupPlan([_look(line, known, fixed, always, seen) for line in lines])
    for one in result.lines:
        if one.user is not None and one.outcome not in (Outcome.REFUSED, Outcome.REPEATED):
            key = key_of(one.group)
            result.names.setdefault(key, one.group)
            result.members.setdefault(key, []).append(one.user)
    _check_groups(result, kept_apart(course))
    _find_leaving(result, known, fixed)
    everything = PairingRule.objects.filter(course=course).count()
    old = {key_of(name) for name in fixed.values()}
    new = len(result.members.keys() - old)
    if everything + new > MOST_RULES:
        told = gettext("The course has %(count)s rules, which is the most it can have.")
        for one in result.lines:
            if key_of(one.group) not in old:
                _refuse(one, told % {"count": MOST_RULES})
    return result


def _now(course: Course) -> tuple[dict[people.Key, str], set[people.Key]]:
    """Return the fixed group of each student who has one, and those with a rule `always`."""
    fixed: dict[people.Key, str] = {}
    always: set[people.Key] = set()
    members = PairingMember.objects.filter(rule__course=course).select_related("rule")
    for member in members:
        if member.rule.kind == PairingRule.Kind.FIXED:
            fixed[member.user_id] = str(member.rule)
        elif member.rule.kind == PairingRule.Kind.ALWAYS:
            always.add(member.user_id)
    return fixed, always


def _look(
    given: GroupLine,
    known: Students,
    fixed: dict[people.Key, str],
    always: set[people.Key],
    seen: dict[people.Key, PlannedMember],
) -> PlannedMember:
    def refused(why: str, user: User | None = None) -> PlannedMember:
        return PlannedMember(given, Outcome.REFUSED, user, why=why)

    if given.line.person is None:
        return refused(what_is_wrong(given.line))
    if given.problem is GroupProblem.NO_GROUP:
        return PlannedMember(given, Outcome.SKIPPED)
    if given.problem is not None:
        return refused(gettext("The name of the group is too long, or shows nothing."))
    found = _students(given, given.line.person, known)
    if len(found) != 1:
        several = gettext("The line names several students of the course.")
        return refused(several if found else gettext("Is no student of this course."))
    (user,) = found
    earlier = seen.get(user.pk)
    if earlier is not None:
        if key_of(earlier.group) == key_of(given.group):
            why = gettext("Is the same person as in line %(line)s.")
            why %= {"line": earlier.line.number}
            return PlannedMember(given, Outcome.REPEATED, user, why=why)
        why = gettext("Is in another group in line %(line)s.") % {"line": earlier.line.number}
        return refused(why, user)
    if user.pk in always:
        return refused(gettext("Has a rule “always together”. Remove that first."), user)
    before = fixed.get(user.pk, "")
    outcome = Outcome.JOINS
    if before:
        same = key_of(before) == key_of(given.group)
        outcome = Outcome.STAYS if same else Outcome.MOVES
    seen[user.pk] = planned = PlannedMember(given, outcome, user, before)
    return planned


def _students(given: GroupLine, person: Person, known: Students) -> list[User]:
    """Return the students whom a line may mean: one, several who share an address, or none."""
    for name in (person.username, person.address):
        user = known.with_username(name) if name else None
        if user is not None:
            return [user]
    if person.address and (users := known.with_address(person.address)):
        return users
    # Canvas has the number of an account beside its name.
    named = {user.pk: user for one in given.fields if (user := known.with_username(one))}
    return list(named.values())


def _check_groups(result: GroupPlan, apart: Sequence[tuple[people.Key, people.Key]]) -> None:
    """Refuse the lines of groups of a wrong size, and of those with two who are kept apart."""
    group_of = {user.pk: key for key, users in result.members.items() for user in users}
    torn: dict[people.Key, people.Key] = {}
    for one, other in apart:
        if group_of.get(one) is not None and group_of.get(one) == group_of.get(other):
            torn |= {one: other, other: one}
    names = {user.pk: user for users in result.members.values() for user in users}
    for planned in result.lines:
        if planned.user is None or planned.outcome in (Outcome.REFUSED, Outcome.REPEATED):
            continue
        size = len(result.members[key_of(planned.group)])
        if size not in SIZES:
            told = ngettext(
                "The group has %(count)s member; it can have two to five.",
                "The group has %(count)s members; it can have two to five.",
                size,
            )
            _refuse(planned, told % {"count": size})
        elif planned.user.pk in torn:
            told = gettext("Is never to work with %(name)s, by a rule.")
            other = people.shown_name(names[torn[planned.user.pk]])
            _refuse(planned, told % {"name": other})


def _find_leaving(result: GroupPlan, known: Students, fixed: dict[people.Key, str]) -> None:
    """Note who leaves a group of the list, and which other groups end, as too few stay."""
    placed = {user.pk for users in result.members.values() for user in users}
    by_key = {user.pk: user for user in known.users}
    staying: dict[str, int] = defaultdict(int)
    for user, name in fixed.items():
        staying[name] += user not in placed and key_of(name) not in result.members
        if user not in placed and key_of(name) in result.members and user in by_key:
            result.leaving.append((by_key[user], name))
    result.ended = sorted(
        name for name, count in staying.items() if key_of(name) not in result.members and count < 2
    )


def _refuse(planned: PlannedMember, why: str) -> None:
    if planned.outcome is not Outcome.REFUSED:
        planned.outcome, planned.why = Outcome.REFUSED, why
