"""The endpoints for who works with whom."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import people
from rooms import permissions, ratelimit
from rooms.actions import pairing_groups as group_actions
from rooms.actions import pairing_rules as actions
from rooms.api import serializers
from rooms.api.bodies import Listed, ListQuery, Strict
from rooms.api.endpoint import DELETING, Endpoint, listed, read
from rooms.api.schema import READING, WRITING, extend_schema, query, refusals
from rooms.models import PairingRule
from rooms.pages.roster import FILE_LIMIT
from rooms.queries import pairing_groups, pairing_rules
from rooms.queries.pairing_groups import GroupPlan, PlannedMember
from rooms.wire.fields import Username

Kind = Literal["never", "always", "fixed"]
Name = Annotated[str, Meta(max_length=actions.NAME_LIMIT, pattern=r"^[^\x00]*\Z")]
Students = Annotated[
    list[Username],
    Meta(min_length=2, max_length=5, description="Usernames, names or e-mail addresses."),
]


class Rule(Struct, frozen=True):
    """A rule: two who `never` work together, who `always` do, or a `fixed` group."""

    rule: int
    kind: str
    name: str
    students: list[str]


class Rules(Listed[Rule], frozen=True):
    """The rules of a course. `students` are usernames."""


class NewRule(Strict, frozen=True, kw_only=True):
    """A rule about students of the course. A `name` counts for a fixed group."""

    kind: Kind
    students: Students
    name: Name = ""


class GroupList(Strict, frozen=True, kw_only=True):
    """A list of fixed groups as text, with a line for each student, as platforms export it.

    Without `apply` the answer says what would happen.
    """

    text: Annotated[str, Meta(min_length=1, max_length=FILE_LIMIT)]
    apply: bool = False


class GroupLineBody(Struct, frozen=True):
    """Tells the fate of a line: `joins`, `moves`, `stays`, `repeated`, `skipped` or `refused`."""

    line: int
    outcome: str
    message: str
    group: str
    username: str


class GroupAnswer(Struct, frozen=True):
    """Tells the fate of each line. `applied` is false after a preview, and if a line was refused.

    `leaving` has the usernames of those who leave a group without joining another, and `ended` the
    groups that end.
    """

    applied: bool
    lines: list[GroupLineBody]
    leaving: list[str]
    ended: list[str]


class PairingRules(Endpoint):
    @extend_schema(
        operation_id="courses_pairing_rules_list",
        summary="List the rules about who works with whom",
        parameters=query(ListQuery),
        responses={200: serializers.of(Rules)} | refusals(*READING),
    )
    def get(self, request: Request, slug: str) -> Response:
        found = pairing_rules.rules_of(permissions.leading(self.me(request), slug).course)
        return Response(listed(request, found, lambda part: map(_rule, part)))

    @extend_schema(
        operation_id="courses_pairing_rules_create",
        summary="Add a rule about who works with whom",
        description="It counts for the groups that are made from then on. The same again changes "
        "nothing.",
        request=serializers.of(NewRule),
        responses={201: serializers.of(Rule)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: NewRule = read(request, serializers.of(NewRule))
        made = actions.add_rule(
            user=self.me(request),
            course=slug,
            kind=wanted.kind,
            students=wanted.students,
            name=wanted.name,
        )
        return Response(_rule(made), status=201)


class OnePairingRule(Endpoint):
    @extend_schema(
        operation_id="courses_pairing_rules_destroy",
        summary="Remove a rule about who works with whom",
        responses={204: None} | refusals(*DELETING),
    )
    def delete(self, request: Request, slug: str, rule: int) -> Response:
        if actions.remove_rule(user=self.me(request), course=slug, rule=rule) is None:
            raise NotFound
        return Response(status=204)


class FixedGroups(Endpoint):
    @extend_schema(
        operation_id="courses_fixed_groups_create",
        summary="Preview or import a list of fixed groups",
        description="Students are found by their username or e-mail address. A group of the list "
        "then has just the students that the list gives it. If a line is refused, nothing is done.",
        request=serializers.of(GroupList),
        responses={200: serializers.of(GroupAnswer)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: GroupList = read(request, serializers.of(GroupList))
        me = self.me(request)
        course = permissions.leading(me, slug).course
        ratelimit.rosters.take(me.pk)
        lines = pairing_groups.read(wanted.text)
        if not wanted.apply:
            return _answer(pairing_groups.plan(course, lines))
        done = group_actions.import_groups(user=me, course=course, lines=lines)
        return _answer(done, applied=done.is_possible)


def _rule(rule: PairingRule) -> Rule:
    students = [people.username(user) for user in pairing_rules.members_of(rule)]
    return Rule(rule=rule.pk, kind=rule.kind, name=rule.name, students=students)


def _answer(done: GroupPlan, *, applied: bool = False) -> Response:
    leaving = [people.username(user) for user, _ in done.leaving]
    return Response(GroupAnswer(applied, list(map(_line, done.lines)), leaving, done.ended))


def _line(planned: PlannedMember) -> GroupLineBody:
    return GroupLineBody(
        line=planned.line.number,
        outcome=str(planned.outcome),
        message=planned.sentence,
        group=planned.group,
        username="" if planned.user is None else people.username(planned.user),
    )
