"""Handlers of the commands, with a row for each command.

A handler gets the client and the typed command. It returns a reply of the type that `wire.replies`
declares, or None if the reply comes by another way or not at all.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from accounts import people
from accounts.people import User
from rooms import frames, permissions, ratelimit
from rooms.actions import flags, places
from rooms.actions import rooms as room_actions
from rooms.actions import session as session_actions
from rooms.actions.convictions import say_convinced
from rooms.actions.messages import Post, Posted, store_posts
from rooms.actions.votes import Ballot, DraftBallot, store_ballots, store_drafts
from rooms.conf import limits
from rooms.delivery import names, publish, topics
from rooms.delivery.connection import LiveConnection
from rooms.delivery.notices import Direct, Passing, Topic
from rooms.process.runtime import Runtime
from rooms.queries import classroom, messages, results, visits
from rooms.queries.rooms import list_rooms, list_users
from rooms.wire import events, parser, replies
from rooms.wire.commands import (
    CONTROL_COMMANDS,
    CastVote,
    Command,
    Control,
    DashboardState,
    DraftVote,
    Figures,
    FlagMessage,
    History,
    JoinRoom,
    LeaveRoom,
    ListRooms,
    ListUsers,
    MarkRead,
    NewMessage,
    Ping,
    PrivateMessage,
    Publish,
    Resume,
    SayConvinced,
    SelectRoom,
    SendTo,
    SetPlace,
    ShareReasons,
    State,
    Subscribe,
    Typing,
    Unsubscribe,
)
from rooms.wire.errors import PeerError, PermissionDenied, RateLimited
from rooms.wire.events import DirectData, MessageRemoved, Snapshot, TopicMessage, TypingEvent
from rooms.wire.figures import FiguresBody
from rooms.wire.group_commands import VisitGroup


class Client(Protocol):
    """A client that sends commands over a socket."""

    user: User
    connection: LiveConnection
    runtime: Runtime

    @property
    def course(self) -> str:
        """Return the slug of the course of an instructor's socket; empty elsewhere."""

    def refuse(self, command: Command, error: PeerError) -> None:
        """Answer a command with an error."""


Handler = Callable[[Any, Any], Awaitable[Struct | None]]


async def _list_rooms(client: Client, command: ListRooms) -> replies.Rooms:
    return replies.Rooms(rooms=await client.runtime.threads.run(list_rooms, client.user))


async def _join_room(client: Client, command: JoinRoom) -> replies.Joined:
    ratelimit.subscribed.take(client.user.pk)
    room = await client.runtime.threads.run(
        room_actions.join_room, user=client.user, room=command.room
    )
    return replies.Joined(room=str(room.id))


async def _leave_room(client: Client, command: LeaveRoom) -> replies.Left:
    ratelimit.subscribed.take(client.user.pk)
    room = await client.runtime.threads.run(
        room_actions.leave_room, user=client.user, room=command.room
    )
    return replies.Left(room=str(room.id))


async def _list_users(client: Client, command: ListUsers) -> replies.Users:
    users = await client.runtime.threads.run(list_users, client.user, command.room)
    return replies.Users(users=users)


async def _select_room(client: Client, command: SelectRoom) -> replies.Selected:
    return await client.runtime.threads.run(
        messages.select_room, client.user, command.room, command.limit
    )


async def _history(client: Client, command: History) -> replies.Page:
    return await client.runtime.threads.run(
        messages.history, client.user, command.room, command.before, command.limit
    )


async def _resume(client: Client, command: Resume) -> replies.Resumed:
    resumed = await client.runtime.threads.run(messages.resume, client.user, command.rooms)
    for room, seq in resumed.removed:
        client.connection.answer(events.encode(MessageRemoved(room=room, seq=seq)))
    return replies.Resumed(rooms=resumed.rooms)


def post(client: Client, command: NewMessage) -> None:
    """Hand a text to the writer. The reply comes when it is stored. Raises PeerError."""
    _post(client, command, Post.of(client.user, command))


async def _new_message(client: Client, command: NewMessage) -> None:
    post(client, command)


async def _private_message(client: Client, command: PrivateMessage) -> None:
    post = Post.of(client.user, command)
    room = await client.runtime.threads.run(
        room_actions.open_direct_room, user=client.user, to=command.to
    )
    _post(client, command, post.in_room(str(room.id)))


def _post(client: Client, command: Command, post: Post) -> None:
    # Not awaited, so that the client's next message may be committed together with this one.
    future = client.runtime.writer.submit(store_posts, post)
    client.connection.under_way += 1
    future.add_done_callback(partial(_posted, client, command))


def _posted(client: Client, command: Command, future: asyncio.Future[Posted]) -> None:
    client.connection.under_way -= 1
    if future.cancelled():
        return
    error = future.exception()
    if isinstance(error, PeerError):
        client.refuse(command, error)
        return
    posted = future.result()
    # The sender's reply is the event itself, which the hub delivers to the members of the room.
    audience = names.room(posted.message.room_id)
    if posted.again or audience not in client.connection.audiences:
        client.connection.send(posted.frame)


async def _typing(client: Client, command: Typing) -> None:
    room = permissions.parse_room(command.room)
    try:
        ratelimit.typed.take((client.user.pk, room))
    except RateLimited:
        return
    audience, channel_group = await _room_audience(client, room)
    person = await client.runtime.pseudonyms.typist(client.user, room, channel_group)
    if person is None:
        return
    event = TypingEvent(room=str(room), user=person)
    publish.now(channel_group, Passing(audience, events.encode(event), skip=client.user.pk))


async def _room_audience(client: Client, room: UUID) -> tuple[str, str]:
    """Return the audience of a room of the client and its channel-layer group.

    Raises InvalidRoom.
    """
    audience = names.room(room)
    if audience in client.connection.audiences:
        channel_group = client.runtime.hub.group_of(audience)
        assert channel_group is not None
        return audience, channel_group
    membership = await client.runtime.threads.run(permissions.member, client.user, str(room))
    return audience, names.course(membership.room.course_id)


async def _mark_read(client: Client, command: MarkRead) -> replies.HasRead:
    room, seq = await client.runtime.threads.run(
        room_actions.mark_read, user=client.user, room=command.room, seq=command.seq
    )
    return replies.HasRead(room=str(room.id), seq=seq)


async def _flag_message(client: Client, command: FlagMessage) -> replies.Flagged:
    return await client.runtime.threads.run(flags.flag, user=client.user, command=command)


async def _state(client: Client, command: State) -> Snapshot:
    return await _snapshot(client, command.course)


async def _snapshot(client: Client, course: str) -> Snapshot:
    """Return the state of a class, no older than what the socket has received."""

    async def read() -> tuple[str, int, Snapshot]:
        threads, user = client.runtime.threads, client.user
        course_id, found = await threads.run(classroom.course_snapshot, user, course)
        return names.course(course_id), found.revision, found

    return await client.runtime.hub.revisions.read(read)


async def _vote(client: Client, command: CastVote) -> replies.Voted:
    ballot = Ballot.of(client.user, command)
    vote = await client.runtime.writer.submit(store_ballots, ballot, gather=True)
    return frames.voted(vote)


async def _draft(client: Client, command: DraftVote) -> replies.Drafted:
    ballot = DraftBallot.of_draft(client.user, command)
    draft = await client.runtime.writer.submit(store_drafts, ballot, gather=True)
    return frames.drafted(command.round, draft)


async def _say_convinced(client: Client, command: SayConvinced) -> replies.Convinced:
    said = await client.runtime.threads.run(say_convinced, user=client.user, command=command)
    return replies.Convinced(said)


async def _set_place(client: Client, command: SetPlace) -> replies.Placed:
    said = await client.runtime.threads.run(places.set_place, user=client.user, command=command)
    return frames.placed(said)


async def _share_reasons(client: Client, command: ShareReasons) -> replies.Sharing:
    said = await client.runtime.threads.run(places.share_reasons, user=client.user, command=command)
    return frames.sharing(said)


async def _subscribe(client: Client, command: Subscribe) -> replies.Subscribed:
    topics.check_pattern(command.topic)
    slug = topics.course(command.topic)
    ratelimit.subscribed.take(client.user.pk)
    channel_group = await _course_group(client, slug)
    subscribed = client.connection.topics
    most = limits["SUBSCRIPTIONS_PER_SOCKET"]
    if command.topic not in subscribed and len(subscribed) >= most:
        raise PermissionDenied(f"A socket can have at most {most} subscriptions.")
    client.runtime.hub.subscribe_topic(client.connection, command.topic, channel_group)
    return replies.Subscribed(topic=command.topic)


async def _unsubscribe(client: Client, command: Unsubscribe) -> replies.Unsubscribed:
    topics.check_pattern(command.topic)
    topics.course(command.topic)
    ratelimit.subscribed.take(client.user.pk)
    client.runtime.hub.unsubscribe_topic(client.connection, command.topic)
    return replies.Unsubscribed(topic=command.topic)


async def _publish(client: Client, command: Publish) -> replies.Sent:
    topics.check_name(command.topic)
    parser.check_depth(command.data)
    slug = topics.course(command.topic)
    ratelimit.published.take(client.user.pk)
    channel_group = await _course_group(client, slug)
    await client.runtime.pseudonyms.check_publisher(client.user, slug, channel_group)
    event = TopicMessage(
        topic=command.topic,
        data=command.data,
        from_=people.username(client.user),
        conn_id=str(client.connection.id),
    )
    publish.now(channel_group, Topic(command.topic, events.encode(event)))
    return replies.Sent()


async def _course_group(client: Client, slug: str) -> str:
    """Return the channel-layer group of a course of the client. Raises PermissionDenied."""
    connection = client.connection
    while (channel_group := connection.courses.get(slug)) is None:
        # The end of an enrolment is announced in the group of the course. So the enrolment is read
        # again if this process did not listen there yet, or if an enrolment ended meanwhile.
        listening, ended = set(connection.groups), connection.ended
        enrollment = await client.runtime.threads.run(permissions.enrolled, client.user, slug)
        channel_group = names.course(enrollment.course_id)
        if channel_group in listening and ended == connection.ended:
            connection.courses[slug] = channel_group
        await client.runtime.hub.subscribe(connection, [channel_group])
    return channel_group


async def _send_to(client: Client, command: SendTo) -> replies.Sent:
    parser.check_depth(command.data)
    ratelimit.published.take(client.user.pk)
    named = [command.conn_id] if isinstance(command.conn_id, str) else command.conn_id
    event = DirectData(
        data=command.data, from_=people.username(client.user), conn_id=str(client.connection.id)
    )
    if named:
        frame = events.encode(event)
        publish.now(names.EVERYONE, Direct(list(dict.fromkeys(named)), frame))
    return replies.Sent()


def _pong(client: Client, command: Ping) -> replies.Pong:
    return replies.Pong(time=time.time())


async def _ping(client: Client, command: Ping) -> replies.Pong:
    return _pong(client, command)


async def _control(client: Client, command: Control) -> replies.Moved:
    async def begin() -> session_actions.Moved | session_actions.Closing:
        return await client.runtime.threads.run(
            session_actions.begin, user=client.user, course=client.course, command=command
        )

    moved = await begin()
    while isinstance(moved, session_actions.Closing):
        await asyncio.sleep(moved.seconds)
        moved = await begin()
    return replies.Moved.to(moved.phase, moved.epoch, moved.groups, moved.question)


async def _visit(client: Client, command: VisitGroup) -> replies.Visited:
    await _control(client, command)
    run = client.runtime.threads.run
    return await run(visits.visited, client.user, client.course, command.group)


async def _figures(client: Client, command: Figures) -> FiguresBody:
    return await client.runtime.threads.run(results.figures_for, client.user, client.course)


async def _dashboard_state(client: Client, command: DashboardState) -> Snapshot:
    return await _snapshot(client, command.course or client.course)


CHAT: dict[type[Command], Handler] = {
    ListRooms: _list_rooms,
    JoinRoom: _join_room,
    LeaveRoom: _leave_room,
    ListUsers: _list_users,
    SelectRoom: _select_room,
    History: _history,
    Resume: _resume,
    NewMessage: _new_message,
    PrivateMessage: _private_message,
    Typing: _typing,
    MarkRead: _mark_read,
    FlagMessage: _flag_message,
    State: _state,
    CastVote: _vote,
    DraftVote: _draft,
    SayConvinced: _say_convinced,
    SetPlace: _set_place,
    ShareReasons: _share_reasons,
    Subscribe: _subscribe,
    Unsubscribe: _unsubscribe,
    Publish: _publish,
    SendTo: _send_to,
    Ping: _ping,
}
DASHBOARD: dict[type[Command], Handler] = {
    **dict.fromkeys(CONTROL_COMMANDS, _control),
    VisitGroup: _visit,
    Figures: _figures,
    DashboardState: _dashboard_state,
    Ping: _ping,
}
SCREEN: dict[type[Command], Handler] = {Ping: _ping}

AT_ONCE: dict[type[Command], Callable[[Any, Any], Struct | None]] = {NewMessage: post, Ping: _pong}
"""The handlers of the commands that most frames have. They wait for nothing."""
