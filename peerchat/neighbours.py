"""Detects modules of the site with the names of peerchat's own, `accounts` and `rooms`."""

import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

HOME = Path(__file__).resolve().parent.parent
"""The folder with peerchat's packages."""
NAMES = ("accounts", "rooms")
WAYS_LEFT = (
    "Rename the module, or leave peerchat's apps out of this project: a gateway or a frame can "
    "include a peerchat that runs elsewhere (docs/inclusion.md)."
)


def refuse_strangers() -> None:
    """Raise ImproperlyConfigured if Python finds another module under one of the names."""
    for name in NAMES:
        place = _place(find_spec(name))
        if place is not None and not _is_ours(name, place):
            raise ImproperlyConfigured(
                f"peerchat needs the module name `{name}`, but Python finds {place} under it. "
                f"{WAYS_LEFT}"
            )


def hidden() -> Iterator[tuple[str, Path]]:
    """Find names and files of modules that cannot be imported, because peerchat's come first."""
    for name in NAMES:
        for folder in dict.fromkeys(sys.path):
            spec = PathFinder.find_spec(name, [folder])
            # A folder without __init__.py may hold anything.
            if spec is None or spec.origin is None:
                continue
            place = Path(spec.origin).resolve()
            if not _is_ours(name, place):
                yield name, place


def _place(spec: ModuleSpec | None) -> Path | None:
    """Return the file of a module, or the folder of a module without an __init__."""
    if spec is None:
        return None
    places = [spec.origin] if spec.origin else list(spec.submodule_search_locations or ())
    return Path(places[0]).resolve() if places else None


def _is_ours(name: str, place: Path) -> bool:
    return place == HOME / name / "__init__.py"
