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
import sys
import uuid
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ("accounts", "peerchat", "rooms")
MIGRATIONS = "/migrations/"
OMITTED = [f"*{MIGRATIONS}*"]
PROBES = sys.version_info < (3, 12)
EXCLUDED = [r"raise NotImplementedError", r"\.\.\.$"]


def slipcover(**options: Any) -> Any:
    """SlipCover for branches, without what cannot run."""
    from slipcover import Slipcover  # not in every process

    return Slipcover(branch=True, omit=OMITTED, exclude_also=EXCLUDED, **options)


class Placeholders:
    """Stands in for the module of SlipCover's probes, with constants that marshal can write."""

    signal = ("SlipCover's signal",)

    @staticmethod
    def new(_sci: Any, _file: str, line_or_branch: Any, _threshold: int) -> tuple[str, Any]:
        return ("SlipCover's probe of", line_or_branch)


class Instrumented(NamedTuple):
    """The code of a module with placeholders for its probes, and what SlipCover notes of it."""

    code: CodeType
    places: list[Any]
    """Where the probes are, for each code object in the order of `walk`."""
    lines: set[int]
    branches: set[tuple[int, int]]


def walk(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a module and of all functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from walk(constant)


@cache
def with_placeholders() -> Any:
    """SlipCover's module once more, beside the one whose probes other threads may meet now."""
    found = find_spec("slipcover.slipcover")
    assert found is not None
    spec = spec_from_file_location("slipcover.with_placeholders", found.origin)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    module.probe = Placeholders
    return module


def prepare(source: Path) -> Instrumented:
    """Instrument a module, which takes SlipCover longer than Python to compile it.

    From Python 3.12 on there are no probes, and each process instruments the code by itself.
    """
    from slipcover.branch import preinstrument  # not in every process

    code = compile(preinstrument(ast.parse(source.read_bytes())), str(source), "exec")
    if not PROBES:
        return Instrumented(code, [], set(), set())
    sci = with_placeholders().Slipcover(branch=True)
    code = sci.instrument(code)
    name = code.co_filename
    places = [sci.code2index[one] for one in walk(code)]
    return Instrumented(code, places, sci.code_lines[name], sci.code_branches[name])


def register(sci: Any, made: Instrumented) -> CodeType:
    """Return the code of a module with probes of this process."""
    if not PROBES:
        code: CodeType = sci.instrument(made.code)
        return code
    from slipcover.slipcover import probe  # not in every process

    name, indices = made.code.co_filename, iter(made.places)

    def real(constant: Any) -> Any:
        if isinstance(constant, CodeType):
            return restored(constant)
        if constant == Placeholders.signal:
            return probe.signal
        if isinstance(constant, tuple) and constant[:1] == ("SlipCover's probe of",):
            return probe.new(sci, name, constant[1], sci.d_miss_threshold)
        return constant

    def restored(code: CodeType) -> CodeType:
        index = next(indices)
        whole = code.replace(co_consts=tuple(map(real, code.co_consts)))
        sci.code2index[whole] = index
        return whole

    with sci.lock:
        code = restored(made.code)
        sci.code_lines[name].update(made.lines)
        sci.code_branches[name].update(made.branches)
        sci.instrumented[name].add(code)
    return code


def kept(folder: Path, source: Path) -> Path:
    """Return the file with the instrumented code of a module, which is made where it is missing."""
    place = folder / str(source.relative_to(ROOT)).replace("/", "-")
    if not place.exists():
        # Another process may read it at any time.
        written = folder / f"{uuid.uuid4().hex}.code"
        written.write_bytes(marshal.dumps(tuple(prepare(source))))
        written.rename(place)
    return place


class Ours:
    """Tells the modules to measure; SlipCover's own takes a tenth of a second of each process."""

    begins = tuple(f"{ROOT / name}/" for name in SOURCES)

    def matches(self, file: str) -> bool:
        return file.startswith(self.begins) and MIGRATIONS not in file


def measure(folder: Path) -> None:
    """Note what runs in this process from here on."""
    from slipcover import ImportManager  # not in every process
    from slipcover.importer import SlipcoverLoader  # as above

    def exec_module(loader: SlipcoverLoader, module: ModuleType) -> None:
        """Do as SlipCover's loader, which does not keep the code that it makes of a source."""
        made = Instrumented(*marshal.loads(kept(folder, loader.origin).read_bytes()))
        loader.sci.register_module(module)
        exec(register(loader.sci, made), module.__dict__)

    SlipcoverLoader.exec_module = exec_module
    noted = slipcover()
    ImportManager(noted, Ours()).__enter__()

    def write() -> None:
        """Write the lines and branches that ran; what cannot run, and the rest, is found once."""
        with noted.lock:
            for file, places in noted._get_newly_seen().items():
                noted.all_seen[file].update(places)
            ran = {file: list(places) for file, places in noted.all_seen.items()}
        (folder / f"{uuid.uuid4().hex}.json").write_text(json.dumps(ran))

    leave = os._exit

    def write_and_leave(code: int) -> None:
        write()
        leave(code)

    atexit.register(write)
    os._exit = write_and_leave  # type: ignore[assignment]


if "COVERAGE_FOLDER" in os.environ:
    measure(Path(os.environ["COVERAGE_FOLDER"]))
