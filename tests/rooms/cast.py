"""The people of the tests of the sockets, and the site they meet at."""

import asyncio
import contextlib
import itertools
import json
import os
import secrets
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.utils import timezone

from accounts import tokens
from accounts.models import Token, User
from rooms.models import (
    Choice,
    Connection,
    Course,
    Enrollment,
    Membership,
    Message,
    Question,
    Room,
)
from tests.client import Client, Frame
from tests.pace import patient
from tests.running import Site


class Hall:
    """The running site, with two workers."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.workers = sorted(site.workers())
        self._handshake = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def only(self, worker: int | None) -> AsyncIterator[None]:
        """Let only this worker, 0 or 1, accept connections: the other one is stopped so long."""
        if worker is None:
            yield
            return
        other = self.workers[1 - worker]
        async with self._handshake:
            os.kill(other, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(other, signal.SIGCONT)


@dataclass(frozen=True)
class Person:
    user: User
    token: str

    @property
    def name(self) -> str:
        return self.user.username

    @property
    def body(self) -> Frame:
        """The person as others see them on the wire."""
        return {"username": self.user.username, "display_name": self.user.shown_name}

    def log_in(self) -> str:
        """A session of theirs, for a cookie."""
        session = SessionStore()
        session[SESSION_KEY] = str(self.user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = self.user.get_session_auth_hash()
        session.save()
        return str(session.session_key)


@dataclass
class Cast:
    """A course, its people and those who have nothing to do with it.

    Partners `ada` and `bea`, and `carl`, are students; `tess` is the assistant, `ines` the
    instructor, `ivan` the instructor of another course, `zoe` in no course at all.
    """

    hall: Hall
    tag: str
    course: Course
    other_course: Course
    ada: Person
    bea: Person
    carl: Person
    tess: Person
    ines: Person
    ivan: Person
    zoe: Person
    _exits: contextlib.AsyncExitStack
    _turns: Iterator[int] = field(default_factory=lambda: itertools.cycle((0, 1)))

    @property
    def room(self) -> str:
        """The id of the course's room."""
        return str(Room.objects.get(course=self.course, kind=Room.Kind.COURSE).id)

    def person(self, name: str) -> Person:
        person: Person = getattr(self, name)
        return person

    def student(self, name: str) -> Person:
        """One more student of the course."""
        person = make_person(f"{name}-{self.tag}", name.title())
        Enrollment.objects.create(course=self.course, user=person.user)
        return person

    def open_room(self, *members: Person, title: str = "Help") -> Room:
        """An open room of the course."""
        room = Room.objects.create(course=self.course, kind=Room.Kind.OPEN, title=title)
        Membership.objects.bulk_create(Membership(room=room, user=one.user) for one in members)
        return room

    async def connect(self, path: str, *, worker: int | None = None, **options: Any) -> Client:
        """A socket of the site, of this worker, that is closed at the end of the test."""
        async with self.hall.only(worker):
            client = await Client.open(f"{self.hall.site.socket_url}{path}", **options)
        self._exits.push_async_callback(client.close)
        return client

    async def chat(self, *people: Person, worker: int | None = None) -> Any:
        """Chat sockets of these people, by turns on both workers, or all on one of them.

        Their users count as online, and their `welcome` is read. Of one person just the socket.
        """
        turns = [next(self._turns) if worker is None else worker for _ in people]
        clients: dict[int, Client] = {}
        for turn in sorted(set(turns)):
            async with self.hall.only(turn):
                mine = [index for index, of in enumerate(turns) if of == turn]
                opened = await asyncio.gather(
                    *(self.connect("/ws/chat/", token=people[index].token) for index in mine)
                )
            clients.update(zip(mine, opened, strict=True))
        for client in clients.values():
            welcome = await client.event("welcome")
            await online(welcome["conn_id"])
        sockets = [clients[index] for index in range(len(people))]
        return sockets if len(sockets) > 1 else sockets[0]

    async def dashboard(self, person: Person | None = None, *, worker: int | None = None) -> Client:
        """The instructor's socket, of `ines` where nobody is named; its `welcome` is read."""
        client = await self.connect(
            f"/ws/instructor/{self.course.slug}/",
            token=(person or self.ines).token,
            worker=next(self._turns) if worker is None else worker,
        )
        await client.event("welcome")
        return client


async def online(conn_id: str) -> Connection:
    """The row of a chat socket, once it is there."""
    return await eventually(Connection.objects.filter(id=conn_id).first)


async def in_thread(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call the function in another thread, as a process without sockets would do.

    The admin and management commands are such processes.
    """

    def call() -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    return await asyncio.to_thread(call)


async def eventually(condition: Any, *, within: float = patient(20.0)) -> Any:
    """The first true result of `condition()`, asked for again and again.

    What takes long is asked for more rarely: it is mostly a query, and others need the cores.
    """
    deadline = time.monotonic() + within
    pause = 0.01
    while not (result := condition()):
        assert time.monotonic() < deadline, f"did not happen within {within} s"
        await asyncio.sleep(pause)
        pause = min(pause * 1.2, 0.05)
    return result


def make_person(username: str, display_name: str) -> Person:
    user = User(username=username, display_name=display_name)
    user.set_unusable_password()
    user.save()
    return Person(user, tokens.issue(user))


def make_people(tag: str, *names: str) -> dict[str, Person]:
    """Make users with a token each, all of them with one statement for each table."""
    users = [User(username=f"{name}-{tag}", display_name=name.title()) for name in names]
    for user in users:
        user.set_unusable_password()
    User.objects.bulk_create(users)
    raw = [tokens.PREFIX + secrets.token_urlsafe(32) for _ in users]
    ends = timezone.now() + timedelta(days=90)
    Token.objects.bulk_create(
        Token(user=user, digest=tokens.digest(one), expires_at=ends)
        for user, one in zip(users, raw, strict=True)
    )
    return {name: Person(user, one) for name, user, one in zip(names, users, raw, strict=True)}


def put_into(course: Course, people: dict[Person, str]) -> None:
    """Store that people have these roles in a course, and nothing else: nobody is told."""
    room = Room.objects.get(course=course, kind=Room.Kind.COURSE)
    Enrollment.objects.bulk_create(
        Enrollment(course=course, user=one.user, role=role) for one, role in people.items()
    )
    Membership.objects.bulk_create(Membership(room=room, user=one.user) for one in people)


def make_question(course: Course, slug: str, *, correct: str = "B", choices: str = "ABCD") -> Any:
    question = Question.objects.create(course=course, slug=slug, prompt=f"What is {slug}?")
    Choice.objects.bulk_create(
        Choice(
            question=question, letter=letter, text=f"choice {letter}", is_correct=letter == correct
        )
        for letter in choices
    )
    return question


def body(message: Message) -> Frame:
    """A stored message as it is on the wire."""
    return {
        "id": str(message.id),
        "seq": message.seq,
        "room": str(message.room_id),
        "user": {
            "username": message.sender.username,
            "display_name": message.sender.shown_name,
        },
        "timestamp": message.created_at.timestamp(),
        "text": message.text,
        "kind": message.kind,
    }


def frames_of(client: Client, room: object) -> list[bytes]:
    """The frames of a room's messages as a client got them, in the order of arrival."""
    return [
        frame
        for frame in client.raw
        if b'"action":"new_message"' in frame and f'"room":"{room}"'.encode() in frame
    ]


def seqs_of(client: Client, room: object) -> list[int]:
    return [json.loads(frame)["message"]["seq"] for frame in frames_of(client, room)]


def store(
    room: Room | str, sender: Person, *texts: str, at: datetime | None = None
) -> list[Message]:
    """Messages put into the database, of which no worker hears."""
    with transaction.atomic():
        locked = Room.objects.select_for_update().get(pk=getattr(room, "pk", room))
        messages = Message.objects.bulk_create(
            Message(
                room=locked,
                seq=locked.last_seq + number,
                sender=sender.user,
                uuid=uuid.uuid4().hex,
                text=text,
                created_at=at or timezone.now(),
            )
            for number, text in enumerate(texts, start=1)
        )
        locked.last_seq += len(texts)
        locked.save(update_fields=["last_seq"])
    return messages
