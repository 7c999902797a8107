"""The terminal client, which turns typed lines into commands and prints events."""

import asyncio
import shlex
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.patch_stdout import patch_stdout

from peerchat.client import words
from peerchat.client.client import Client
from peerchat.client.events import Reset, Resumed
from peerchat.client.reconnecting import ClientError
from rooms.wire.course_events import CourseChanged
from rooms.wire.events import (
    ControlEvent,
    CourseRenamed,
    MessageBody,
    NewMessageEvent,
    PartnersEvent,
    QuestionBody,
    RoomAdded,
    RoomInfo,
    RoomRemoved,
    SystemEvent,
)


class UsageError(Exception):
    """Signals input that is not a command; the text explains the usage."""


class Terminal:
    """A chat for one person at a terminal."""

    def __init__(self, client: Client, write: Callable[[str], None]) -> None:
        self.client = client
        self.done = False
        self._write = write
        self._rooms: dict[str, RoomInfo] = {}
        self._listed: list[str] = []
        self._room = ""
        self._course = ""
        # The kind of the current question, by course.
        self._kinds: dict[str, str] = {}
        # The revision of the class as it was shown last, by course.
        self._revisions: dict[str, int] = {}
        self._commands: dict[str, tuple[Callable[..., Awaitable[None]], str]] = {
            "help": (self._help, "/help                    list the commands"),
            "rooms": (self._list_rooms, "/rooms                   list the rooms by number"),
            "go": (self._go, "/go NUMBER               switch to a room"),
            "join": (self._join, "/join NUMBER             join an open room"),
            "leave": (self._leave, "/leave [NUMBER]          leave an open room"),
            "users": (self._users, "/users                   list the members of the room"),
            "msg": (self._private, "/msg USER TEXT           send a direct message"),
            "history": (self._history, "/history [N]             show the last messages"),
            "state": (self._state, "/state                   show the state of the class"),
            "vote": (self._vote, "/vote ANSWER [1-5]       vote, optionally with your confidence"),
            "place": (self._place, "/place hall or elsewhere [SEAT]   say where you are"),
            "share": (self._share, "/share yes or no         let others see your reasons, unnamed"),
            "start": (self._start, "/start QUESTION [SECS]   instructor: pose a question"),
            "quick": (self._quick, "/quick [CHOICES [SECS]]  instructor: ask, unprepared"),
            "correct": (self._correct, "/correct ANSWER ... or - instructor: the right answer"),
            "extend": (self._extend, "/extend [SECS]           instructor: give more time"),
            "countdown": (self._countdown, "/countdown [SECS]        instructor: close soon"),
            "stop": (self._step("stop_vote"), "/stop                    instructor: close now"),
            "partners": (self._partners, "/partners [SIZE]         instructor: form groups"),
            "discuss": (
                self._step("enable_discussion"),
                "/discuss                 instructor: open the discussion",
            ),
            "chat": (self._step("enable_chat"), "/chat                    ... in the chat only"),
            "face": (self._step("enable_face_chat"), "/face                    ... face to face"),
            "revote": (
                self._step("start_revote"),
                "/revote                  instructor: vote again",
            ),
            "reveal": (self._step("reveal"), "/reveal                  instructor: reveal"),
            "reopen": (self._step("reopen"), "/reopen                  instructor: reopen"),
            "next": (self._next, "/next [QUESTION]         instructor: finish"),
            "announce": (self._announce, "/announce TEXT           instructor: tell everyone"),
            "figures": (self._figures, "/figures                 instructor: show figures"),
            "quit": (self._quit, "/quit                    quit"),
        }

    async def begin(self) -> None:
        """Greet the user and select the first course's room."""
        assert self.client.user is not None
        await self._read_rooms()
        courses = self.client.courses
        self._write(f"You are {self.client.user.display_name}. /help lists the commands.")
        if courses:
            self._course = courses[0].course
            self._room = courses[0].room
            self._write(f"You are in {courses[0].title}.")
            await self._state()

    @property
    def prompt(self) -> str:
        """Return the text before the input line."""
        return f"{self._title(self._room)}> " if self._room else "> "

    async def line(self, text: str) -> None:
        """Carry out a typed line: a command, or a message to the room."""
        text = text.strip()
        if not text:
            return
        try:
            if not text.startswith("/"):
                await self.client.send(self._here(), text)
                return
            name, _, rest = text[1:].partition(" ")
            if name not in self._commands:
                raise UsageError(f"Unknown command /{name}. /help lists the commands.")
            function, usage = self._commands[name]
            whole = {"msg": 1, "announce": 0}.get(name)
            arguments = _split(rest) if whole is None else rest.split(None, whole)
            try:
                await function(*arguments)
            except (TypeError, ValueError) as error:
                raise UsageError(f"Usage: {usage}") from error
        except UsageError as error:
            self._write(str(error))
        except ClientError as error:
            self._write(f"! {error}")
        except TimeoutError:
            self._write("! No answer from the server. Try again.")

    async def show(self) -> None:
        """Print events until the client is closed."""
        async for event in self.client.listen():
            match event:
                case NewMessageEvent(message=message):
                    self._show_message(message)
                case ControlEvent():
                    self._course = event.course
                    self._note(event.course, event.question)
                    if event.message != "announce" and self._is_news(event):
                        self._write_all(words.of_class(event))
                case CourseRenamed(former=former) if former == self._course:
                    self._course = event.course
                case CourseChanged(archived=True) if event.course == self._course:
                    self._write("* This course is archived: it can be read, but not changed.")
                case PartnersEvent():
                    self._course = event.course
                    await self._read_rooms()
                    self._room = event.room
                    self._write_all(words.of_partners(event))
                case RoomAdded() | RoomRemoved():
                    await self._read_rooms()
                    if self._room not in self._rooms:
                        self._room = next(iter(self._rooms), "")
                case SystemEvent():
                    self._write(f"* {event.text}")
                case Resumed():
                    self._write("* Reconnected.")
                    await self._read_rooms()
                    await self._state()
                case Reset():
                    self._write(f"* You missed many messages in {self._title(event.room)}:")
                case _:
                    pass

    def _write_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._write(line)

    # --- rooms -----------------------------------------------------------------------------

    async def _help(self) -> None:
        self._write("Text that does not start with / goes to the room.")
        for _, usage in self._commands.values():
            self._write("  " + usage)

    async def _read_rooms(self) -> None:
        self._rooms = {info.room: info for info in await self.client.list_rooms()}

    async def _list_rooms(self) -> None:
        await self._read_rooms()
        self._listed = list(self._rooms)
        for number, info in enumerate(self._rooms.values(), start=1):
            unread = max(info.last_seq - info.last_read_seq, 0)
            here = "*" if info.room == self._room else " "
            self._write(
                f"{here}{number:3}  {info.title or info.kind}  ({info.kind}, {info.members} "
                f"{'person' if info.members == 1 else 'people'}, {unread} unread)"
            )

    async def _numbered(self, number: str) -> str:
        if not self._listed:
            self._listed = list(self._rooms)
        index = int(number) - 1
        if not 0 <= index < len(self._listed):
            raise UsageError("No such room number; /rooms lists them.")
        return self._listed[index]

    async def _go(self, number: str) -> None:
        self._room = await self._numbered(number)
        await self._history()

    async def _join(self, number: str) -> None:
        room = await self._numbered(number)
        await self.client.join(room)
        await self._read_rooms()
        self._room = room
        await self._history()

    async def _leave(self, number: str = "") -> None:
        room = await self._numbered(number) if number else self._here()
        await self.client.leave(room)
        self._write("You left the room.")

    async def _users(self) -> None:
        for user in await self.client.users(self._here()):
            mark = "online" if user["online"] else "away"
            self._write(f"  {user['display_name']} ({user['username']}), {mark}")

    async def _private(self, user: str, text: str) -> None:
        await self.client.private_message(user, text)

    async def _history(self, number: str = "20") -> None:
        for message in await self.client.messages(self._here(), limit=int(number)):
            self._show_message(message)

    def _here(self) -> str:
        if not self._room:
            raise UsageError("You are in no room; /rooms lists them.")
        return self._room

    def _title(self, room: str) -> str:
        info = self._rooms.get(room)
        return (info.title or info.kind) if info is not None else "a room"

    def _show_message(self, message: MessageBody) -> None:
        if message.kind == "control":
            return
        where = "" if message.room == self._room else self._title(message.room)
        self._write(words.of_message(message, where))

    # --- the class -------------------------------------------------------------------------

    async def _state(self) -> None:
        state = await self.client.state(self._in_course())
        self._revisions[state["course"]] = state.get("revision", 0)
        if state["phase"] == "idle":
            self._write("-- No question is open.")
        else:
            shown = words.in_state(ControlEvent, state)
            self._note(shown.course, shown.question)
            self._write_all(words.of_class(shown))
        if state["partners"]:
            self._room = state["room"]
            self._write_all(words.of_partners(words.in_state(PartnersEvent, state)))

    def _note(self, course: str, question: QuestionBody | None) -> None:
        self._kinds[course] = "" if question is None else question.kind

    def _is_news(self, event: ControlEvent) -> bool:
        """Return whether a transition is not in what `/state` has shown."""
        revision = event.revision
        return not isinstance(revision, int) or revision > self._revisions.get(event.course, 0)

    async def _vote(self, choice: str, confidence: str = "") -> None:
        answer = self._answer(choice)
        number = await self.client.vote(
            self._in_course(),
            answer,
            confidence=int(confidence) if confidence else None,
        )
        self._write(f"Your vote in round {number}: {words.plain(answer)}.")

    async def _place(self, place: str, *seat: str) -> None:
        await self.client.set_place(self._in_course(), place, seat=" ".join(seat))
        self._write("Your partners learn where you are.")

    async def _share(self, answer: str) -> None:
        shared = {"yes": True, "no": False}.get(answer)
        if shared is None:
            raise ValueError(answer)
        await self.client.share_reasons(self._in_course(), shared=shared)
        self._write(f"Others {'may' if shared else 'do not'} see your reasons without your name.")

    def _answer(self, typed: str) -> str:
        """Return an answer as it is sent: the letters of choices may be typed in lower case."""
        return typed if self._kinds.get(self._course) in ("number", "text") else typed.upper()

    def _in_course(self) -> str:
        if not self._course:
            raise UsageError("You are in no course.")
        return self._course

    async def _control(self, action: str, **fields: Any) -> dict[str, Any]:
        return await self.client.control(self._in_course(), action, **fields)

    def _step(self, action: str) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            await self._control(action)

        return step

    async def _start(self, question: str, seconds: str = "") -> None:
        fields = {"seconds": float(seconds)} if seconds else {}
        await self._control("start_question", question=question, **fields)

    async def _quick(self, choices: str = "4", seconds: str = "") -> None:
        fields = {"seconds": float(seconds)} if seconds else {}
        await self._control("quick_question", choices=int(choices), **fields)

    async def _correct(self, choice: str, *others: str) -> None:
        if choice == "-":
            await self._control("set_correct", choice=None)
            self._write("The right answer is unknown.")
            return
        right = [self._answer(one) for one in (choice, *others)]
        if self._kinds.get(self._course) == "text":
            await self._control("set_correct", choices=right)
        else:
            await self._control("set_correct", choice="".join(right))
        self._write(f"Right: {words.plain(', '.join(right))}.")

    async def _countdown(self, seconds: str = "5") -> None:
        await self._control("count_down_and_stop", seconds=float(seconds))

    async def _extend(self, seconds: str = "30") -> None:
        await self._control("extend", seconds=float(seconds))

    async def _partners(self, size: str = "2") -> None:
        answer = await self._control("make_partners", group_size=int(size))
        self._write(f"{answer['groups']} groups formed. /discuss opens the discussion.")

    async def _next(self, question: str = "") -> None:
        await self._control("next_question", **({"question": question} if question else {}))

    async def _announce(self, text: str) -> None:
        await self._control("announce", text=text)

    async def _figures(self) -> None:
        figures = await self.client.figures(self._in_course())
        self._write_all(words.of_figures(figures))

    async def _quit(self) -> None:
        self.done = True


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError as error:
        raise UsageError(f"Cannot parse that: {error}.") from error


async def run(url: str, username: str, password: str, token: str) -> None:
    """Log in and serve one person until they leave. Raises ClientError or ValueError."""
    client = Client(url, token) if token else await Client.log_in(url, username, password)
    async with client:
        with patch_stdout():
            terminal = Terminal(client, _print)
            await terminal.begin()
            showing = asyncio.create_task(terminal.show())
            reading = asyncio.create_task(_read(terminal))
            done, _ = await asyncio.wait({showing, reading}, return_when=asyncio.FIRST_COMPLETED)
            for task in (showing, reading):
                task.cancel()
            await asyncio.gather(showing, reading, return_exceptions=True)
            for task in done:
                task.result()


async def _read(terminal: Terminal) -> None:
    async for text in _lines(terminal):
        await terminal.line(text)
        if terminal.done:
            return


async def _lines(terminal: Terminal) -> AsyncIterator[str]:
    if not sys.stdin.isatty():
        while text := await asyncio.to_thread(sys.stdin.readline):
            yield text
        return
    session: PromptSession[str] = PromptSession()
    while True:
        try:
            yield await session.prompt_async(lambda: terminal.prompt)
        except EOFError:
            return


def _print(text: str) -> None:
    # sys.stdout is another one while a line is being typed, so it is looked up each time.
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
