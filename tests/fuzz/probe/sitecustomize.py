"""Lets the processes of a site tell what they hold: at SIGUSR2 each writes it to a file.

Python imports this when it starts with this folder in PYTHONPATH. It asks the collector, so that
nothing that is only waiting to be collected counts.
"""

import contextlib
import gc
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Any

OURS = ("accounts.", "peerchat.", "rooms.")
TASK = "_asyncio.Task"
THEIRS = (
    "_asyncio.",
    "asyncio.",
    "autobahn.",
    "channels.",
    "channels_redis.",
    "daphne.",
    "twisted.",
    "redis.",
)


def _held() -> dict[str, int]:
    """Return the size of each container of our objects and modules, by name."""
    sizes: Counter[str] = Counter()
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS):
            for key, value in list(vars(module).items()):
                _count(sizes, f"{name}.{key}", value)
    for one in gc.get_objects():
        if (kind := _name(one)).startswith(OURS):
            for key, value in _attributes(one):
                _count(sizes, f"{kind}.{key}", value)
    return {name: size for name, size in sizes.items() if size}


def _name(one: object) -> str:
    # Some classes have names that are no texts.
    return f"{type(one).__module__}.{type(one).__qualname__}"


def _attributes(one: Any) -> Iterator[tuple[str, Any]]:
    with contextlib.suppress(Exception):
        yield from list(vars(one).items())
    for base in type(one).__mro__:
        slots = base.__dict__.get("__slots__", ())
        for key in [slots] if isinstance(slots, str) else slots:
            with contextlib.suppress(Exception):
                yield key, getattr(one, key)


def _count(sizes: "Counter[str]", name: str, value: Any) -> None:
    if name.endswith("__") or isinstance(value, str | bytes | type):
        return
    if isinstance(value, Sized):
        with contextlib.suppress(Exception):
            sizes[name] += len(value)


def _instances() -> dict[str, int]:
    kinds: Counter[str] = Counter()
    for one in gc.get_objects():
        kind = _name(one)
        if kind.startswith((*OURS, *THEIRS)) and not _is_over(one):
            kinds[f"{kind} {_work(one)}" if kind == TASK else kind] += 1
    return dict(kinds)


def _work(task: Any) -> str:
    return getattr(task.get_coro(), "__qualname__", "")


def _is_over(one: Any) -> bool:
    """Return whether it is a done task or a cancelled timer: such objects stay for a while."""
    match _name(one):
        case "_asyncio.Task":
            return bool(one.done())
        case "asyncio.events.TimerHandle":
            return bool(one.cancelled())
        case "twisted.internet.base.DelayedCall":
            return not one.active()
    return False


def _tell(*_: object) -> None:
    gc.collect()
    told = {"objects": len(gc.get_objects()), "held": _held(), "instances": _instances()}
    place = Path(os.environ["PROBE"]) / str(os.getpid())
    new = place.with_suffix(".new")
    new.write_text(json.dumps(told))
    new.rename(place)


signal.signal(signal.SIGUSR2, _tell)
