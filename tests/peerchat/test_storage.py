"""`collectstatic` in a folder from which workers serve at the same time."""

import json
import re
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from peerchat.storage import StaticStorage

HASH = re.compile(r"\.[0-9a-f]{12}\.")
TEXT = "a { color: red }\n" * 100


class Folder:
    """A style sheet that another one imports and a script names, and where they are collected."""

    def __init__(self, folder: Path) -> None:
        self.source, self.root = folder / "source", folder / "static"
        self.source.mkdir()
        self.write(TEXT)
        (self.source / "all.css").write_text('@import "part.css";\n')
        script = 'const sheet = new URL("./part.css", import.meta.url);\n'
        (self.source / "script.js").write_text(script)

    def write(self, text: str) -> None:
        (self.source / "part.css").write_text(text)

    def collect(self) -> dict[str, str]:
        """Return the hashed names by the names."""
        storage = StaticStorage(location=str(self.root), base_url="/static/")
        there = FileSystemStorage(str(self.source))
        found = {name: (there, name) for name in ("all.css", "part.css", "script.js")}
        for name in found:
            if not (self.root / name).exists():
                with there.open(name) as file:
                    storage.save(name, file)
        assert not [e for _, _, e in storage.post_process(found) if isinstance(e, Exception)]
        return json.loads((self.root / "staticfiles.json").read_text())["paths"]

    def changed(self) -> dict[str, int]:
        """Return when each file of a hashed name was changed, or made."""
        files = [path for path in self.root.iterdir() if HASH.search(path.name)]
        return {path.name: path.stat().st_ctime_ns for path in files}


@pytest.fixture
def folder(tmp_path, settings):
    made = Folder(tmp_path)
    settings.STATIC_ROOT = str(made.root)
    return made


def test_what_stays_the_same_is_not_touched(folder):
    names = folder.collect()
    before = folder.changed()
    assert {names["part.css"], f"{names['part.css']}.gz"} <= set(before)
    assert folder.collect() == names
    assert folder.changed() == before


def test_files_name_the_hashed_names_of_others(folder):
    names = folder.collect()
    assert (folder.root / names["all.css"]).read_text() == f'@import url("{names["part.css"]}");\n'
    script = (folder.root / names["script.js"]).read_text()
    assert script == f'const sheet = new URL("./{names["part.css"]}", import.meta.url);\n'


def test_an_earlier_version_stays_beside_the_new_one(folder):
    old = folder.collect()
    before = folder.changed()
    folder.write(TEXT.replace("red", "blue"))
    new = folder.collect()
    assert not set(old.values()) & set(new.values())
    after = folder.changed()
    assert before.items() <= after.items()
    assert set(new.values()) <= set(after)
    assert not [name for name in after if name.endswith(".new")]
