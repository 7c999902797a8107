"""Attempts to find out the answer or the votes from the screen of the hall, and to use its link.

As in `test_answers.py`, two classes go through the same steps and differ only in the answer and in
the votes. Whatever the screen gets before the reveal must be the same in both.
"""

import asyncio
import json
import re

import pytest

from rooms.actions import screen as actions
from rooms.models import ClassSession, Vote
from rooms.queries.screen import link_secret
from tests.attacks.test_answers import STEPS, VOTED_AFTER, Class
from tests.attacks.web import refused, routes, values
from tests.client import Client, Frame
from tests.rooms.cast import in_thread, store

TELLING = re.compile(r"correct|histogram|transitions|\bgain\b", re.IGNORECASE)
GUESSES = ("nonce.signature", "a" * 43)


class Screens:
    """The screens of a class: over a socket each by role and by link, over HTTP, and the pages."""

    def __init__(self, of: Class) -> None:
        self.of = of
        self.leader = of.people["leader"]
        self.sockets: list[Client] = []

    async def open(self) -> None:
        slug = self.of.course.slug
        made = await in_thread(actions.make_link, user=self.leader.user, course=slug, days=1)
        self.secret = link_secret(made)
        cast, protocols = self.of.cast, ["peerchat.v1", f"screen.{self.secret}"]
        self.sockets = [
            await cast.connect("/ws/screen/", subprotocols=protocols),
            await cast.connect(f"/ws/screen/{slug}/", token=self.leader.token),
        ]

    async def looks(self) -> dict[str, dict[str, str]]:
        """Return everything that the screens got since the last look, and can ask for.

        What they got is by the moment that it is about: how often a screen is told of one depends
        on the time alone.
        """
        of = self.of
        session = ClassSession.objects.get(course=of.course, ended_at=None)
        voted = Vote.objects.filter(round=session.current_round).count()
        seen: dict[str, dict[str, str]] = {}
        for name, client in zip(("by link", "by role"), self.sockets, strict=True):

            def fits(frame: Frame) -> bool:
                return (frame.get("revision"), frame.get("voted")) == (session.revision, voted)

            await client.take(fits, f"the screen in {session.phase}")
            told = {}
            for frame in map(json.loads, client.raw):
                about = ("phase", "epoch", "revision", "voted", "here")
                moment = str([frame[one] for one in about] + [frame["deadline"] is None])
                told[moment] = of.plain(str(frame))
            client.raw.clear()
            seen[name] = told
        anonymous, leader = of.visit(), of.visit(self.leader)
        header = {"Authorization": f"Screen {self.secret}"}
        asked = {
            "http by link": await anonymous.get("/api/screen/", headers=header),
            "http by role": await leader.get(f"/api/courses/{of.course.slug}/screen/"),
            "page by link": await anonymous.get(f"/screen/{self.secret}/"),
            "page by role": await leader.get(f"/courses/{of.course.slug}/screen/"),
        }
        for name, answer in asked.items():
            assert answer.status == 200, (name, answer.text)
            seen[name] = {"": of.plain(answer.text.replace(self.secret, "(secret)"))}
        return seen


def differences(seen: list[dict[str, dict[str, str]]]) -> set[str]:
    """Return where the two classes were told different things of the same moment."""
    found = set()
    for name in seen[0]:
        one, other = (each[name] for each in seen)
        common = one.keys() & other.keys()
        assert list(one)[-1] in common, (name, one, other)
        found |= {name for moment in common if one[moment] != other[moment]}
    return found


@pytest.mark.timeout(240)
async def test_the_screen_is_the_same_until_the_reveal(cast, visit):
    classes = [
        Class(cast, visit, "left", correct="A", others="CC"),
        Class(cast, visit, "right", correct="D", others="DB"),
    ]
    screens = [Screens(one) for one in classes]
    for one in screens:
        await one.open()
    for number, (action, given) in enumerate(STEPS, start=1):
        for one in classes:
            await one.step(action, given)
            if number in VOTED_AFTER:
                await one.vote()
        seen = await asyncio.gather(*(one.looks() for one in screens))
        differs = differences(seen)
        if action != "reveal":
            assert differs == set(), (action, {name: [s[name] for s in seen] for name in differs})
            for text in (text for told in seen[0].values() for text in told.values()):
                assert TELLING.findall(text) == [], text
        else:
            # After the reveal the two must differ: this shows that the comparison can fail.
            assert {"by link", "by role", "http by link", "http by role"} == differs


async def test_the_link_opens_nothing_else(cast, visit):
    store(cast.room, cast.bea, "a secret between us")
    made = await in_thread(actions.make_link, user=cast.ines.user, course=cast.course.slug, days=1)
    secret = link_secret(made)
    anonymous = visit()
    known = values(cast, secret="(none)")
    for route in routes():
        if route.pattern.startswith(("admin/", "metrics", "healthz", "readyz")):
            continue
        path = route.path(known)
        plain = await anonymous.get(path)
        for header in (f"Screen {secret}", secret):
            answer = await anonymous.get(path, headers={"Authorization": header})
            if path == "/api/screen/" and header.startswith("Screen"):
                assert answer.status == 200
                assert "secret between us" not in answer.text
                continue
            assert answer.status == plain.status, path
        answer = await anonymous.get(path, headers={"Authorization": f"Bearer {secret}"})
        assert answer.status in (plain.status, 401), path
    for path in ("/ws/chat/", f"/ws/instructor/{cast.course.slug}/", "/ws/feed/a/"):
        protocols = ["peerchat.v1", f"screen.{secret}"]
        if path != "/ws/chat/":  # there one may say later who one is
            response = await refused(cast, path, subprotocols=protocols)
            assert response is not None
        protocols = ["peerchat.v1", f"token.{secret}"]
        assert await refused(cast, path, subprotocols=protocols) is not None
    client = await cast.connect("/ws/screen/", subprotocols=["peerchat.v1", f"screen.{secret}"])
    for action in ("state", "figures", "list_rooms", "show_bars", "reveal", "new_message"):
        assert (await client.command(action))["status"] == "error"


async def test_a_link_cannot_be_guessed(visit, cast):
    await in_thread(actions.make_link, user=cast.ines.user, course=cast.course.slug, days=1)
    for guess in GUESSES:
        answer = await visit().get(f"/screen/{guess}/")
        assert answer.status == 404
        assert cast.course.title not in answer.text
        header = {"Authorization": f"Screen {guess}"}
        assert (await visit().get("/api/screen/", headers=header)).status == 403
        response = await refused(
            cast, "/ws/screen/", subprotocols=["peerchat.v1", f"screen.{guess}"]
        )
        assert response is not None
