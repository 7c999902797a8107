"""Threads for the database work of many sockets."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from django.db import close_old_connections

from accounts import outages
from rooms.wire.errors import Unavailable

logger = logging.getLogger(__name__)

T = TypeVar("T")


class Threads:
    """A fixed number of threads.

    The number of sockets bounds the queue, as a socket reads no command before the last is done.
    """

    def __init__(self, number: int) -> None:
        self._executor = ThreadPoolExecutor(number, thread_name_prefix="database")

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call the function in a thread and return its result.

        Raises Unavailable if the database does not answer.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, partial(_call, function, args, kwargs))

    def stop(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def _call(function: Callable[..., T], args: Any, kwargs: Any) -> T:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    except outages.ERRORS as error:
        outages.note(error, logger)
        raise Unavailable from error
    finally:
        close_old_connections()
