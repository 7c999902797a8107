"""Writes `static/peerchat/vendor/uplot` out of uPlot's package.

`npm pack uplot` fetches the package; `python -m tests.static.charts uplot-<version>.tgz` then takes
the minified script, its style sheet and the licence out of it. The script becomes a module, because
pages have only such.
"""

import json
import sys
import tarfile
from pathlib import Path

from tests.static.katex import SUMS, sums

FOLDER = Path(__file__).resolve().parent.parent.parent / "static/peerchat/vendor/uplot"


def files(package: Path) -> dict[str, bytes]:
    """Return the files of the folder by their names, made out of a package."""
    with tarfile.open(package) as archive:
        inside = {
            member.name.removeprefix("package/"): file.read()
            for member in archive
            if (file := archive.extractfile(member)) is not None
        }
    version = json.loads(inside["package.json"])["version"]
    note = f"/* uPlot {version}, see LICENSE; made by tests/static/charts.py */\n"
    script = inside["dist/uPlot.iife.min.js"].decode()
    assert "\nvar uPlot=function(){" in script
    return {
        "uplot.js": f"{note}{script.rstrip()}\nexport default uPlot;\n".encode(),
        "uplot.css": f"{note}{inside['dist/uPlot.min.css'].decode().rstrip()}\n".encode(),
        "LICENSE": inside["LICENSE"],
    }


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, data in files(Path(sys.argv[1])).items():
        (FOLDER / name).write_bytes(data)
    (FOLDER / SUMS).write_text(sums(FOLDER))
