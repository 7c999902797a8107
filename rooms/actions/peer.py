"""The peer messages of the HTTP producer: texts to the user's partners and steps of the class."""

import uuid
from collections.abc import Callable, Collection
from contextlib import suppress

from accounts.people import User
from rooms import permissions
from rooms.actions import tell
from rooms.actions.messages import Post, post_message
from rooms.actions.session import control
from rooms.actions.steps import message_uuid
from rooms.models import Course, Message, NewText, Room
from rooms.queries import classroom
from rooms.wire.commands import (
    Control,
    CountDownAndStop,
    EnableChat,
    EnableDiscussion,
    EnableFaceChat,
    NewMessage,
    NextQuestion,
    Reveal,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import IllegalTransition, InvalidMessageFormat, InvalidRoom, NoPartner

STEPS: dict[str, Callable[..., Control]] = {
    "enableVote": StartQuestion,
    "countDownAndStop": CountDownAndStop,
    "stopVote": StopVote,
    "enableChat": EnableChat,
    "enableFaceChat": EnableFaceChat,
    "enableDiscussion": EnableDiscussion,
    "enableRevote": StartRevote,
    "reveal": Reveal,
    "enableNext": NextQuestion,
}
"""The command for each control message."""


def post_to_partners(
    *, user: User, course: str, text: str, to: Collection[str] = ()
) -> Message | NewText:
    """Post a text that is not cleaned yet in the room of the user's partners.

    If the user has no partners now, or `to` names others, this tells the user's sockets and raises
    NoPartner. Raises PermissionDenied for a user outside the course, and the errors of `Post.of`.
    """
    enrollment = permissions.enrolled(user, course)
    permissions.in_use(enrollment.course)
    # The text is checked first, so an empty one causes no notice about missing partners.
    post = Post.of(user, _command("", text))
    now = classroom.snapshot(user, course)
    names = {partner.username for partner in now.partners}
    if now.room is not None and names and names.issuperset(to):
        # The class may go on, or the user be moved, before the room is locked.
        with suppress(InvalidRoom):
            return post_message(post=post.in_room(now.room)).message
    error = NoPartner()
    tell.nobody_listens(enrollment.course, user, error.message)
    raise error


def post_to_course(*, user: User, course: str, text: str) -> Message | NewText:
    """Post a text in the room of a course that the user leads.

    Raises PermissionDenied and the errors of `Post.of`.
    """
    enrollment = permissions.leading(user, course)
    room = Room.objects.get(course=enrollment.course_id, kind=Room.Kind.COURSE)
    return post_message(post=Post.of(user, _command(str(room.id), text))).message


def take_step(*, user: User, course: str, message: str, question: str) -> Message:
    """Carry out the command for a control message and return the stored message.

    `question` is the slug of the question to pose or of the current one, or empty. Raises the
    errors of `session.control`, and IllegalTransition if another question is current.
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
    """Return the current epoch while this question is current; None if none is current or named."""
    session = classroom.class_session(course)
    if session is None or session.current_round is None or not question:
        return None
    if not session.current_round.question.is_called(question):
        raise IllegalTransition(
            "The class is on another question.", phase=str(session.phase), epoch=session.epoch
        )
    return session.epoch


def _command(room: str, text: str) -> NewMessage:
    """Return the command of the socket that posts the text, under a uuid of its own."""
    return NewMessage(uuid=uuid.uuid4().hex, room=room, text=text)
