"""Notices to sockets about the changes of an action. No other module of the actions publishes.

The notices go out when the transaction of the caller commits.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from msgspec import UNSET

from accounts import people
from accounts.people import User
from rooms import frames
from rooms.delivery import names, publish
from rooms.delivery.notices import (
    Changed,
    Close,
    Entry,
    Join,
    Leave,
    Passing,
    PresenceChange,
    Recheck,
    Removed,
    Stored,
    Unenrolled,
)
from rooms.models import (
    ClassSession,
    Course,
    Draft,
    Enrollment,
    Message,
    NewText,
    PartnerGroup,
    Question,
    Room,
    Vote,
)
from rooms.queries import classroom, meeting
from rooms.queries.rooms import audiences
from rooms.wire import events
from rooms.wire.arguments import ConvincedEvent
from rooms.wire.asking import Asks
from rooms.wire.convinced import ConvincedBody
from rooms.wire.course_events import AsksEvent, ClassSettingsEvent, LeadersEvent, with_role
from rooms.wire.events import (
    ClosingEvent,
    DraftedEvent,
    Event,
    MutedEvent,
    PartnerBody,
    PartnersEvent,
    QuestionRenamed,
    QuestionsEvent,
    ReadEvent,
    SystemEvent,
    VotedEvent,
)
from rooms.wire.place_events import PlacedEvent, SharingEvent
from rooms.wire.talk_events import MessageRestored

PartnerNotices = list[Passing]
"""The `partners` events of a class, each for one of its students."""
at_once = publish.let_go_at_once
"""Send what was committed, as what comes next in this thread may take long."""


def posted(messages: Iterable[tuple[int, Message | NewText]]) -> None:
    """Send stored messages to their rooms. Each is given with the id of its course."""
    publish.send_all(
        [
            (
                names.course(course_id),
                Stored(
                    names.room(message.room_id),
                    message.seq,
                    frames.of_message(message),
                    frames.revision(message),
                ),
            )
            for course_id, message in messages
        ]
    )


def course_changed(course: Course, known_as: str | None = None) -> None:
    """Tell a course of its title, and whether it is archived.

    `known_as` is the slug by which sockets know it, if it has just got another.
    """
    to_class(course, frames.course_changed(course, known_as))


def role_changed(course: Course, users: Collection[people.Key], role: str) -> None:
    """Tell users of their new role in a course, and the dashboards that others lead it now."""
    if not users:
        return
    event = with_role(frames.course_changed(course), role)
    to_users([(course.pk, user, event) for user in users])
    leaders_changed(course)


def leaders_changed(course: Course) -> None:
    """Tell the dashboards of a course that others lead it now."""
    frame = events.encode(LeadersEvent(course=course.slug))
    _to_course(course.pk, Passing(names.dashboards(course.pk), frame))


def asks_changed(course: Course, asks: Asks, revision: int) -> None:
    """Tell a course what its class asks students for; `revision` is 0 if it never had a class."""
    to_class(course, AsksEvent(course=course.slug, asks=asks, revision=revision or UNSET))


def class_settings_changed(course: Course) -> None:
    """Tell the dashboards of a course, and its screens, that its classes run in another way."""
    frame = events.encode(ClassSettingsEvent(course=course.slug))
    _to_course(course.pk, Passing(names.dashboards(course.pk), frame))
    figures_changed(course.pk)


def removed(room: Room, message: Message) -> None:
    """Tell a room that the text of one of its messages was removed."""
    assert message.removed_at is not None
    frame, at = frames.message_removed(message), message.removed_at.timestamp()
    _to_course(room.course_id, Removed(names.room(room.id), message.seq, frame, at))


def restored(room: Room, message: Message) -> None:
    """Tell a room that one of its messages has its text again."""
    frame = events.encode(MessageRestored(room=str(room.id), message=frames.body(message)))
    _to_course(room.course_id, Passing(names.room(room.id), frame))


def joined(
    course: Course,
    room: Room,
    users: Collection[people.Key],
    *,
    members: int,
    title: str | None = None,
    everywhere: bool = False,
) -> None:
    """Tell users that they are in a room now; `members` is the number of its members.

    `title` is the title that they see, if it is not the room's own. With `everywhere`, all
    processes are told, as those of users who are new in the course may not listen to it yet.
    """
    channel_group = names.course(course.pk)
    frame = frames.room_added(room, title=title or room.title, course=course.slug, members=members)
    publish.send(
        names.EVERYONE if everywhere else channel_group,
        Join(list(users), names.room(room.id), channel_group, room.last_seq, frame),
    )


def left(room: Room, users: Collection[people.Key]) -> None:
    """Tell users that they are no longer in a room."""
    frame = frames.room_removed(room)
    _to_course(room.course_id, Leave(list(users), names.room(room.id), frame))


def unenrolled(course: Course, users: Collection[people.Key]) -> None:
    """End the topic subscriptions of users who left the course, and what the hall shows of them."""
    _to_course(course.pk, Unenrolled(list(users)))
    screens_changed(course.pk)


def close_dashboards(course: Course, users: Sequence[people.Key]) -> None:
    """Close the dashboards and screens of users who no longer lead the course."""
    for user in users:
        for audience in (names.dashboards(course.pk), names.screens(course.pk)):
            _to_course(course.pk, Close(4403, audience, user))


def close_surplus(user: people.Key, connection: UUID) -> None:
    """Close a socket of a user who has too many, in whatever process it is."""
    publish.send(names.EVERYONE, Close(4429, names.account(user), connection=str(connection)))


def close_account(user: User) -> None:
    """Close all sockets of a user who can no longer log in, in all processes."""
    publish.send(names.EVERYONE, Close(4401, names.account(user.pk)))


def figures_changed(course: int, *, votes: bool = False) -> None:
    """Tell the dashboards and screens of a course of new figures, or of new `votes` alone."""
    boards = (names.dashboards(course), names.screens(course))
    publish.send_all([(names.course(course), Changed(audience, votes)) for audience in boards])


def screens_changed(course: int) -> None:
    """Tell the screens of a course that what they show is out of date."""
    _to_course(course, Changed(names.screens(course)))


def close_screens(course: int, nonce: str) -> None:
    """Close the screens that a link opened, as the link has ended."""
    _to_course(course, Close(4403, names.screen_link(nonce)))


def questions_changed(course: Course) -> None:
    """Tell the dashboards of a course that its questions have changed."""
    frame = events.encode(QuestionsEvent(course=course.slug))
    _to_course(course.pk, Passing(names.dashboards(course.pk), frame))


def question_renamed(question: Question, former: str) -> None:
    """Tell a course that one of its questions has another slug."""
    course = question.course
    event = QuestionRenamed(course=course.slug, question=question.slug, former=former)
    to_class(course, event)


def recheck(users: list[people.Key], *, password: bool = False) -> None:
    """Have the sockets of users compared with the database soon, in every process.

    `password` is true after a change of password.
    """
    publish.send(names.EVERYONE, Recheck(users, password))


def present(room: Room, user: User, *, here: bool) -> None:
    """Tell a room whether a user is here now."""
    _to_course(
        room.course_id, PresenceChange(user.pk, people.username(user), [names.room(room.id)], here)
    )


def away(user: people.Key, username: str) -> None:
    """Tell all rooms of a user that they are away."""
    _everywhere(user, username, here=False)


def back(user: people.Key, username: str) -> None:
    """Tell all rooms of a user that they are here."""
    _everywhere(user, username, here=True)


def _everywhere(user: people.Key, username: str, *, here: bool) -> None:
    for channel_group, rooms in audiences(user).items():
        publish.send(channel_group, PresenceChange(user, username, rooms, here))


def partners(session: ClassSession, only: Collection[int] | None = None) -> None:
    """Tell the members of partner groups who their partners are.

    `only` has the ids of the groups whose members are told; without it all are.
    """
    publish.send_all(
        [(names.course(session.course_id), notice) for notice in partner_notices(session, only)]
    )


def partner_notices(session: ClassSession, only: Collection[int] | None = None) -> PartnerNotices:
    """Return the notices that `partners` would send now."""
    first, _ = classroom.rounds(session)
    made = PartnerGroup.objects.filter(round=first).select_related("round")
    if only is not None:
        made = made.filter(pk__in=only)
    bodies: dict[int, list[tuple[people.Key, PartnerBody]]] = defaultdict(list)
    partner_groups = list(made)
    members = classroom.partner_bodies(
        *partner_groups, session=session.pk if session.has_pseudonyms else None
    )
    for group_id, user_id, body in members:
        bodies[group_id].append((user_id, body))
    companies = meeting.companies(partner_groups, members)
    return [
        Passing(
            names.user(user_id),
            events.encode(
                PartnersEvent(
                    course=session.course.slug,
                    room=str(partner_group.room_id),
                    partners=[body for key, body in bodies[partner_group.pk] if key != user_id],
                    epoch=session.epoch,
                    revision=session.revision,
                    **companies[partner_group.pk],
                )
            ),
            revision=session.revision,
            wakes=True,
        )
        for partner_group in partner_groups
        for user_id, _ in bodies[partner_group.pk]
    ]


def closing(session: ClassSession) -> None:
    """Tell a class that its open round closes at the deadline of the session."""
    round_ = session.current_round
    assert round_ is not None
    assert session.deadline is not None
    event = ClosingEvent(
        course=session.course.slug,
        epoch=session.epoch,
        question=round_.question.slug,
        round=round_.number,
        deadline=session.deadline.timestamp(),
        server_time=time.time(),
    )
    to_class(session.course, event)
    screens_changed(session.course_id)


def voted(votes: Iterable[Vote]) -> None:
    """Tell users of their votes, in all their sockets."""
    to_users(
        (
            vote.round.session.course_id,
            vote.user_id,
            VotedEvent(
                course=vote.round.session.course.slug,
                question=vote.round.question.slug,
                round=vote.round.number,
                vote=frames.own_vote(vote),
            ),
        )
        for vote in votes
    )


def drafted(drafts: Iterable[Draft]) -> None:
    """Tell users of their drafts, in all their sockets."""
    to_users(
        (
            draft.round.session.course_id,
            draft.user_id,
            DraftedEvent(
                course=draft.round.session.course.slug,
                question=draft.round.question.slug,
                round=draft.round.number,
                draft=frames.own_draft(draft),
            ),
        )
        for draft in drafts
    )


def convinced(user: User, course: Course, question: Question, said: ConvincedBody) -> None:
    """Tell a user what they said convinced them, in all their sockets."""
    event = ConvincedEvent(course=course.slug, question=question.slug, convinced=said)
    to_users([(course.pk, user.pk, event)])


def placed(enrollment: Enrollment) -> None:
    """Tell a student where they said they are, in all their sockets, and count it."""
    now = frames.placed(enrollment)
    event = PlacedEvent(course=enrollment.course.slug, place=now.place, seat=now.seat)
    to_users([(enrollment.course_id, enrollment.user_id, event)])
    figures_changed(enrollment.course_id)


def sharing(enrollment: Enrollment) -> None:
    """Tell a student whether others may see their reasons, in all their sockets."""
    now = frames.sharing(enrollment)
    event = SharingEvent(course=enrollment.course.slug, shared=now.shared)
    to_users([(enrollment.course_id, enrollment.user_id, event)])


def muted(enrollment: Enrollment) -> None:
    """Tell a user until when they may not post in a course."""
    event = MutedEvent(course=enrollment.course.slug, until=frames.muted_until(enrollment))
    to_users([(enrollment.course_id, enrollment.user_id, event)])


def read(room: Room, user: User, seq: int) -> None:
    """Tell the other sockets of a user how far they have read in a room."""
    frame = events.encode(ReadEvent(room=str(room.id), seq=seq))
    _to_course(room.course_id, Passing(names.user(user.pk), frame))


def nobody_listens(course: Course, user: User, text: str) -> None:
    """Tell a user at once, even if the transaction fails, that a text found no partner."""
    frame = events.encode(SystemEvent(course=course.slug, text=text))
    publish.now(names.course(course.pk), Passing(names.user(user.pk), frame))


def to_users(told: Iterable[tuple[int, people.Key, Event]]) -> None:
    """Send each event to the sockets of a user, given the ids of the course and the user."""
    publish.send_all(
        [
            (names.course(course), Passing(names.user(user), events.encode(event), wakes=True))
            for course, user, event in told
        ]
    )


def to_class(course: Course, event: Event) -> None:
    """Send an event to everybody in the room of a course."""
    room = Room.objects.only("id").get(course=course, kind=Room.Kind.COURSE)
    _to_course(course.pk, Passing(names.room(room.id), events.encode(event), wakes=True))


def _to_course(course: int, entry: Entry) -> None:
    publish.send(names.course(course), entry)
