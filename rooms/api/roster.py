"""The endpoint by which a lecturer's program brings a class in."""

from typing import Annotated

from msgspec import Meta, Struct
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import mail, people
from rooms import permissions, ratelimit
from rooms.actions import roster as actions
from rooms.api import serializers
from rooms.api.bodies import Strict
from rooms.api.endpoint import Endpoint, read
from rooms.api.schema import WRITING, extend_schema, refusals
from rooms.pages.roster import FILE_LIMIT, link_to
from rooms.process import invitations
from rooms.queries import roster as queries
from rooms.queries.roster import Plan, Planned
from rooms.wire.errors import InvalidMessageFormat


class RosterList(Strict, frozen=True, kw_only=True):
    """A list of people as text, with a line for each, in any order that platforms export.

    Without `apply` the answer says what would happen. `remove_missing` takes out students whom an
    earlier list brought and who are not in this one. `invite` sends invitations by e-mail.
    """

    text: Annotated[str, Meta(min_length=1, max_length=FILE_LIMIT)]
    apply: bool = False
    remove_missing: bool = False
    invite: bool = False


class RosterLine(Struct, frozen=True):
    """Tells the fate of a line: `enrol`, `invite` (new account), `here`, `repeated`, `refused`."""

    line: int
    outcome: str
    message: str
    name: str
    address: str
    username: str


class RosterAnswer(Struct, frozen=True):
    """Tells the fate of each line. `applied` is false after a preview, and if a line was refused.

    `removed` has the usernames of those who leave the course, `invited` the number of invitations
    that are being sent.
    """

    applied: bool
    lines: list[RosterLine]
    removed: list[str]
    invited: int


class Roster(Endpoint):
    @extend_schema(
        operation_id="courses_roster_create",
        summary="Preview or import a list of students",
        description=(
            "People are found by their e-mail address, else by their username; others get an "
            "account without a password. If a line is refused, nothing is done. The same list "
            "again changes nothing."
        ),
        request=serializers.of(RosterList),
        responses={200: serializers.of(RosterAnswer)} | refusals(*WRITING),
    )
    def post(self, request: Request, slug: str) -> Response:
        wanted: RosterList = read(request, serializers.of(RosterList))
        me = self.me(request)
        course = permissions.leading(me, slug).course
        ratelimit.rosters.take(me.pk)
        if wanted.invite and not mail.is_on():
            raise InvalidMessageFormat("`invite`: This site sends no e-mail.")
        lines, remove = queries.read(wanted.text), wanted.remove_missing
        if not wanted.apply:
            return _answer(queries.plan(course, lines, remove_missing=remove))
        done = actions.import_roster(course=course, lines=lines, remove_missing=remove)
        if not done.is_possible or not wanted.invite:
            return _answer(done, applied=done.is_possible)
        invited, _ = invitations.start(course=course, sender=me, link=link_to(request._request))
        return _answer(done, applied=True, invited=invited)


def _answer(done: Plan, *, applied: bool = False, invited: int = 0) -> Response:
    removed = [people.username(enrollment.user) for enrollment in done.removed]
    return Response(RosterAnswer(applied, list(map(_line, done.lines)), removed, invited))


def _line(planned: Planned) -> RosterLine:
    return RosterLine(
        line=planned.line.number,
        outcome=str(planned.outcome),
        message=planned.sentence,
        name=planned.name,
        address=planned.address,
        username=planned.username,
    )
