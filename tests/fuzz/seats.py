"""Who sends anything, and what may come back to them."""

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.client import Client, Frame
from tests.fuzz.grammar import Case, World
from tests.rooms.cast import Person

CODES = frozenset(
    {
        *("invalid_json", "invalid_message_format", "unknown_action", "authentication_required"),
        *("invalid_token", "permission_denied", "invalid_room_id", "empty_text", "text_too_long"),
        *("rate_limited", "no_partner", "round_closed", "illegal_transition", "invalid_choice"),
        *("invalid_topic", "uuid_reused"),
    }
)
"""All of the contract but `unavailable`, which nothing that a client sends may cause."""
WITHIN = 40.0
"""Seconds until a bystander must have a message, whatever the others do."""


@dataclass
class Seat:
    """One of those who send anything."""

    person: Person | None
    path: str
    blind: bool = False
    """Whether they are in no course, and must be told nothing."""
    may_become: Sequence[Person] = ()
    """As whom they can log in over the socket."""

    @property
    def names(self) -> set[str]:
        """Under which they may speak."""
        known = [self.person] if self.person is not None else self.may_become
        return {person.name for person in known}


class Socket:
    """An open socket of a seat, and what was sent over it."""

    def __init__(self, seat: Seat, client: Client, prefix: str) -> None:
        self.seat = seat
        self.client = client
        self.sent: list[Case] = []
        self.frames: list[str] = []
        self._numbers = (f"{prefix}.{number}." for number in itertools.count())

    async def send(self, case: Case, world: World) -> None:
        number = next(self._numbers)
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
        """What answered the frames, of what came."""
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
        silent = sum(_may_be_silent(case) for case in self.sent)
        try:
            async with asyncio.timeout(WITHIN):
                await self._barrier()
                while len(self.replies()) < len(self.sent) - silent and self._open:  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
                await self._barrier()
        except TimeoutError:
            pass
        self._check()

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
        certain = [case for case in self.sent if case.action is not None]
        names = Counter(case.uuid for case in self.sent if case.uuid is not None)
        answers: dict[str, list[Frame]] = {}
        for frame in replies:
            answers.setdefault(frame["uuid"], []).append(frame)
        for uuid, found in answers.items():
            if uuid in names:
                assert len(found) <= names[uuid], (uuid, found)
        for case in certain:
            assert case.uuid is not None
            found = answers.get(case.uuid, [])
            if case.action == "typing" and not found:
                assert not case.refused, case
                continue
            assert found, f"no answer to {case}"
            for frame in found:
                also = "new_message" if case.action == "private_message" else case.action
                assert frame["action"] in {case.action, also}, (case, frame)
                if case.refused:
                    assert frame["status"] == "error", (case, frame)
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


def _is_malformed(frame: Frame) -> bool:
    """Whether the reply is to a frame that counts towards 4400."""
    return frame["status"] == "error" and (
        frame["error_code"] == "invalid_json"
        or frame["error_message"]
        in {
            'A command is a JSON object with a "uuid" and an "action".',
            "Frames are text, not binary.",
        }
    )
