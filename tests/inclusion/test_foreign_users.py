"""peerchat in a site that had people of its own: UUIDs as keys, e-mail addresses as usernames."""

import asyncio
import contextlib
import copy
import http.cookiejar
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.client import Client
from tests.e2e.sites import Pool
from tests.inclusion.foreign.cast import PASSWORD, STUDENTS, address, called
from tests.pace import patient
from tests.running import Site, manage, unmeasured
from tests.servers import ROOT

pytestmark = pytest.mark.timeout(180)

OWN = {"Enrollment": 6, "Person": 6, "Room": 1}
BODIES = {name: {"username": address(name), "display_name": called(name)} for name in STUDENTS}


class Place:
    """The site on one database, with its people in it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._file = folder / "db"
        self.pool = Pool() if kind == "postgresql" else None
        self.do("make_people")

    @property
    def env(self) -> dict[str, str]:
        own = {"DATABASE_URL": f"sqlite:///{self._file}"}
        return {
            **unmeasured(dict(os.environ)),
            **(self.pool.environment() if self.pool else own),
            "DJANGO_SETTINGS_MODULE": "tests.inclusion.foreign.settings",
        }

    @contextlib.contextmanager
    def copied(self) -> Iterator["Place"]:
        """Yield the site on a copy of the database."""
        other = copy.copy(self)
        if self.pool:
            other.pool = self.pool.copy()
        else:
            other._file = self._file.with_suffix(".copy")
            shutil.copy(self._file, other._file)
        try:
            yield other
        finally:
            other.remove()

    def manage(self, *arguments: str) -> str:
        done = manage(*arguments, env=self.env)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def do(self, *steps: str) -> Any:
        """Do something in a process of the site; return what it returns, a list for several."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.inclusion.foreign.cast", *steps],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=patient(150.0),
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        return found if len(steps) > 1 else found[0]

    def remove(self) -> None:
        if self.pool:
            self.pool.remove()


class Browser:
    """A user who is logged in by the site's own page."""

    def __init__(self, url: str, name: str = "") -> None:
        self.url = url.rstrip("/")
        self._cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self._cookies)
        )
        if not name:
            return
        given = {"address": address(name).title(), "secret": PASSWORD}
        assert self.post("/come-in/", **given, csrfmiddlewaretoken=self.get("/come-in/")) == "in"

    @property
    def session(self) -> str:
        (key,) = (one.value for one in self._cookies if one.name == "sessionid")
        assert key is not None
        return key

    def get(self, path: str) -> str:
        with self._opener.open(self.url + path, timeout=patient(20.0)) as answer:
            text: str = answer.read().decode()
            return text

    def post(self, path: str, **fields: str) -> str:
        data = urlencode(fields).encode()
        with self._opener.open(self.url + path, data, timeout=patient(20.0)) as answer:
            text: str = answer.read().decode()
            return text

    @property
    def csrf(self) -> str:
        (token,) = (one.value for one in self._cookies if one.name == "csrftoken")
        assert token is not None
        return token


DATABASES = ["postgresql", pytest.param("sqlite", marks=pytest.mark.long)]
"""`make faults` runs these tests on both."""


@pytest.fixture(scope="module", params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Place(tmp_path_factory.mktemp("foreign"), request.param)
    yield made
    made.remove()


# The other test files of this folder make hosts of their own, or are about documents.
ALSO_HERE = (
    *("test_tags", "test_place", "test_embed", "test_sockets", "test_hosts", "test_proxy"),
    "test_erasing",
)


@pytest.mark.long
@pytest.mark.timeout(500)
def test_the_tests_of_inclusion_pass_in_this_site_too():
    """Run them in a process of its own, as Django has one model of users for each."""
    env = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    env["REDIS_PREFIX"] = f"{env.get('REDIS_PREFIX', 'peerchat')}-foreign"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--quiet", "--ds", "tests.inclusion.foreign.tested"),
            *(f"tests/inclusion/{name}.py" for name in ALSO_HERE),
        ],
        cwd=ROOT,
        env=unmeasured(env),
        capture_output=True,
        text=True,
        timeout=patient(480.0),
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr


@pytest.mark.long
def test_the_site_s_own_tests_pass(place):
    told = place.manage("test", "tests.inclusion.foreign", "--pattern", "own_tests.py")
    assert "Found 3 test(s)." in told


@pytest.mark.long
def test_its_people_stay_where_they_are_whatever_the_migrations_do(place):
    place.do("come")
    with place.copied() as other:
        assert other.do("go") == OWN


class Class:
    """The running site, with its course."""

    def __init__(self, place: Place, site: Site, made: dict[str, Any]) -> None:
        self.place, self.site = place, site
        self.room: str = made["room"]
        self.tokens: dict[str, str] = made["tokens"]

    async def join(self, name: str, path: str = "chat/") -> Client:
        client = await Client.open(f"{self.site.socket_url}/ws/{path}", token=self.tokens[name])
        await client.event("welcome")
        return client

    def api(self, name: str, path: str, method: str = "GET", **body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.site.origin}/api/{path}",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={
                "Authorization": f"Bearer {self.tokens[name]}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=patient(20.0)) as answer:
            text = answer.read().decode()
            return json.loads(text) if text.startswith(("{", "[")) else text


@pytest.fixture(scope="module")
def lesson(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    made = place.do("make_course")
    folder = tmp_path_factory.mktemp("served")
    with Site(folder, workers=2 if place.pool else 1, env=place.env) as site:
        yield Class(place, site, made)
        sys.stdout.write(site.log.read_text())


@pytest.fixture
async def sockets(lesson: Class) -> AsyncIterator[dict[str, Client]]:
    async with contextlib.AsyncExitStack() as exits:
        opened = {name: await lesson.join(name) for name in STUDENTS}
        opened["ines"] = await lesson.join("ines", "instructor/physics/")
        for client in opened.values():
            exits.push_async_callback(client.close)
        yield opened


async def leave_draft(lesson: Class, name: str, client: Client, **given: str) -> None:
    """Leave a draft. The user's sockets and requests that wait learn of it."""
    known = lesson.api(name, "courses/physics/state/")["server_time"]
    reply = await client.ask("draft", course="physics", question="force", round=1, **given)
    assert reply["kept"]
    assert (await client.event("drafted"))["draft"]["sent_at"] == reply["sent_at"]
    messages = f"rooms/{lesson.room}/messages/"
    after = lesson.api(name, messages)["last_seq"]
    page = lesson.api(name, f"{messages}?after={after}&since={known}&wait=20")
    assert page["state_changed"]


@pytest.mark.long
async def test_a_whole_question(lesson, sockets):
    ines, students = sockets["ines"], {name: sockets[name] for name in STUDENTS}
    await ines.ask("start_question", question="force")
    *voters, undecided = STUDENTS
    for name, choice in zip(voters, "ABA", strict=True):
        await students[name].ask("vote", course="physics", choice=choice)
    await leave_draft(lesson, undecided, students[undecided], choice="B", rationale="So.")
    await ines.ask("stop_vote")
    counts = (await students[undecided].event("voted"))["vote"]
    assert (counts["choice"], counts["rationale"]) == ("B", "So.")
    await ines.ask("make_partners")
    await ines.ask("enable_chat")
    rooms: dict[str, list[str]] = {}
    for name, client in students.items():
        told = await client.event("partners")
        rooms.setdefault(told["room"], []).append(name)
        (partner,) = told["partners"]
        other = next(one for one in STUDENTS if address(one) == partner["username"])
        given = {"choice": "AB"[STUDENTS.index(other) % 2]}
        if other == undecided:
            given["rationale"] = "So."
        assert partner == {**BODIES[other], **given}
    assert sorted(map(len, rooms.values())) == [2, 2]
    for room, (one, other) in rooms.items():
        await students[one].post("new_message", room=room, text=f"why? {room}")
        heard = await students[other].message(f"why? {room}")
        assert heard["message"]["user"] == BODIES[one]
    await ines.ask("start_revote")
    for client in students.values():
        await client.ask("vote", course="physics", choice="B")
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    for client in students.values():
        shown = await client.event("control", phase="revealed")
        assert shown["correct"] == "B"
        assert shown["histograms"] == [{"A": 2, "B": 2}, {"A": 0, "B": 4}]
    state = await ines.ask("state", course="physics")
    assert state["phase"] == "revealed"
    assert "grouplist:" in (log := lesson.api("ines", "courses/physics/uselog/"))
    assert f"{address('ada+1/x')},peer" in log
    await ines.event("figures", votes=[4, 4], groups=2, online=4)


async def test_names_on_the_wire(lesson, sockets):
    ada, bea = sockets["ada+1/x"], sockets["bea"]
    # The site takes an address in any case, and so does peerchat.
    sent = await ada.command("private_message", to=address("bea").upper(), text="hello")
    assert sent["message"]["user"] == BODIES["ada+1/x"]
    assert (await bea.event("room_added"))["title"] == called("ada+1/x")
    listed = (await bea.ask("list_users", room=lesson.room))["users"]
    assert [user["username"] for user in listed] == sorted(
        address(name) for name in (*STUDENTS, "ines")
    )
    for room in (lesson.room, sent["room"]):
        await ada.command("new_message", room=room, text=f"as @{address('bea').upper()} says")
    mentioned = lesson.api("bea", "mentions/")["results"]
    assert [one["message"]["user"] for one in mentioned] == [BODIES["ada+1/x"]] * 2


def test_names_in_addresses(lesson):
    posted = lesson.api(
        "bea", f"direct/{quote(address('ada+1/x'), safe='')}/messages/", "POST", uuid="1", text="hi"
    )
    assert posted["user"] == BODIES["bea"]
    muted = lesson.api(
        "ines", "courses/physics/mutes/", "POST", username=address("Ada+1/X"), seconds=60
    )
    assert (muted["username"], muted["display_name"]) == (address("ada+1/x"), called("ada+1/x"))
    lesson.api("ines", f"courses/physics/mutes/{quote(address('ada+1/x'), safe='')}/", "DELETE")
    assert lesson.api("ines", "courses/physics/mutes/")["results"] == []
    assert f"mute:{address('ada+1/x')}:60" in lesson.api("ines", "courses/physics/uselog/")


def test_pages(lesson):
    ada = Browser(lesson.site.url, "ada+1/x")
    for path in ("/courses/physics/", "/lesson/"):
        page = ada.get(path)
        assert f'data-username="{address("ada+1/x")}"' in page
        assert f'data-display-name="{called("ada+1/x")}"' in page


def test_the_admin_finds_people_by_their_addresses(lesson):
    ines = Browser(lesson.site.url, "ines")
    index = ines.get("/admin/")
    assert "/admin/peerchat_rooms/room/" in index
    for model in (
        *("classsession", "course", "enrollment", "membership", "mention", "message", "partner"),
        *("partnergroup", "question", "room", "round", "uselog", "vote", "connection", "worker"),
        *("joincode", "guest", "exclusion", "knownaddress"),
    ):
        assert "<h1>" in ines.get(f"/admin/peerchat_rooms/{model}/?q={address('bea')}")
    found = ines.get(f"/admin/peerchat_rooms/enrollment/?q={quote(address('ada+1/x'))}")
    assert called("ada+1/x") in found
    assert called("carl") not in found
    assert "<h1>" in ines.get(f"/admin/peerchat_accounts/token/?q={address('bea')}")
    assert 'name="user"' in ines.get("/admin/peerchat_rooms/enrollment/add/")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        ines.get("/admin/peerchat_accounts/user/")


async def test_the_programs_of_peerchat_name_people_so(lesson):
    token, demo, other = await asyncio.to_thread(lesson.place.do, "programs")
    bea = await Client.open(f"{lesson.site.socket_url}/ws/chat/", token=token.strip())
    assert (await bea.event("welcome"))["user"] == BODIES["bea"]
    await bea.close()
    assert "instructor@example.invalid" in demo
    assert other.startswith("pc_")


@pytest.mark.long
def test_try_outs_and_notices_have_people_of_the_site_s_own_model(lesson):
    (before, within, online, after), arrived = lesson.place.do("try_out", "keys_arrive")
    assert (within - before, online, after) == (31, 30, before)
    assert arrived


async def by_session(lesson: Class, name: str) -> Client:
    browser = await asyncio.to_thread(Browser, lesson.site.url, name)
    client = await Client.open(
        f"{lesson.site.socket_url}/ws/chat/", cookie=browser.session, origin=lesson.site.origin
    )
    assert (await client.event("welcome"))["user"]["username"] == address(name)
    return client


async def test_sockets_end_with_what_they_depend_on(lesson):
    steps = {"carl": "change_password", "dora": "deactivate", "zoe": "delete"}
    clients = [await by_session(lesson, name) for name in steps]
    told = await asyncio.to_thread(lesson.place.do, *steps.values())
    assert told == [[f"password of {address('carl')}"], [f"end of {address('dora')}"], []]
    assert [await client.closed() for client in clients] == [4401] * len(clients)


def test_guests_are_users_of_the_site(lesson):
    code = lesson.api("ines", "courses/physics/joining/", "POST", open=True)["code"]
    phone = Browser(lesson.site.url)
    assert "Your name" in phone.get(f"/join/{code}/")
    page = phone.post(f"/join/{code}/", name="Lola", csrfmiddlewaretoken=phone.csrf)
    assert 'data-display-name="Lola"' in page
    assert "Show my personal link" in phone.get("/join/place/")
    # The site has users of its own, so it makes their accounts.
    assert "Make an account" not in phone.get("/join/place/")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        phone.get("/join/account/")
    guest = lesson.api("ines", "courses/physics/people/?q=guest-")["results"][0]
    assert (guest["display_name"], guest["guest"]) == ("Lola", True)
    assert guest["username"].endswith("@example.invalid")
    phone.post("/join/log-in/", csrfmiddlewaretoken=phone.csrf)
    merge = {"username": guest["username"], "into": address("bea")}
    lesson.api("ines", "courses/physics/merges/", "POST", **merge)
    assert lesson.api("ines", "courses/physics/people/?q=guest-")["results"] == []
