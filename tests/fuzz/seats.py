"""The clients that send anything, and the answers that they may get."""

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.client import Client, Frame
from tests.fuzz.grammar import Case, World
from tests.pace import patient
from tests.rooms.cast import Person

CODES = frozenset(
    {
        *("invalid_json", "invalid_message_format", "unknown_action", "authentication_required"),
        *("invalid_token", "permission_denied", "invalid_room_id", "empty_text", "text_too_long"),
        *("rate_limited", "no_partner", "round_closed", "illegal_transition", "invalid_choice"),
        *("invalid_topic", "uuid_reused"),
    }
)
"""All codes of the contract but `unavailable`, which no input of a client may cause."""
WITHIN = patient(40.0)
"""Seconds until a bystander must have a message, whatever the others do."""


@dataclass
class Seat:
    """A person, or nobody, who sends anything to one endpoint."""

    person: Person | None
    path: str
    blind: bool = False
    """True for people in no course, who must be told nothing."""
    may_become: Sequence[Person] = ()
    """The people as whom they can log in over the socket."""

    @property
    def names(self) -> set[str]:
        """Return the usernames under which they may write."""
        known = [self.person] if self.person is not None else self.may_become
        return {person.name for person in known}


class Socket:
    """An open socket of a seat, and what was sent over it."""

    def __init__(self, seat: Seat, client: Client, prefix: str) -> None:
        self.seat = seat
        self.client = client
        self.sent: list[Case] = []
        self.frames: list[str] = []
        self._number = ""
        self._numbers = (f"{prefix}.{number}." for number in itertools.count())

    async def send(self, case: Case, world: World, *, again: bool = False) -> None:
        """Send a frame with a uuid of its own, or with that of the one before."""
        number = self._number = self._number if again else next(self._numbers)
        frame = world.fill(case.frame).replace("<uuid>", number)
        for person in self.seat.may_become or filter(None, [self.seat.person]):
            frame = frame.replace("<token own>", person.token)
        self.sent.append(
            Case(
                frame,
                case.uuid and case.uuid.replace("<uuid>", number),
                case.action,
                case.refused,
            )
        )
        if self.client.socket.close_code is None:
            await self.client.send(frame)

    def replies(self) -> list[Frame]:
        """Return the frames received that are replies to frames sent."""
        found = []
        for raw in self.client.raw:
            frame = json.loads(raw)
            if "status" not in frame or str(frame["uuid"]).startswith("barrier"):
                continue
            if frame["action"] == "new_message" and frame["status"] == "success":
                message = frame["message"]
                if message["kind"] != "text" or message["user"]["username"] not in self.seat.names:
                    continue
            found.append(frame)
        return found

    async def settle(self) -> None:
        """Wait until everything is answered, and say whether it was as it should."""
        try:
            async with asyncio.timeout(WITHIN):
                await self._barrier()
                while self._is_owed_answers() and self._open:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                # By now any superfluous reply would be here.
                await self._barrier()
        except TimeoutError:
            pass
        self._check()

    def _is_owed_answers(self) -> bool:
        replies = self.replies()
        silent = sum(_may_be_silent(case) for case in self.sent)
        if len(replies) < len(self.sent) - silent:
            return True
        came = Counter(frame["uuid"] for frame in replies)
        certain = Counter(case.uuid for case in self.sent if case.action not in {None, "typing"})
        return not certain <= came

    async def _barrier(self) -> None:
        if not self._open:
            await self.client.socket.wait_closed()
            return
        name = f"barrier {next(_barriers)}"
        await self.client.send(json.dumps({"uuid": name, "action": "ping"}))
        found: set[str] = set()
        while name not in found and self._open:
            await asyncio.sleep(0.001)
            found = {one["uuid"] for raw in self.client.raw if "status" in (one := json.loads(raw))}

    @property
    def _open(self) -> bool:
        return self.client.socket.close_code is None

    def _check(self) -> None:
        replies = self.replies()
        for frame in replies:
            if frame["status"] == "error":
                assert frame["error_code"] in CODES, frame
                assert isinstance(frame["error_message"], str), frame
                assert frame["error_message"], frame
            else:
                assert frame["status"] == "success", frame
        malformed = sum(map(_is_malformed, replies))
        if self._open:
            assert malformed < 10, "ten malformed frames, and the socket is open"
            self._check_answers(replies)
        else:
            code = self.client.socket.close_code
            why = [frame["error_code"] for frame in replies if frame["status"] == "error"]
            assert (code == 4400 and malformed == 10) or (
                code == 4401 and "invalid_token" in why
            ), (code, malformed, why, self.sent[-3:])
        if self.seat.blind:
            events = {
                json.loads(raw)["action"] for raw in self.client.raw if b'"status"' not in raw
            }
            assert events <= {"welcome", "direct_data"}, events

    def _check_answers(self, replies: list[Frame]) -> None:
        answers: dict[str | None, list[Frame]] = {}
        for frame in replies:
            answers.setdefault(frame["uuid"], []).append(frame)
        under: dict[str | None, list[Case]] = {}
        for case in self.sent:
            if case.uuid is not None:
                under.setdefault(case.uuid, []).append(case)
        for uuid, cases in under.items():
            found = answers.get(uuid, [])
            assert len(found) <= len(cases), (cases, found)
            certain = [case for case in cases if case.action is not None]
            owed = sum(case.action != "typing" for case in certain)
            assert owed <= len(found), f"no answer to {cases}"
            if len(certain) < len(cases):
                continue
            for frame in found:
                assert frame["action"] in _answering(certain), (cases, frame)
            if all(case.refused for case in certain):
                assert len(found) == len(cases), (cases, found)
                assert {frame["status"] for frame in found} == {"error"}, (cases, found)
        silent = sum(_may_be_silent(case) for case in self.sent)
        assert len(self.sent) - silent <= len(replies) <= len(self.sent), (
            f"{len(replies)} replies to {len(self.sent)} frames: {self.sent} {replies}"
        )


_barriers = itertools.count(1)


def _may_be_silent(case: Case) -> bool:
    if case.action is not None:
        return case.action == "typing"
    # The name may be written with escapes.
    return "typing" in re.sub(r"\\u00([2-7][0-9a-f])", lambda m: chr(int(m[1], 16)), case.frame)


def _answering(cases: Sequence[Case]) -> set[str]:
    """Return the actions that the replies to these cases may have."""
    actions = {case.action for case in cases if case.action is not None}
    return actions | ({"new_message"} if "private_message" in actions else set())


def _is_malformed(frame: Frame) -> bool:
    """Return whether the reply is to a frame that counts towards 4400."""
    return frame["status"] == "error" and (
        frame["error_code"] == "invalid_json"
        or frame["error_message"]
        in {
            'A command is a JSON object with a "uuid" and an "action".',
            "Frames must be text, not binary.",
        }
    )
