"""Writes `static/peerchat/vendor/katex` out of KaTeX's package.

`npm pack katex` fetches the package; `python -m tests.static.katex katex-<version>.tgz` then takes
the minified files, the fonts and the licence out of it. The scripts become modules, because pages
have only such. The fonts get a style sheet of their own, because a document has to declare them
also for its shadow trees.
"""

import hashlib
import json
import re
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent.parent / "static/peerchat/vendor/katex"
SUMS = "SHA256SUMS"
COMMON = "const module = { exports: {} }, exports = module.exports;\n"
EXPORT = "\nexport default module.exports;\n"
FONT = re.compile(r"@font-face\{[^}]*\}")
OTHER_FONTS = re.compile(r",url\([^)]*\.(?:woff|ttf)\) format\(\"\w+\"\)")
# Two style attributes in MathML, which is not visible. The Content-Security-Policy forbids them.
STYLES = re.compile(
    r"(\w)\.setAttribute\(\"style\",\"(?:text-shadow: [\w. ]+\"|"
    r"border: \"\+\w+\(\w+\)\+\" solid \"\+\w+\.borderColor)\)"
)


def files(package: Path) -> dict[str, bytes]:
    """Return the files of the folder by their names, made out of a package."""
    with tarfile.open(package) as archive:
        inside = {
            member.name.removeprefix("package/"): file.read()
            for member in archive
            if (file := archive.extractfile(member)) is not None
        }
    version = json.loads(inside["package.json"])["version"]
    note = f"/* KaTeX {version}, see LICENSE; made by tests/static/katex.py */\n"
    script, styles = STYLES.subn(r"\1", inside["dist/katex.min.js"].decode())
    assert styles == 2
    chemistry = inside["dist/contrib/mhchem.min.js"].decode()
    sheet = inside["dist/katex.min.css"].decode()
    fonts = OTHER_FONTS.sub("", "\n".join(FONT.findall(sheet)))
    texts = {
        "katex.js": note + COMMON + script + EXPORT,
        "mhchem.js": f'{note}import katex from "./katex.js";\n'
        f"const require = () => katex;\n{COMMON}{chemistry}",
        "katex.css": note + FONT.sub("", sheet),
        "fonts.css": f"{note}{fonts}\n",
    }
    found = {name: text.encode() for name, text in texts.items()}
    found["LICENSE"] = inside["LICENSE"]
    for name, data in inside.items():
        if name.startswith("dist/fonts/") and name.endswith(".woff2"):
            found[name.removeprefix("dist/")] = data
    return found


def sums(folder: Path = FOLDER) -> str:
    """Return the checksums of a folder as `sha256sum` writes them."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in paths
    )


if __name__ == "__main__":
    for name, data in files(Path(sys.argv[1])).items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (FOLDER / SUMS).write_text(sums())
