"""A user at the terminal client."""

import asyncio
import os
import pty
import sys
from collections.abc import Callable
from typing import Any

from tests.pace import patient
from tests.servers import ROOT

WITHIN = patient(20.0)
"""Seconds after which a test stops waiting for an output."""


async def until(condition: Callable[[], Any]) -> Any:
    async with asyncio.timeout(WITHIN):
        while not (found := condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return found


class Desk:
    """`python -m peerchat.client` with somebody at it: in a terminal, or behind a pipe."""

    def __init__(self, process: asyncio.subprocess.Process, typed: int, shown: int) -> None:
        self.process = process
        self.text = ""
        self._typed, self._shown = typed, shown
        os.set_blocking(shown, False)
        asyncio.get_running_loop().add_reader(shown, self._read)

    @classmethod
    async def sit(cls, url: str, token: str, *, terminal: bool) -> "Desk":
        ours, theirs = pty.openpty()
        typed, stdin = (ours, theirs) if terminal else reversed(os.pipe())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "peerchat.client", url),
            cwd=ROOT,
            env={**os.environ, "PEERCHAT_TOKEN": token, "TERM": "xterm"},
            stdin=stdin,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        for descriptor in {stdin, theirs}:
            os.close(descriptor)
        return cls(process, typed, ours)

    def _read(self) -> None:
        try:
            self.text += os.read(self._shown, 65_536).decode(errors="replace")
        except OSError:
            asyncio.get_running_loop().remove_reader(self._shown)

    def type(self, line: str) -> None:
        os.write(
            self._typed,
            f"{line}\r".encode() if self._typed == self._shown else f"{line}\n".encode(),
        )

    async def shows(self, text: str) -> None:
        try:
            await until(lambda: text in self.text)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not in {self.text!r}") from None

    async def leave(self) -> int:
        self.type("/quit")
        async with asyncio.timeout(WITHIN):
            code = await self.process.wait()
        asyncio.get_running_loop().remove_reader(self._shown)
        for descriptor in {self._typed, self._shown}:
            os.close(descriptor)
        return code
