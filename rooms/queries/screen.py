"""Reads what the screen of the hall may show, and the links that open it."""

import time
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.core import signing
from django.utils import timezone

from rooms import frames
from rooms.models import (
    ClassSession,
    Course,
    JoinCode,
    Message,
    Partner,
    Room,
    Screen,
    Vote,
)
from rooms.peer.phases import Phase
from rooms.queries import pseudonyms
from rooms.queries.arguments import shown_argument
from rooms.queries.classroom import (
    class_session,
    control_fields,
    last_epoch_session,
    rounds,
    votes_of,
)
from rooms.queries.places import somebody_is_in_the_hall
from rooms.queries.presence import online_students
from rooms.wire.errors import NoScreen
from rooms.wire.events import Result
from rooms.wire.screen import ScreenAnnouncement, ScreenBody, ScreenGroup

ANNOUNCED_FOR = timedelta(minutes=5)
"""The time for which the screen shows an announcement."""
RECENT = 500
"""The messages of the course among which an announcement is looked for."""
GROUPS = 1000
"""The most partner groups that the screen names."""

_signer = signing.Signer(sep=".", salt="rooms.screen")


def link_secret(screen: Screen) -> str:
    """Return the secret of the link of a screen that has one."""
    return _signer.sign(screen.link_nonce)


def linked_screen(secret: str) -> Screen:
    """Return the screen that a link opens now, with its course. Raises NoScreen."""
    try:
        nonce = _signer.unsign(secret)
    except signing.BadSignature:
        raise NoScreen from None
    found = Screen.objects.select_related("course").filter(nonce=nonce).first()
    if found is None or not found.has_link:
        raise NoScreen
    return found


def open_links(nonces: Collection[str]) -> set[str]:
    """Return those of the nonces whose links open a screen now."""
    valid = Screen.objects.filter(nonce__in=nonces, expires_at__gt=timezone.now())
    return {nonce for nonce in valid.values_list("nonce", flat=True) if nonce is not None}


def setup(course: Course) -> Screen:
    """Return how the screen of a course is set up, which is not stored before the first change."""
    return Screen.objects.filter(course=course).first() or Screen(course=course)


def screen(course: Course) -> ScreenBody:
    """Return everything that the screen of a course may show now.

    Nothing in it is older than its revision, which is read first. What it must not show is not read
    at all: the votes for each choice unless they are shown, and the answer before the reveal.
    """
    now = time.time()
    session = class_session(course)
    fields = control_fields(course, session)
    if session is None and (last := last_epoch_session(course)) is not None:
        fields |= {"epoch": last.epoch, "revision": last.revision}
    revealed = Result.__struct_fields__
    shown: dict[str, Any] = {name: fields[name] for name in revealed if name in fields}
    round_ = None if session is None else session.current_round
    if session is not None and round_ is not None:
        if session.shows_bars and not shown:
            shown |= votes_of(session).shown_bars
        if session.phase == Phase.DISCUSS and setup(course).shows_partners:
            shown["groups"] = _groups(session)
        if (argument := shown_argument(course, session)) is not None:
            shown["argument"] = argument
        if _meets(session):
            shown["meets"] = True
    code = JoinCode.objects.filter(course=course).first()
    return ScreenBody(
        course=course.slug,
        title=course.title,
        phase=fields["phase"],
        message=fields["message"],
        epoch=fields["epoch"],
        revision=fields["revision"],
        question=fields["question"],
        round=fields["round"],
        deadline=fields["deadline"],
        here=len(online_students(course)),
        voted=0 if round_ is None else Vote.objects.filter(round=round_).count(),
        join_code=code.code if code is not None and code.is_open else None,
        announcement=_announcement(course),
        server_time=now,
        **shown,
    )


def _announcement(course: Course) -> ScreenAnnouncement | None:
    room = Room.objects.filter(course=course, kind=Room.Kind.COURSE).first()
    if room is None:
        return None
    found = (
        Message.objects.filter(
            room=room,
            seq__gt=room.last_seq - RECENT,
            kind=Message.Kind.SYSTEM,
            control__message="announce",
            created_at__gt=timezone.now() - ANNOUNCED_FOR,
            removed_at=None,
        )
        .order_by("-seq")
        .first()
    )
    if found is None:
        return None
    return ScreenAnnouncement(found.text, found.created_at.timestamp())


def _meets(session: ClassSession) -> bool:
    """Return whether groups in the hall are told to find each other by their number."""
    if session.phase != Phase.DISCUSS:
        return False
    if session.control_message == "enableDiscussion":
        return somebody_is_in_the_hall(session.course)
    return session.control_message == "enableFaceChat"


def _groups(session: ClassSession) -> list[ScreenGroup]:
    first, _ = rounds(session)
    places = Partner.objects.filter(group__round=first, group__number__lte=GROUPS)
    found = list(places.select_related("group", "user").order_by("group__number", "id"))
    given = {}
    if session.has_pseudonyms:
        given = pseudonyms.given(session.pk, [place.user_id for place in found])
    names: dict[int, list[str]] = defaultdict(list)
    for place in found:
        seen = (
            frames.student(place.user, given)
            if session.has_pseudonyms
            else frames.person(place.user)
        )
        names[place.group.number].append(seen.display_name)
    return [ScreenGroup(number, sorted(group)) for number, group in sorted(names.items())]
