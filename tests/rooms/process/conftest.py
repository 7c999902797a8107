"""A process whose sockets are checked, without a server."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection

from accounts.credentials import Credential
from rooms.delivery import names
from rooms.delivery.hub import Hub
from rooms.models import Course, Enrollment, Membership, Room
from rooms.process import revalidation
from rooms.process.revalidation import Revalidation
from rooms.process.threads import Threads
from rooms.queries import entitlements, missed, unchanged
from tests.rooms.cast import Person, eventually, in_thread, make_person
from tests.rooms.delivery.test_hub import Socket


class HeldThreads(Threads):
    """Threads whose answers come only when they are let go, but for what a check may leave out."""

    def __init__(self) -> None:
        super().__init__(2)
        self.free = asyncio.Event()
        self.free.set()
        self.held = 0
        self.reads = 0

    async def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.reads += function is entitlements.read
        result = await super().run(function, *args, **kwargs)
        if function is unchanged.changed:
            return result
        self.held += 1
        await self.free.wait()
        self.held -= 1
        return result


@dataclass
class Place:
    """A process with the sockets of students of a course, and an open room of it."""

    hub: Hub
    check: Revalidation
    threads: HeldThreads
    course: Course
    room: Room
    ada: Person
    bea: Person
    renewed: list[Any] = field(default_factory=list)

    @property
    def audience(self) -> str:
        return names.room(self.room.id)

    async def enter(self, person: Person, *joined: Room) -> Socket:
        """A chat socket of theirs that is in these rooms."""
        socket = Socket(person.user.pk)
        self.hub.add(socket)
        self.hub.join(socket, names.user(person.user.pk), names.EVERYONE)
        await self.hub.subscribe(socket, [names.course(self.course.pk)])
        for room in joined:
            room.refresh_from_db()
            group = names.course(self.course.pk)
            self.hub.join(socket, names.room(room.id), group, room.last_seq)
        token = person.user.peerchat_tokens.get()
        credential = Credential(person.user.pk, token=token.pk)
        self.check.watch(socket, credential, token.expires_at, self.renewed.append)
        return socket

    @contextlib.asynccontextmanager
    async def reading(self, job: Any):
        """Run the body of the `with` after a check has read the database, before it acts on it."""
        self.threads.free.clear()
        task = asyncio.create_task(job)
        await eventually(lambda: self.threads.held)
        yield
        self.threads.free.set()
        await task

    async def done(self) -> None:
        """Wait until everything that a check began has ended."""
        await eventually(lambda: not self.check._tasks)


@pytest.fixture
def people(transactional_db: None) -> dict[str, Any]:
    course = Course.objects.create(slug="physics", title="Physics")
    ada, bea = make_person("ada", "Ada"), make_person("bea", "Bea")
    for one in (ada, bea):
        Enrollment.objects.create(course=course, user=one.user)
    room = Room.objects.create(course=course, kind=Room.Kind.OPEN, title="Help")
    Membership.objects.create(room=room, user=bea.user)
    return {"course": course, "ada": ada, "bea": bea, "room": room}


@pytest.fixture
async def place(people, settings, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setattr(revalidation, "CONFIRM_AFTER", 0.05)
    # The test shares what its fixture has opened, which is closed at the end.
    connection.ensure_connection()
    threads = HeldThreads()

    async def fetch(audience, after, limit):
        return (await in_thread(missed.frames_after, audience, after, limit)).rows

    async def compare(known, within):
        return await in_thread(missed.compare, known, within)

    def recheck(entry):
        check.recheck(entry)

    hub = Hub(
        fetch=fetch,
        compare=compare,
        compare_every=3600.0,
        on_restored=lambda: None,
        on_late=lambda group, audience: None,
        on_changed=lambda audience: None,
        on_seen=lambda entry: None,
        on_recheck=recheck,
    )
    check = Revalidation(hub=hub, threads=threads)
    yield Place(hub=hub, check=check, threads=threads, **people)
    await check.stop()
    for socket in list(hub.connections.values()):
        socket.dispose()
        hub.drop(socket)
    await hub.stop()
    threads.stop()
    # This context's own connection goes back to the pool.
    connection.close()


@pytest.fixture
def course_room(people) -> Room:
    return Room.objects.get(course=people["course"], kind=Room.Kind.COURSE)
