"""Lets those who lead a course visit partner groups and speak to them.

Every function here runs in the transaction of `session.begin`, under the lock of the class session
and of the groups' rooms. All that they say is a message of kind `system`, as nobody else posts such
in these rooms.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext

from accounts import languages, people
from accounts.people import User
from rooms.actions import partners, signals, tell, uselog
from rooms.actions.steps import message_uuid
from rooms.models import ClassSession, Course, Message, Partner, PartnerGroup, Room
from rooms.queries import visits
from rooms.wire.commands import (
    Control,
)
from rooms.wire.errors import UuidReused
from rooms.wire.group_commands import (
    SayToGroup,
    SlowGroups,
    TellGroups,
    VisitGroup,
)
from rooms.wire.text import clean_text


def visit(session: ClassSession, command: VisitGroup, now: datetime) -> ClassSession:
    """Leave a line in a group's room, if the user's last one there has run out."""
    group = visits.group_of(session, command.group)
    if visits.last_visit(session.controller, group.room_id) is None:
        line = _reads_along(session.controller)
        post(session, [group], line, uuid_=_visit_uuid(command), now=now)
        _log(session, "moderate", [(f"visit:{group.room_id}", _members([group]))], now)
    return session


def say(session: ClassSession, command: SayToGroup, now: datetime) -> ClassSession:
    """Post a text in a group's room."""
    group = visits.group_of(session, command.group)
    text = clean_text(command.text)
    post(session, [group], text, uuid_=message_uuid(command), now=now)
    named = people.everybody().filter(pk__in=_members([group]))
    rows = [(f"to:{name}:{text}", [pk]) for pk, name in named.values_list("pk", people.by_name())]
    _log(session, "sendmessage", rows, now)
    return session


def tell_all(session: ClassSession, command: TellGroups, now: datetime) -> ClassSession:
    """Post a text in the rooms of all groups of the current question."""
    text = clean_text(command.text)
    post(session, _groups(session), text, uuid_=message_uuid(command), now=now)
    _log(session, "sendmessage", [(f"to:*:{text}", ())], now)
    return session


def slow_down(session: ClassSession, command: SlowGroups, now: datetime) -> ClassSession:
    """Set the least time between two messages of a student in the rooms of all groups."""
    rooms = Room.objects.filter(partner_group__round=partners.first_round(session))
    rooms.update(slow_seconds=command.seconds)
    _log(session, "moderate", [(f"slow:partners:{command.seconds}", ())], now)
    return session


def said_before(course: Course, user: User, command: Control) -> bool:
    """Return whether the command has already led to a message. Raises UuidReused."""
    before = Message.objects.filter(
        room__course=course,
        room__kind=Room.Kind.PARTNERS,
        room__archived_at=None,
        sender=user,
        uuid=_visit_uuid(command) if isinstance(command, VisitGroup) else message_uuid(command),
    ).first()
    if before is None:
        return False
    if isinstance(command, SayToGroup | TellGroups) and before.text != clean_text(command.text):
        raise UuidReused
    return True


def _visit_uuid(command: Control) -> str:
    return f"{visits.MARK}{message_uuid(command)}"


def _reads_along(user: User) -> str:
    """Return the line that tells of a visit, in the language of the visitor or else the site's.

    It is stored as it is, like everything that people say to each other.
    """
    with in_language_of(user):
        return gettext("%(name)s reads along for a moment.") % {"name": people.shown_name(user)}


@contextmanager
def in_language_of(user: User) -> Iterator[None]:
    """Speak the language that the user has chosen, or else that of the site, within a block."""
    with translation.override(settings.LANGUAGE_CODE):
        languages.speak_to(user)
        yield


def _groups(session: ClassSession) -> list[PartnerGroup]:
    made = PartnerGroup.objects.filter(round=partners.first_round(session), room__archived_at=None)
    return list(made.select_related("room").order_by("number"))


def _members(groups: Sequence[PartnerGroup]) -> list[people.Key]:
    return list(Partner.objects.filter(group__in=groups).values_list("user", flat=True))


def post(
    session: ClassSession, groups: Sequence[PartnerGroup], text: str, *, uuid_: str, now: datetime
) -> None:
    """Post a text in rooms that the caller has locked, with three statements for any number."""
    ids = [group.room_id for group in groups]
    Room.objects.filter(id__in=ids).update(last_seq=F("last_seq") + 1)
    heads = dict(Room.objects.filter(id__in=ids).values_list("id", "last_seq"))
    made = Message.objects.bulk_create(
        Message(
            room_id=room,
            seq=heads[room],
            sender=session.controller,
            uuid=uuid_,
            kind=Message.Kind.SYSTEM,
            text=text,
            created_at=now,
        )
        for room in ids
    )
    tell.posted((session.course_id, message) for message in made)
    if signals.message_posted.has_listeners():
        signals.send_each(
            signals.message_posted,
            [
                {
                    "course": session.course.slug,
                    "room": message.room_id,
                    "room_kind": str(Room.Kind.PARTNERS),
                    "message": message.id,
                    "kind": str(message.kind),
                    "text": message.text,
                    "user": message.sender,
                }
                for message in made
            ],
        )


def _log(
    session: ClassSession,
    event: str,
    acts: Iterable[tuple[str, Sequence[people.Key]]],
    now: datetime,
) -> None:
    first = partners.first_round(session)
    uselog.record(
        uselog.row(
            sid=people.username(session.controller),
            user=session.controller_id,
            event=event,
            act=act,
            named=named,
            course_id=session.course.slug,
            course=session.course_id,
            div_id=first.question.slug,
            question=first.question_id,
            timestamp=now,
        )
        for act, named in acts
    )
