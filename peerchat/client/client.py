"""Provides methods for programs that use a peerchat site."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Self
from urllib.parse import quote

import msgspec

from peerchat.client.answers import Answer, as_sent
from peerchat.client.events import ON_THE_WIRE, Event, Reset, Resumed
from peerchat.client.joining import Joining
from peerchat.client.myself import Myself
from peerchat.client.reconnecting import Body, ReconnectingSocket
from peerchat.client.requests import ask, checked
from rooms.wire.events import (
    MessageBody,
    MyCourse,
    NewMessageEvent,
    PartnersEvent,
    Person,
    RoomAdded,
    RoomInfo,
    RoomRemoved,
)
from rooms.wire.fields import DEFAULT_PAGE

EVENTS_KEPT = 10_000
"""The most events that wait for `listen`. If nothing listens, the oldest are dropped."""


class Client(Myself):
    """A user of a site, connected until it is closed.

    `url` is that of the site, with the path that it is below, if any. `token` is one of `log_in`,
    of `POST /api/tokens/` or of `manage.py issue_token`. Use it as an asynchronous context manager,
    or call `open` and `close`.

    Commands raise CommandRefused if the site refuses them, Closed if the client has ended, and
    TimeoutError if no answer comes within half a minute. While the connection is lost they wait for
    it, and are sent again under the same uuid, so a message is stored once.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = checked(url)
        self.user: Person | None = None
        """The client's user; None until the client is open."""
        self.courses: list[MyCourse] = []
        """The user's courses, with their role in each."""
        self.conn_id = ""
        """The id of the connection, by which others reach it with `send_to`."""
        self.joining = Joining(self.url, token)
        """Joining by code and the people of courses, by HTTP."""
        self._token = token
        self._chat = ReconnectingSocket(
            self._socket_url("/ws/chat/"),
            token,
            on_frame=self._take,
            on_connect=self._connected,
            on_lost=self._lost,
        )
        self._dashboards: dict[str, ReconnectingSocket] = {}
        # The number of the last yielded message, by room.
        self._seen: dict[str, int] = {}
        # The revision of the last yielded partners, by course.
        self._partnered: dict[str, int] = {}
        self._topics: set[str] = set()
        # Frames that arrive while the client reads the messages that it missed before them.
        self._held: list[NewMessageEvent] | None = None
        self._welcomed = False
        self._events: deque[Event | Resumed | Reset] = deque(maxlen=EVENTS_KEPT)
        self._news = asyncio.Event()

    @classmethod
    async def log_in(cls, url: str, username: str, password: str) -> Self:
        """Return a client with a new token. Raises Denied, Unreachable or ValueError."""
        body = {"username": username, "password": password}
        answer = await ask("POST", f"{checked(url)}/api/tokens/", body)
        return cls(url, answer["token"])

    @classmethod
    async def join_course(
        cls, url: str, code: str, name: str, *, device: str | None = None
    ) -> Self:
        """Return a client of a guest who joined a course by its code, with a new token.

        With the same `device`, a random secret of 32 characters or more, it is the same guest.
        Raises Denied, Unreachable or ValueError.
        """
        body = {"code": code, "name": name} | ({"device": device} if device else {})
        answer = await ask("POST", f"{checked(url)}/api/join/", body)
        return cls(url, answer["token"])

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Connect. Raises Unreachable or Denied."""
        await self._chat.open()

    async def close(self) -> None:
        """Close all sockets of the client."""
        for socket in (self._chat, *self._dashboards.values()):
            await socket.close()
        self._news.set()

    # --- rooms -----------------------------------------------------------------------------

    async def list_rooms(self) -> list[RoomInfo]:
        """Return the rooms that the user is in and the open rooms of their courses."""
        answer = await self._chat.ask("list_rooms")
        return msgspec.convert(answer["rooms"], list[RoomInfo])

    async def join(self, room: str) -> None:
        """Become a member of an open room."""
        await self._chat.ask("join_room", {"room": room})

    async def leave(self, room: str) -> None:
        """Leave an open room."""
        await self._chat.ask("leave_room", {"room": room})

    async def users(self, room: str) -> list[dict[str, Any]]:
        """Return the members of a room: `username`, `display_name`, `online`."""
        users: list[dict[str, Any]] = (await self._chat.ask("list_users", {"room": room}))["users"]
        return users

    async def messages(
        self, room: str, *, before: int | None = None, limit: int = DEFAULT_PAGE
    ) -> list[MessageBody]:
        """Return the newest messages of a room, or those before a number; oldest first, at most
        100."""
        if before is None:
            answer = await self._chat.ask("select_room", {"room": room, "limit": limit})
        else:
            fields = {"room": room, "before": before, "limit": limit}
            answer = await self._chat.ask("history", fields)
        return msgspec.convert(answer["room_messages"], list[MessageBody])

    async def send(self, room: str, text: str, *, reply_to: str | None = None) -> MessageBody:
        """Post a message and return it as it is stored."""
        fields = {"room": room, "text": text}
        if reply_to is not None:
            fields["reply_to"] = reply_to
        answer = await self._chat.ask("new_message", fields)
        return msgspec.convert(answer["message"], MessageBody)

    async def private_message(self, to: str, text: str) -> MessageBody:
        """Post a message to one user, by username, who shares a course."""
        fields = {"to": to, "text": text}
        answer = await self._chat.ask("private_message", fields, answered_by="new_message")
        return msgspec.convert(answer["message"], MessageBody)

    async def typing(self, room: str) -> None:
        """Tell the others that the user is typing."""
        await self._chat.tell("typing", {"room": room})

    async def mark_read(self, room: str, seq: int) -> None:
        """Record how far the user has read."""
        await self._chat.ask("mark_read", {"room": room, "seq": seq})

    async def flag(self, room: str, seq: int, *, flagged: bool = True) -> None:
        """Point a message out to those who lead the course, or take that back."""
        await self._chat.ask("flag_message", {"room": room, "seq": seq, "flagged": flagged})

    # --- the class -------------------------------------------------------------------------

    async def state(self, course: str) -> Body:
        """Return the state of the class, with the user's own votes and partners."""
        answer = await self._chat.ask("state", {"course": course})
        self._is_news(course, answer.get("revision"))
        return _fields(answer)

    async def vote(
        self,
        course: str,
        choice: Answer,
        *,
        confidence: int | None = None,
        rationale: str = "",
        question: str | None = None,
        round: int | None = None,  # noqa: A002 - as on the wire
    ) -> int:
        """Cast a vote or change it, and return the round (1 or 2) in which it counts.

        `choice` is a letter, a short text, a number, or the letters of several choices.
        With `question` and `round` it counts in that round only. If it arrives late, it is refused
        with `round_closed`.
        """
        fields: Body = {"course": course, "choice": as_sent(choice), "rationale": rationale}
        named = {"confidence": confidence, "question": question, "round": round}
        fields |= {name: value for name, value in named.items() if value is not None}
        return int((await self._chat.ask("vote", fields))["round"])

    async def draft(
        self,
        course: str,
        choice: Answer,
        *,
        question: str,
        round: int,  # noqa: A002 - as on the wire
        after: float | None = None,
        **given: Any,
    ) -> bool:
        """Leave a choice that counts when the round closes, and return whether the site keeps it.

        `after` is the `cast_at` of the last vote of the user in the round, if there is one; a later
        one stands. `confidence` and `rationale` are as in a vote.
        """
        fields = {"choice": as_sent(choice), "question": question, "round": round, "after": after}
        return bool((await self._chat.ask("draft", {"course": course, **fields, **given}))["kept"])

    async def say_convinced(self, course: str, question: str, by: str, **said: str) -> None:
        """Say what convinced the user in the second vote, as the command of the chat takes it."""
        fields = {"course": course, "question": question, "by": by, **said}
        await self._chat.ask("say_convinced", fields)

    async def control(self, course: str, action: str, **fields: Any) -> Body:
        """Send a command of an instructor, such as `start_question`, and return its reply.

        The first one for a course opens the course's instructor's socket, which also delivers
        `figures`. Raises Denied if the user does not lead the course.
        """
        return _fields(await (await self._dashboard(course)).ask(action, fields))

    async def figures(self, course: str) -> Body:
        """Return the live figures of the class, for users who lead the course."""
        return await self.control(course, "figures")

    # --- topics ----------------------------------------------------------------------------

    async def subscribe(self, topic: str) -> None:
        """Subscribe to a topic; `+` stands for one level, `#` for the rest."""
        await self._chat.ask("subscribe", {"topic": topic})
        self._topics.add(topic)

    async def unsubscribe(self, topic: str) -> None:
        """End the subscription to a topic."""
        self._topics.discard(topic)
        await self._chat.ask("unsubscribe", {"topic": topic})

    async def publish(self, topic: str, data: Any) -> None:
        """Send JSON data to the subscribers of the topic; it is not stored."""
        await self._chat.ask("publish", {"topic": topic, "data": data})

    async def send_to(self, conn_id: str | list[str], data: Any) -> None:
        """Send JSON data to one connection, or several; it is not stored."""
        await self._chat.ask("send_to", {"conn_id": conn_id, "data": data})

    # --- events ----------------------------------------------------------------------------

    async def listen(self) -> AsyncIterator[Event | Resumed | Reset]:
        """Yield the events as they come, each message once and in the order of its room.

        Partners older than the last ones, or than an answer of `state`, are left out. Every
        transition is yielded; a state with a higher `revision` includes it already. The iterator
        ends when the client is closed. Raises Closed when the site has ended it for good.
        """
        ended = asyncio.create_task(self._chat.wait_ended())
        try:
            while True:
                while self._events:
                    yield self._events.popleft()
                self._news.clear()
                if ended.done():
                    if getattr(ended.result(), "code", None) is not None:
                        raise ended.result()
                    return
                news = asyncio.create_task(self._news.wait())
                await asyncio.wait({news, ended}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
        finally:
            ended.cancel()

    def _emit(self, event: Event | Resumed | Reset) -> None:
        self._events.append(event)
        self._news.set()

    async def _connected(self, welcome: Body) -> None:
        self.user = msgspec.convert(welcome["user"], Person)
        self.courses = msgspec.convert(welcome["courses"], list[MyCourse])
        self.conn_id = welcome["conn_id"]
        known = (await self._chat.ask("list_rooms", urgent=True))["rooms"]
        mine = {info["room"]: info["last_seq"] for info in known}
        again, self._welcomed = self._welcomed, True
        if not again:
            for room, last in mine.items():
                self._seen.setdefault(room, last)
            return
        self._emit(Resumed())
        for topic in self._topics:
            await self._chat.ask("subscribe", {"topic": topic}, urgent=True)
        # A room that the user was added to meanwhile is read from its beginning.
        wanted = {room: self._seen.get(room, 0) for room in mine}
        rooms = list(wanted)
        for start in range(0, len(rooms), 200):
            part = {room: wanted[room] for room in rooms[start : start + 200]}
            answer = await self._chat.ask("resume", {"rooms": part}, urgent=True)
            for room, missed in answer["rooms"].items():
                self._catch_up(room, missed)
        held, self._held = self._held or [], None
        for event in held:
            self._message(event)

    def _lost(self) -> None:
        # The next connection reads the frames that were held back again.
        self._held = []

    def _catch_up(self, room: str, missed: Body) -> None:
        if "error_code" in missed:
            self._seen.pop(room, None)
            return
        if missed.get("reset"):
            self._emit(Reset(room))
            self._seen[room] = 0
        for body in msgspec.convert(missed["messages"], list[MessageBody]):
            self._message(NewMessageEvent(uuid="", room=room, message=body))

    def _take(self, body: Body, text: str) -> None:
        decoder = ON_THE_WIRE.get(body["action"])
        if decoder is None or body.get("status") == "error":
            # A reply, or an event of a newer server.
            return
        event: Event = decoder.decode(text)
        match event:
            case NewMessageEvent() if self._held is not None:
                self._held.append(event)
            case NewMessageEvent():
                self._message(event)
            case RoomAdded():
                self._seen.setdefault(event.room, event.last_seq)
                self._emit(event)
            case RoomRemoved():
                self._seen.pop(event.room, None)
                self._emit(event)
            case PartnersEvent(course=course, revision=revision):
                if self._is_news(course, revision):
                    self._emit(event)
            case _:
                self._emit(event)

    def _is_news(self, course: str, revision: int | msgspec.UnsetType | None) -> bool:
        """Return whether no later partners of a course are known; older servers number none."""
        if not isinstance(revision, int):
            return True
        if revision < self._partnered.get(course, 0):
            return False
        self._partnered[course] = revision
        return True

    def _message(self, event: NewMessageEvent) -> None:
        if event.message.seq > self._seen.get(event.room, 0):
            self._seen[event.room] = event.message.seq
            self._emit(event)

    # --- the instructor's socket -----------------------------------------------------------

    async def _dashboard(self, course: str) -> ReconnectingSocket:
        socket = self._dashboards.get(course)
        if socket is None:
            socket = ReconnectingSocket(
                self._socket_url(f"/ws/instructor/{quote(course, safe='')}/"),
                self._token,
                on_frame=self._take_figures,
                on_connect=_nothing,
                on_lost=lambda: None,
            )
            await socket.open()
            self._dashboards[course] = socket
        return socket

    def _take_figures(self, body: Body, text: str) -> None:
        # The course's messages and control events come over the chat socket, too.
        if body["action"] == "figures":
            self._take(body, text)

    def _socket_url(self, path: str) -> str:
        return "ws" + self.url.removeprefix("http") + path


async def _nothing(welcome: Body) -> None:
    pass


def _fields(answer: Body) -> Body:
    return {key: value for key, value in answer.items() if key not in ("uuid", "action", "status")}
