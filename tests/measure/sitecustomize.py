"""Python imports this before all else in each process that has its folder in PYTHONPATH.

SlipCover then notes which lines and branches of the project run, and the process writes them into
COVERAGE_FOLDER when it ends. SlipCover removes its probe from a line that has run. Tests take
little longer, where a trace function doubles their time, but a process starts two seconds later.
"""

import ast
import atexit
import json
import marshal
import os
import uuid
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("accounts", "peerchat", "rooms")
OMITTED = ["*/migrations/*"]
EXCLUDED = [r"raise NotImplementedError", r"\.\.\.$"]


def slipcover(**options: Any) -> Any:
    """SlipCover for branches, without what cannot run."""
    from slipcover import Slipcover  # not in every process

    return Slipcover(branch=True, omit=OMITTED, exclude_also=EXCLUDED, **options)


def measure(folder: Path) -> None:
    """Note what runs in this process from here on."""
    from slipcover import FileMatcher, ImportManager  # not in every process
    from slipcover.branch import preinstrument  # as above
    from slipcover.importer import SlipcoverLoader  # as above

    def exec_module(loader: SlipcoverLoader, module: ModuleType) -> None:
        """Do as SlipCover's loader, which does not keep the code that it makes of a source."""
        source = loader.origin
        kept = folder / str(source.relative_to(ROOT)).replace("/", "-")
        if kept.exists():
            code = marshal.loads(kept.read_bytes())
        else:
            code = compile(preinstrument(ast.parse(source.read_bytes())), str(source), "exec")
            # Another process may read it at any time.
            written = folder / f"{uuid.uuid4().hex}.code"
            written.write_bytes(marshal.dumps(code))
            written.rename(kept)
        loader.sci.register_module(module)
        exec(loader.sci.instrument(code), module.__dict__)

    SlipcoverLoader.exec_module = exec_module
    noted = slipcover()
    places = [ROOT / name for name in SOURCES]
    ImportManager(noted, FileMatcher(sources=places, omit=OMITTED)).__enter__()

    def write() -> None:
        place = folder / f"{uuid.uuid4().hex}.json"
        place.write_text(json.dumps(noted.get_coverage()["files"]))

    leave = os._exit

    def write_and_leave(code: int) -> None:
        write()
        leave(code)

    atexit.register(write)
    os._exit = write_and_leave  # type: ignore[assignment]


if "COVERAGE_FOLDER" in os.environ:
    measure(Path(os.environ["COVERAGE_FOLDER"]))
