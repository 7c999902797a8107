"""peerchat installed like any package, in a project whose author has read docs/inclusion.md."""

import http.cookiejar
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from tests.inclusion.document import COMMANDS, TAGS, lines_for
from tests.pace import patient
from tests.servers import ROOT

pytestmark = pytest.mark.timeout(180)

PACKAGES = ("accounts", "peerchat", "rooms")
SOURCES = (*PACKAGES, "locale", "static", "templates", "requirements")
BUILD = """
import sys
from setuptools import build_meta
for kind in sys.argv[1:]:
    getattr(build_meta, f"build_{kind}")("dist")
"""
LOG_IN_PAGES = "urls.py, without log-in pages of your own"

# --- what is in the packages ---------------------------------------------------------------------


class Built(NamedTuple):
    """A wheel, and one that was built from the sdist."""

    wheel: Path
    second: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    # Building leaves files behind, so a copy of the checkout is built.
    checkout = tmp_path_factory.mktemp("checkout")
    for name in SOURCES:
        shutil.copytree(
            ROOT / name,
            checkout / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, checkout)
    run(checkout, sys.executable, "-W", "error::Warning", "-c", BUILD, "sdist", "wheel")
    (checkout / "unpacked").mkdir()
    (sdist,) = checkout.glob("dist/*.tar.gz")
    run(checkout / "unpacked", "tar", "-xzf", sdist)
    (unpacked,) = (checkout / "unpacked").iterdir()
    run(unpacked, sys.executable, "-c", BUILD, "wheel")
    return Built(next(checkout.glob("dist/*.whl")), next(unpacked.glob("dist/*.whl")))


def run(folder: Path, *command: str | Path, **variables: str) -> str:
    """Run a command, which must succeed; return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        timeout=patient(60),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.long
def test_the_wheel_and_that_of_the_sdist_have_every_file(built: Built):
    expected = {f"{name}/{path}" for name in PACKAGES for path in files(ROOT / name)}
    # In a checkout these are links to folders at the top.
    for name in ("locale", "static", "templates"):
        assert (ROOT / "peerchat" / name).resolve() == ROOT / name
        expected |= {f"peerchat/{name}/{path}" for path in files(ROOT / name)}
    assert {f"{name}/py.typed" for name in PACKAGES} < expected
    for wheel in built:
        names = set(zipfile.ZipFile(wheel).namelist())
        assert {name for name in names if ".dist-info/" not in name} == expected


# --- a project that follows the document ---------------------------------------------------------

VIEWS = """
from django.shortcuts import render

from rooms.models import Course


def lesson(request):
    course = Course.objects.get(slug="physics101")
    context = {"course": course, "question": course.questions.first()}
    return render(request, "lesson.html", context)
"""
# All looks share one process, which takes a second to start.
LOOK = """
import json
import peerchat
from django.core.management import call_command
from django.template.loader import get_template

call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
call_command("collectstatic", interactive=False, verbosity=0)
names = ("404.html", "rooms/course.html", "accounts/login.html")
places = {name: get_template(name).origin.name for name in names}
print(json.dumps({"peerchat": peerchat.__file__, **places}))
"""


class Host:
    """A project of Django's in an environment of its own, which has all but peerchat."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        environment = folder / "environment"
        venv.create(environment, with_pip=False)
        self.python = environment / "bin" / "python"
        (self.packages,) = environment.glob("lib/*/site-packages")
        shared = [path for path in sys.path if path.endswith("site-packages")]
        (self.packages / "shared.pth").write_text("\n".join(shared))
        self.folder.mkdir()
        run(self.folder, self.python, "-m", "django", "startproject", "mysite", ".")

    def install(self, wheel: Path) -> None:
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python)
        run(self.folder, *pip, "install", "--no-index", "--no-deps", "--no-compile", wheel)

    def manage(self, *arguments: str) -> str:
        return run(self.folder, self.python, "manage.py", *arguments)

    def add(self, name: str, text: str) -> None:
        """Adds lines at the end of a file."""
        path = self.folder / "mysite" / name
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f"\n{text}")

    @contextmanager
    def serve(self, *arguments: str) -> Iterator[str]:
        """Runs `runserver`; gives the site's URL without a slash."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        log = self.folder / "log"
        with (
            log.open("w") as output,
            subprocess.Popen(
                [self.python, "manage.py", *arguments, "--noreload", port],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"]},
                stdout=output,
                stderr=output,
            ) as process,
        ):
            try:
                end = time.monotonic() + patient(30)
                while not listens(port):
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.1)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
        assert "Traceback" not in log.read_text()


def listens(port: str) -> bool:
    try:
        socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
    except OSError:
        return False
    return True


class Browser:
    """The parts of a browser that a log-in needs."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self._opener.open(self.origin + path, data, timeout=patient(20)) as response:
            return response.read().decode()

    def log_in(self, username: str, password: str, then: str) -> str:
        page = self.get(f"/accounts/login/?next={then}")
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        return self.get(
            "/accounts/login/",
            csrfmiddlewaretoken=token,
            username=username,
            password=password,
            next=then,
        )

    def first_frame(self, path: str) -> dict[str, Any]:
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies)
        with connect(
            self.origin.replace("http", "ws", 1) + path,
            origin=Origin(self.origin),
            additional_headers={"Cookie": cookies},
            open_timeout=patient(20),
        ) as opened:
            return json.loads(opened.recv(patient(20)))


@pytest.mark.long
def test_a_project_that_follows_the_document(built: Built, tmp_path: Path):
    host = Host(tmp_path)
    # The host has parts of its own, such as a page that it shows itself. Its default keys differ
    # from peerchat's.
    settings = host.folder / "mysite" / "settings.py"
    settings.write_text(settings.read_text().replace("BigAutoField", "AutoField"))
    host.add("settings.py", 'INSTALLED_APPS += ["mysite"]\nSTATIC_ROOT = BASE_DIR / "collected"\n')
    host.add("urls.py", "from .views import lesson\nurlpatterns += [path('lesson/', lesson)]\n")
    host.add("views.py", VIEWS)
    host.add("templates/lesson.html", f"<h1>A lesson</h1>{TAGS}")
    host.add("templates/404.html", "Not here")

    for name in ("settings.py", "urls.py", "asgi.py"):
        host.add(name, lines_for(name))
    host.add("urls.py", lines_for(LOG_IN_PAGES))

    install, *commands, last = COMMANDS
    assert install == "pip install path/to/peerchat"
    host.install(built.wheel)
    said = {}
    for command in commands:
        python, script, *arguments = command.split()
        assert (python, script) == ("python", "manage.py")
        said[command] = host.manage(*arguments)
    assert "no issues" in said["python manage.py check"]

    where = json.loads(host.manage("shell", "--no-imports", "--command", LOOK))
    collected = files(host.folder / "collected")
    assert {f"peerchat/{path}" for path in files(ROOT / "static" / "peerchat")} <= collected
    assert where.pop("404.html") == str(host.folder / "mysite/templates/404.html")
    assert len(where) == 3
    assert all(place.startswith(f"{host.packages}/peerchat/") for place in where.values())

    assert last.startswith("python manage.py ")
    with host.serve(*last.split()[2:]) as origin:
        browser = Browser(origin)
        page = browser.get("/lesson/")
        assert page.count('class="peerchat-login"') == 2
        page = browser.log_in("student1", "peerchat", then="/lesson/")
        assert "<h1>A lesson</h1>" in page
        assert re.findall(r"<peer-panel [^>]*data-kind=\"(\w+)\"", page) == [
            "course",
            "question",
            "results",
        ]
        scripts = re.findall(r'<script [^>]*src="([^"]+)"', page)
        assert len(scripts) == len(set(scripts)) > 0
        texts, *modules = scripts
        assert "django.gettext" in browser.get(texts)
        for script in modules:
            assert 'import "' in browser.get(script)
        welcome = browser.first_frame("/class/ws/chat/")
        assert [course["course"] for course in welcome["courses"]] == ["physics101"]
        assert json.loads(browser.get("/class/api/rooms/"))
        assert "tokens_create" in browser.get("/class/api/docs/")


# --- a project with modules of peerchat's names --------------------------------------------------


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """The folder of a project that has an app `accounts` of its own."""
    (tmp_path / "accounts").mkdir()
    (tmp_path / "accounts" / "__init__.py").write_text("")
    return tmp_path


def test_a_project_with_an_app_of_the_same_name_is_told_so(taken: Path):
    run(taken, sys.executable, "-m", "django", "startproject", "mysite", ".")
    with (taken / "mysite" / "settings.py").open("a") as settings:
        settings.write('INSTALLED_APPS += ["accounts"]\n' + lines_for("settings.py"))
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=taken,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=patient(60),
        check=False,
    )
    assert done.returncode == 1
    told = done.stderr.splitlines()[-1]
    for part in ("`accounts`", str(taken / "accounts"), "gateway", "frame", "docs/inclusion.md"):
        assert part in told


def test_a_gateway_works_beside_modules_of_the_same_names(taken: Path):
    (taken / "rooms.py").write_text("")
    code = "import accounts, rooms; from peerchat.proxy import ProxyConsumer; print(rooms.__file__)"
    said = run(taken, sys.executable, "-c", code, PYTHONPATH=str(ROOT))
    assert said.strip() == str(taken / "rooms.py")
