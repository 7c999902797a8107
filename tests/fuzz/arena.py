"""The arena of the fuzzing: a running site, clients that send anything, and bystanders.

After any input, each frame was answered once and by the contract, the log of the site has no
error, its workers are the same, and the sockets of the bystanders are open and up to date.
"""

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rooms.conf import LIMITS
from rooms.models import ClassSettings, Course, Enrollment, Membership, Message, Room
from tests.client import Client
from tests.fuzz.grammar import PLACES, Case, World
from tests.fuzz.seats import WITHIN, Seat, Socket
from tests.rooms.cast import Person, make_person, make_question, store
from tests.running import Site

T = TypeVar("T")

NEXT = {
    "idle": ["start_question"],
    "vote": ["stop_vote"],
    "vote_closed": ["make_partners", "enable_chat"],
    "discuss": ["start_revote"],
    "revote": ["stop_vote"],
    "revote_closed": ["reveal"],
    "revealed": ["start_question"],
}
"""The commands with which a class goes on from a phase."""

FIELDS: dict[str, list[dict[str, Any]]] = {
    "start_question": [
        {"question": "force"},
        {"question": "force", "seconds": 3600},
        {"question": "open"},
    ],
    "make_partners": [{"group_size": 2}, {"group_size": 5}, {"group_size": 2}],
    "start_revote": [{}, {"seconds": 3600}],
}
"""The fields of these commands, in turns: a round can be extended, the right answer of a question
given, and groups split or joined. There are three sizes, as each cycle of phases pairs twice."""

VOTERS = {"bea": "A", "ben": "B", "carl": "B", "dan": "A"}
"""Students who vote before anything else, so that there are groups."""

BIG = ("x" * 4000, "x" * 4001, "\N{WAVING HAND SIGN}" * 4000, "\\u0007" * 4000)

UNLIMITED = {
    # There are no rate limits: their refusals would hide the code behind them.
    **{one.name: "1000000" for one in LIMITS if one.name.endswith(("_RATE", "_BURST"))},
    "AUTHENTICATE_WITHIN": "600",
    "PARTNER_GONE_AFTER": "4",
}


@dataclass
class Watcher:
    """The socket of a bystander: it must stay open and miss no message."""

    client: Client
    seqs: dict[str, int]

    def read(self) -> None:
        """Look at what came: the messages of each room follow each other."""
        code = self.client.socket.close_code
        assert code is None, f"the socket of a bystander was closed with {code}"
        for raw in self.client.raw:
            frame = json.loads(raw)
            if frame["action"] == "new_message" and frame["status"] == "success":
                room, seq = frame["room"], frame["message"]["seq"]
                assert seq == self.seqs.get(room, seq - 1) + 1, (room, seq, self.seqs)
                self.seqs[room] = seq
        self.client.raw.clear()
        self.client.forget()


@dataclass
class Arena:
    """A site with a course that takes any input, and a second course beside it."""

    site: Site
    loop: asyncio.AbstractEventLoop
    """Runs in a thread of its own: the bystanders answer pings while cases are made up."""
    course: Course
    people: dict[str, Person]
    seats: dict[str, Seat]
    world: World
    beside: str
    """The room of the course beside."""
    watchers: list[Watcher] = field(default_factory=list)
    cases: int = 0
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The number of answers by action, and by `success` or error code."""
    _lead: Client | None = None
    _workers: set[int] = field(default_factory=set)
    _log_read: int = 0
    _fields: dict[str, Iterator[dict[str, Any]]] = field(
        default_factory=lambda: {name: itertools.cycle(each) for name, each in FIELDS.items()}
    )
    _names: Any = field(default_factory=lambda: itertools.count(1))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    # --- bystanders ------------------------------------------------------------------------

    def start(self) -> None:
        self._workers = self.site.workers()
        self.run(self._seat_watchers())

    async def _seat_watchers(self) -> None:
        # Several of each: they are spread over the workers.
        for name in ("bea", "bea", "ben", "quinn", "quinn", "rose", "rose", "rose"):
            client = await self.open("/ws/chat/", self.people[name])
            await client.event("welcome")
            listed = await client.ask("list_rooms")
            seqs = {room["room"]: room["last_seq"] for room in listed["rooms"]}
            self.watchers.append(Watcher(client, seqs))

    def stop(self) -> None:
        async def close() -> None:
            for watcher in self.watchers:
                await watcher.client.close()
            if self._lead is not None:
                await self._lead.close()

        self.run(close())

    async def open(self, path: str, person: Person | None) -> Client:
        return await Client.open(
            f"{self.site.socket_url}{path}", token=person.token if person else None
        )

    async def others_are_well(self) -> None:
        """The workers live, nothing went wrong in them, and the bystanders talk."""
        text = f"still here {next(self._names)}"
        speaker, *listeners = self.watchers[3:]
        async with asyncio.timeout(WITHIN):
            while True:
                said = await speaker.client.command("new_message", room=self.beside, text=text)
                if said["status"] == "success":
                    break
                # The usual limits hold for bystanders, too.
                await asyncio.sleep(said["retry_after"])
            for watcher in listeners:
                await watcher.client.message(text)
        for watcher in self.watchers:
            watcher.read()
        self.log_is_clean()
        assert self.site.workers() == self._workers, self.site.log.read_text()[-5000:]

    def log_is_clean(self) -> None:
        with self.site.log.open("rb") as log:
            log.seek(self._log_read)
            new = log.read().decode(errors="replace")
        self._log_read += len(new.encode())
        for entry in re.split(r"(?m)^(?=\d{4}-\d\d-\d\d )", new):
            # Django logs the traceback of a request that it answers with 400.
            if " django.security." not in entry.partition("\n")[0]:
                assert re.search(r"Traceback| ERROR | CRITICAL ", entry) is None, entry

    def rooms_are_whole(self) -> None:
        """In every room the numbers are 1, 2, 3 and so on, and each uuid is there once."""
        for room in Room.objects.filter(course=self.course):
            seqs = list(
                Message.objects.filter(room=room).order_by("seq").values_list("seq", flat=True)
            )
            assert seqs == list(range(1, room.last_seq + 1)), (room.kind, room.pk)

    # --- commands --------------------------------------------------------------------------

    async def lead_to(self, phase: str) -> None:
        """Bring the class into a phase, wherever it stands."""
        if self._lead is None:
            path = f"/ws/instructor/{self.course.slug}/"
            self._lead = await self.open(path, self.people["iris"])
        async with asyncio.timeout(WITHIN):
            while (now := (await self._lead.ask("state"))["phase"]) != phase:
                actions = NEXT[now] if (now, phase) != ("revealed", "idle") else ["next_question"]
                for action in actions:
                    fields = next(self._fields[action]) if action in self._fields else {}
                    # It may be refused where a round ended meanwhile: the next turn goes on.
                    begun = await self._lead.command(action, **fields)
                    if action == "start_question" and begun["status"] == "success":
                        await self._vote(fields["question"])
            if phase == "vote_closed":
                # So that the chat can be opened.
                await self._lead.command("make_partners", **next(self._fields["make_partners"]))
        self._lead.raw.clear()
        self._lead.forget()

    async def _vote(self, question: str) -> None:
        for name, choice in VOTERS.items():
            client = await self.open("/ws/chat/", self.people[name])
            await client.command(
                "cast_vote", course=self.course.slug, question=question, round=1, choice=choice
            )
            await client.close()

    async def play(self, phase: str, moves: Sequence[tuple[str, Sequence[Case]]]) -> None:
        """Let each seat that is named send its frames, all at once, and see what comes of it."""
        await self.lead_to(phase)
        names = sorted({name for name, _ in moves})
        example = next(self._names)
        opened = await asyncio.gather(*map(self._sit_down, names))
        sockets = {
            name: Socket(self.seats[name], client, f"{example}.{index}")
            for index, (name, client) in enumerate(zip(names, opened, strict=True))
        }
        try:
            for name, cases in moves:
                for number, case in enumerate(cases):
                    await sockets[name].send(case, self.world, again=number > 0)
                    self.cases += 1
            await asyncio.gather(*(socket.settle() for socket in sockets.values()))
            for socket in sockets.values():
                for frame in socket.replies():
                    code = frame.get("error_code", "success")
                    self.answers[str(frame["action"])[:30], code] += 1
        finally:
            await asyncio.gather(*(client.close() for client in opened))
        await self.others_are_well()

    async def _sit_down(self, name: str) -> Client:
        seat = self.seats[name]
        client = await self.open(seat.path, seat.person)
        if seat.person is not None:
            welcome = await client.event("welcome")
            known = self.world.values["socket"]
            known.insert(0, welcome["conn_id"])
            del known[PLACES:]
            if seat.path == "/ws/chat/":
                listed = (await client.ask("list_rooms"))["rooms"]
                for place, kind in ((-2, "partners"), (-1, "direct")):
                    for room in listed:
                        if room["kind"] == kind:
                            self.world.values["room"][place] = room["room"]
                client.raw.clear()
        return client


def make_arena(site: Site, loop: asyncio.AbstractEventLoop, tag: str) -> Arena:
    """People and courses, in the database of the tests."""
    course = Course.objects.create(slug=f"physics-{tag}", title="Physics")
    ClassSettings.objects.create(course=course, asks_place=True)
    other = Course.objects.create(slug=f"chemistry-{tag}", title="Chemistry")
    beside = Course.objects.create(slug=f"biology-{tag}", title="Biology")
    for slug in ("force", "work"):
        make_question(course, slug)
    make_question(course, "open", correct="")
    make_question(other, "bond")
    names = (
        *(
            "ada",
            "bea",
            "ben",
            "carl",
            "dan",
            "nobody",
            "tess",
            "ines",
            "ida",
            "iris",
            "ivan",
            "zoe",
        ),
        *("quinn", "rose"),
    )
    people = {name: make_person(f"{name}-{tag}", name.title()) for name in names}
    for name, place, role in (
        *((name, course, "student") for name in ("ada", "bea", "ben", "carl", "dan", "nobody")),
        ("tess", course, "assistant"),
        ("ines", course, "instructor"),
        ("ida", course, "instructor"),
        ("iris", course, "instructor"),
        ("ivan", other, "instructor"),
        ("quinn", beside, "student"),
        ("rose", beside, "student"),
    ):
        Enrollment.objects.create(course=place, user=people[name].user, role=role)

    def open_room(title: str, *members: str) -> Room:
        room = Room.objects.create(course=course, kind=Room.Kind.OPEN, title=title)
        Membership.objects.bulk_create(
            Membership(room=room, user=people[name].user) for name in members
        )
        return room

    main = Room.objects.get(course=course, kind=Room.Kind.COURSE)
    help_, tea = open_room("Help", "ada", "bea", "carl"), open_room("Tea", "carl", "ines")
    others = Room.objects.get(course=other, kind=Room.Kind.COURSE)
    stored = store(main, people["bea"], "first", "second")
    return Arena(
        site=site,
        loop=loop,
        course=course,
        people=people,
        seats={
            "ada": Seat(people["ada"], "/ws/chat/"),
            "carl": Seat(people["carl"], "/ws/chat/"),
            "ines": Seat(people["ines"], "/ws/chat/"),
            "zoe": Seat(people["zoe"], "/ws/chat/", blind=True),
            "nobody": Seat(None, "/ws/chat/", may_become=[people["nobody"], people["dan"]]),
            "board": Seat(people["ida"], f"/ws/instructor/{course.slug}/"),
            "assistant": Seat(people["tess"], f"/ws/instructor/{course.slug}/"),
            "elsewhere": Seat(people["ivan"], f"/ws/instructor/{other.slug}/"),
        },
        world=World(
            {
                "room": [
                    str(main.pk),
                    str(help_.pk),
                    str(main.pk),
                    str(tea.pk),
                    str(others.pk),
                    main.pk.hex,
                    str(main.pk),
                    str(help_.pk),
                ],
                "message": [str(stored[0].pk), str(stored[1].pk), str(main.pk)],
                "user": [
                    *(people[name].name for name in ("ada", "bea", "ben", "carl", "ines", "zoe")),
                    "x",
                ],
                "course": [*[course.slug] * 4, other.slug, "none", course.slug, course.slug],
                "text": [*BIG, "<b>x</b>", "\\u202etxt"],
                "question": [*["force"] * 3, *["open"] * 2, "work", "bond", "none"],
                "token": ["<token own>", "<token own>", people["dan"].token, "none", "", "x" * 200],
                "socket": [],
            }
        ),
        beside=str(Room.objects.get(course=beside, kind=Room.Kind.COURSE).pk),
    )
