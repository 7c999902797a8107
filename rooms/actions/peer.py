"""The peer messages of the HTTP producer: a text to one's partners, a step of the class."""

import uuid
from collections.abc import Callable, Collection

from accounts.models import User
from rooms import permissions
from rooms.actions.messages import Post, post_messages
from rooms.actions.session import control, message_uuid
from rooms.delivery import names as group_names
from rooms.delivery import publish
from rooms.delivery.notices import Passing
from rooms.models import Course, Message, NewText, Room
from rooms.queries import classroom
from rooms.wire import events
from rooms.wire.commands import (
    Control,
    CountDownAndStop,
    EnableChat,
    EnableFaceChat,
    NextQuestion,
    Reveal,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import IllegalTransition, InvalidMessageFormat, NoPartner, PeerError
from rooms.wire.events import SystemEvent
from rooms.wire.text import clean_text

STEPS: dict[str, Callable[..., Control]] = {
    "enableVote": StartQuestion,
    "countDownAndStop": CountDownAndStop,
    "stopVote": StopVote,
    "enableChat": EnableChat,
    "enableFaceChat": EnableFaceChat,
    "enableRevote": StartRevote,
    "reveal": Reveal,
    "enableNext": NextQuestion,
}
"""The command that a control message stands for."""


def post_to_partners(
    *, user: User, course: str, text: str, to: Collection[str] = ()
) -> Message | NewText:
    """Post a text, not cleaned yet, in the room of the user's partners.

    Where the user has none now, or names others with `to`, their sockets are told, too. Raises
    NoPartner then; PermissionDenied for a stranger to the course; EmptyText and TextTooLong.
    """
    enrollment = permissions.enrolled(user, course)
    text = clean_text(text)
    now = classroom.snapshot(user, course)
    names = {partner.username for partner in now.partners}
    if now.room is None or not names or not names.issuperset(to):
        error = NoPartner()
        event = SystemEvent(course=course, text=error.message)
        publish.now(
            group_names.course(enrollment.course_id),
            Passing(group_names.user(user.pk), events.encode(event)),
        )
        raise error
    return _post(user, now.room, text)


def post_to_course(*, user: User, course: str, text: str) -> Message | NewText:
    """Post a text in the room of a course that the user leads.

    Raises PermissionDenied, EmptyText and TextTooLong.
    """
    enrollment = permissions.leading(user, course)
    room = Room.objects.get(course=enrollment.course_id, kind=Room.Kind.COURSE)
    return _post(user, str(room.id), clean_text(text))


def take_step(*, user: User, course: str, message: str, question: str) -> Message:
    """Carry out the command that a control message stands for; returns the stored message.

    `question` is the slug of the one to pose, or of the one that runs, or empty. Raises what
    `session.control` raises, and IllegalTransition where another question runs.
    """
    course_ = permissions.leading(user, course).course
    if message not in STEPS:
        raise InvalidMessageFormat(f"A control message must be one of: {', '.join(STEPS)}.")
    name = uuid.uuid4().hex
    command: Control
    if message == "enableVote":
        command = StartQuestion(uuid=name, question=question)
    else:
        command = STEPS[message](uuid=name, epoch=_epoch(course_, question))
    control(user=user, course=course, command=command)
    return Message.objects.select_related("sender").get(
        room__course=course_,
        room__kind=Room.Kind.COURSE,
        sender=user,
        uuid=message_uuid(command),
    )


def _epoch(course: Course, question: str) -> int | None:
    """The epoch that stands while this question runs; None where none runs or none is named."""
    session = classroom.class_session(course)
    if session is None or session.current_round is None or not question:
        return None
    if session.current_round.question.slug != question:
        raise IllegalTransition(
            "The class is on another question.", phase=str(session.phase), epoch=session.epoch
        )
    return session.epoch


def _post(user: User, room: str, text: str) -> Message | NewText:
    posted = post_messages([Post(user, room, uuid.uuid4().hex, text)])[0]
    if isinstance(posted, PeerError):
        raise posted
    return posted.message
