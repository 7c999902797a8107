"""Reads the pairing rules of a course, and finds the students whom lecturers name in them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce
from operator import or_

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from accounts import newcomers, people
from accounts.people import User
from accounts.text import name_key
from rooms.models import Course, Enrollment, PairingMember, PairingRule, StandIn
from rooms.wire.errors import InvalidMessageFormat

MOST_RULES = 2_000
"""The rules that a course may have."""
SIZES = range(2, 6)
"""The numbers of students that a rule may be about. `never` is about two."""
TOGETHER = (PairingRule.Kind.ALWAYS, PairingRule.Kind.FIXED)
"""The kinds of rules of which a student is in at most one."""
_SHOWN = 5
_IN_BRACKETS = re.compile(r"\(([^()]+)\)\s*\Z")


def rules_of(course: Course, search: str = "") -> QuerySet[PairingRule]:
    """Return the rules of a course with their members; with a search, those that match its words.

    Each word has to be in the name of the rule or in a name of one of its members.
    """
    found = PairingRule.objects.filter(course=course).prefetch_related("members__user")
    for word in search.split()[:10]:
        names = (Q(**{f"{name}__icontains": word}) for name in people.search_fields("user__"))
        members = PairingMember.objects.filter(reduce(or_, names), rule=OuterRef("pk"))
        found = found.filter(Q(name__icontains=word) | Exists(members))
    return found.order_by("kind", "name", "pk")


def members_of(rule: PairingRule) -> list[User]:
    """Return the members of a rule, in the order in which they were added."""
    return [member.user for member in sorted(rule.members.all(), key=lambda one: one.pk)]


class Students:
    """The students of a course, as lecturers name them."""

    def __init__(self, course: Course) -> None:
        enrolled = _students(course)
        self.users = [one.user for one in enrolled.select_related("user").order_by("user_id")]
        self._by_username = {name_key(people.username(user)): user for user in self.users}
        self._by_address: dict[str, list[User]] = defaultdict(list)
        self._by_name: dict[str, list[User]] = defaultdict(list)
        for user in self.users:
            if address := newcomers.address(user):
                self._by_address[address.lower()].append(user)
            self._by_name[key_of(people.shown_name(user))].append(user)

    def with_username(self, username: str) -> User | None:
        return self._by_username.get(name_key(username))

    def with_address(self, address: str) -> list[User]:
        return self._by_address.get(address.lower(), [])

    def called(self, text: str) -> list[User]:
        """Return those whom a text may mean.

        A username comes before an e-mail address, a whole name and a part of one. A name may be
        followed by the username in brackets, as `proposed` writes it.
        """
        text = text.strip()
        named = _IN_BRACKETS.search(text)
        for username in (named[1] if named else "", text):
            if username and (user := self.with_username(username)):
                return [user]
        words = key_of(text).split()
        return (
            self.with_address(text)
            or self._by_name.get(key_of(text), [])
            or [
                user
                for user in self.users
                if words and all(word in key_of(people.shown_name(user)) for word in words)
            ]
        )

    def one(self, text: str) -> User:
        """Return the student whom a text means.

        Raises InvalidMessageFormat, in the language of the page, if it means nobody or several.
        """
        found = self.called(text)
        if len(found) == 1:
            return found[0]
        if not found:
            told = gettext("No student of this course is called “%(name)s”.")
            raise InvalidMessageFormat(told % {"name": text.strip()})
        told = gettext("Several students are called “%(name)s”. Write the username: %(usernames)s.")
        usernames = [people.username(user) for user in found[:_SHOWN]]
        usernames += ["…"] if len(found) > _SHOWN else []
        raise InvalidMessageFormat(told % {"name": text.strip(), "usernames": ", ".join(usernames)})


def proposed(course: Course, most: int) -> list[str]:
    """Return how a form names the students of a course, so that nobody else is meant."""
    enrolled = _students(course)
    found = enrolled.select_related("user").order_by(people.by_name("user__"))[:most]
    return [f"{people.shown_name(one.user)} ({people.username(one.user)})" for one in found]


def _students(course: Course) -> QuerySet[Enrollment]:
    """Return the places of the students of a course, but of none who were erased."""
    found = Enrollment.objects.filter(course=course, role=Enrollment.Role.STUDENT)
    return found.exclude(user__in=StandIn.objects.values("user"))


def together(course: Course, users: Iterable[User]) -> dict[people.Key, PairingRule]:
    """Return the rule `always` or fixed group of each of these users who is in one."""
    found = PairingMember.objects.filter(
        rule__course=course, rule__kind__in=TOGETHER, user__in=list(users)
    )
    return {one.user_id: one.rule for one in found.select_related("rule")}


def group_called(course: Course, name: str) -> PairingRule | None:
    """Return the fixed group of a name, in upper or lower case, if there is one."""
    fixed = PairingRule.objects.filter(course=course, kind=PairingRule.Kind.FIXED).exclude(name="")
    return next((rule for rule in fixed if key_of(rule.name) == key_of(name)), None)


def key_of(name: str) -> str:
    """Return what a name is found by, whatever its case and its blanks."""
    return " ".join(name.casefold().split())


def kept_apart(course: Course) -> list[tuple[people.Key, people.Key]]:
    """Return the two of each rule `never` of the course."""
    pairs: dict[int, list[people.Key]] = defaultdict(list)
    members = PairingMember.objects.filter(
        rule__course=course, rule__kind=PairingRule.Kind.NEVER
    ).order_by("pk")
    for rule, user in members.values_list("rule", "user"):
        pairs[rule].append(user)
    return [(users[0], users[1]) for users in pairs.values() if len(users) > 1]


def same_rule(course: Course, kind: str, users: Sequence[User]) -> PairingRule | None:
    """Return the rule of a kind that has just these members, if there is one."""
    wanted = {user.pk for user in users}
    first = PairingRule.objects.filter(course=course, kind=kind, members__user=users[0])
    for rule in first.prefetch_related("members"):
        if {member.user_id for member in rule.members.all()} == wanted:
            return rule
    return None
