"""A socket that reconnects and sends unanswered commands again."""

import asyncio
import contextlib
import json
import logging
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

logger = logging.getLogger(__name__)

Body = dict[str, Any]

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Bounds in seconds of the wait before a reconnection, which is random and grows."""
STEADY_AFTER = 30.0
"""Seconds of connection after which the wait starts again from the first."""
REPLY_WITHIN = 30.0
"""Seconds a command waits for its reply, including reconnections."""
HANDSHAKE_WITHIN = 30.0
"""Seconds that a handshake may take, and again the welcome, as a whole class may be arriving."""
FINAL_CODES = frozenset({4401, 4403})
"""Close codes after which the socket does not reconnect."""
TOO_MANY = 4429
"""The close code for too much unread data or too many sockets of the user, which must not push each
other out."""


class ClientError(Exception):
    """Signals a failure between a client and its site; the text is for people."""


class Unreachable(ClientError):
    """Signals that no server answers."""


class Denied(ClientError):
    """Signals that the site refuses the credentials, or that the socket is not for this user."""


class Closed(ClientError):
    """Signals that the client closed itself, or that the site closed it for good.

    `code` is the close code.
    """

    def __init__(self, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.code = code


class CommandRefused(ClientError):
    """Signals that the site answered a command with an error.

    `code` is its `error_code`, and `retry_after` the seconds to wait if the command came too fast.
    """

    def __init__(self, body: Body) -> None:
        self.code = str(body.get("error_code"))
        self.retry_after = float(body.get("retry_after", 0))
        super().__init__(str(body.get("error_message")))


class ReconnectingSocket:
    """A socket to one endpoint of the site, which reconnects until it is closed.

    `on_frame` gets each frame, including replies. `on_connect` gets the `welcome` of each
    connection. Until it is done, only its own commands go out, which are `urgent`. Then unanswered
    commands are sent again in their order. `on_lost` is called when the connection is gone.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        on_frame: Callable[[Body, str], None],
        on_connect: Callable[[Body], Awaitable[None]],
        on_lost: Callable[[], None],
    ) -> None:
        self._url = url
        self._token = token
        self._on_frame = on_frame
        self._on_connect = on_connect
        self._on_lost = on_lost
        self._socket: ClientConnection | None = None
        # The usernames under which the user's own messages come.
        self._mine: set[str] = set()
        # Commands without an answer, in order, and those that this connection has sent.
        self._pending: dict[str, tuple[str, asyncio.Future[Body]]] = {}
        self._sent: set[str] = set()
        self._ready = asyncio.Event()
        self._ended: ClientError | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect for the first time. Raises Unreachable or Denied."""
        socket, welcome = await self._connect()
        self._task = asyncio.create_task(self._keep(socket, welcome))
        ready = asyncio.create_task(self._ready.wait())
        try:
            await asyncio.wait({ready, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if self._ended is not None:
            raise self._ended

    async def close(self) -> None:
        """Close the socket. Commands that wait for a reply raise Closed."""
        self._end(Closed("The client was closed."))
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def wait_ended(self) -> ClientError:
        """Wait until the socket has ended for good, and return the reason."""
        assert self._task is not None
        await asyncio.wait([self._task])
        return self._ended or ClientError("The client failed.")

    async def ask(
        self,
        action: str,
        fields: Body | None = None,
        *,
        answered_by: str | None = None,
        urgent: bool = False,
    ) -> Body:
        """Send a command, and repeat it after each reconnection until it is answered.

        `answered_by` is the action of the reply if it is not the command's own. Raises
        CommandRefused, Closed, or TimeoutError after `REPLY_WITHIN` seconds.
        """
        if self._ended is not None:
            raise self._ended
        name = uuid.uuid4().hex
        text = json.dumps({"uuid": name, "action": action, **(fields or {})}, ensure_ascii=False)
        future: asyncio.Future[Body] = asyncio.get_running_loop().create_future()
        key = name + (answered_by or action)
        self._pending[key] = (text, future)
        try:
            async with asyncio.timeout(REPLY_WITHIN):
                if urgent or self._ready.is_set():
                    self._sent.add(key)
                    await self._send(text)
                body = await future
        finally:
            self._pending.pop(key, None)
            self._sent.discard(key)
        if body["status"] != "success":
            raise CommandRefused(body)
        return body

    async def tell(self, action: str, fields: Body) -> None:
        """Send a command that has no reply, if there is a connection."""
        await self._send(json.dumps({"uuid": uuid.uuid4().hex, "action": action, **fields}))

    async def _send(self, text: str) -> None:
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):  # which the reader notices
                await self._socket.send(text)

    async def _connect(self) -> tuple[ClientConnection, Body]:
        try:
            socket = await connect(
                self._url,
                additional_headers={"Authorization": f"Bearer {self._token}"},
                open_timeout=HANDSHAKE_WITHIN,
                ping_interval=20,
                ping_timeout=20,
                close_timeout=2,
                max_size=None,
                proxy=None,
            )
            try:
                async with asyncio.timeout(HANDSHAKE_WITHIN):
                    return socket, json.loads(await socket.recv())
            except BaseException:
                await socket.close()
                raise
        except InvalidStatus as error:
            status = error.response.status_code
            if status in (401, 403, 404):
                raise Denied(f"The site refused the socket (HTTP {status}).") from None
            raise Unreachable(f"The site answered with HTTP {status}.") from None
        except (OSError, TimeoutError, WebSocketException) as error:
            raise Unreachable(f"Cannot reach the site: {error or 'no answer'}.") from None

    async def _keep(self, socket: ClientConnection, welcome: Body) -> None:
        wait = FIRST_WAIT
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await self._serve(socket, welcome)
            if socket.close_code in FINAL_CODES:
                self._end(Closed("The site has logged this client out.", socket.close_code))
                return
            if socket.close_code == TOO_MANY:
                wait = LONGEST_WAIT
            elif loop.time() - began > STEADY_AFTER:
                wait = FIRST_WAIT
            while True:
                await asyncio.sleep(random.uniform(wait / 2, wait))
                wait = min(wait * 2, LONGEST_WAIT)
                try:
                    socket, welcome = await self._connect()
                    break
                except Unreachable as error:
                    logger.info("%s", error)
                except Denied as error:
                    self._end(error)
                    return

    async def _serve(self, socket: ClientConnection, welcome: Body) -> None:
        self._socket = socket
        self._mine = {welcome["user"]["username"]}
        for course in welcome.get("courses", ()):
            self._note_pseudonym(course)
        self._sent.clear()
        greeting = asyncio.create_task(self._greet(welcome))
        try:
            async for text in socket:
                assert isinstance(text, str), "the server sends text frames only"
                self._take(text)
        except ConnectionClosed:
            pass
        finally:
            self._socket = None
            self._ready.clear()
            self._on_lost()
            greeting.cancel()
            await asyncio.gather(greeting, return_exceptions=True)
            await socket.close()

    async def _greet(self, welcome: Body) -> None:
        await self._on_connect(welcome)
        while (key := next((key for key in self._pending if key not in self._sent), "")) != "":
            self._sent.add(key)
            await self._send(self._pending[key][0])
        self._ready.set()

    def _take(self, text: str) -> None:
        body = json.loads(text)
        self._note_pseudonym(body)
        waiting = self._pending.get(f"{body.get('uuid')}{body['action']}")
        if waiting is None and body.get("status") == "error":
            # A refused private_message is answered under its own name.
            waiting = next(
                (p for key, p in self._pending.items() if key.startswith(str(body.get("uuid")))),
                None,
            )
        if waiting is not None and not waiting[1].done() and not self._is_of_another(body):
            waiting[1].set_result(body)
        self._on_frame(body, text)

    def _is_of_another(self, body: Body) -> bool:
        """Return whether it is another user's message, which may have the same uuid."""
        if body["action"] != "new_message" or body["status"] != "success":
            return False
        return body["message"]["user"]["username"] not in self._mine

    def _note_pseudonym(self, body: Body) -> None:
        """Note the user's pseudonym, if a course of the welcome, an event or a state tells it."""
        if me := body.get("me"):
            self._mine.update((me["username"], *me["earlier"]))

    def _end(self, error: ClientError) -> None:
        self._ended = self._ended or error
        for _, future in self._pending.values():
            if not future.done():
                future.set_exception(error)
