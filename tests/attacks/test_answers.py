"""Attempts of a student to find out the answer, or the votes of others, before the reveal.

Two classes go through the same steps and differ only in the answer and in those votes. Everything
that a student of one can ask for, or is told unasked, must be the same in the other: then none of
it can give them away, whatever its wording is. `tests/rooms/test_question.py` and
`tests/e2e/test_class.py` look for the words.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pytest

from rooms.models import Course, Enrollment, Room
from rooms.peer.content import QuestionContent
from tests.attacks.commands import CHAT, fields
from tests.attacks.web import Route, routes, takes_token, values
from tests.client import BY_ITSELF
from tests.rooms.cast import Cast, Person, make_person, make_question
from tests.rooms.kinds import KINDS, RESULT, store

STEPS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("start_question", {"question": "force"}),
    ("count_down_and_stop", {"seconds": 600}),
    ("stop_vote", {}),
    ("make_partners", {"method": "random"}),
    ("enable_chat", {}),
    ("start_revote", {}),
    ("stop_vote", {}),
    ("reveal", {}),
)
MINE = object()
"""The right answer of a class."""
# The right answer is given before the vote, during it, and in all phases after it.
QUICK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("quick_question", {"correct": MINE}),
    ("set_correct", {"choice": MINE}),
    ("stop_vote", {}),
    ("set_correct", {"choice": MINE}),
    ("start_revote", {}),
    ("set_correct", {"choice": MINE}),
    ("stop_vote", {}),
    ("set_correct", {"choice": MINE}),
    ("reveal", {}),
)
VOTED_AFTER = {1, 6}
"""Numbers of the steps after which everybody votes."""
DOCUMENTS = {"api/docs/", "api/schema/", "api/asyncapi.json", "stored/"}
THOROUGH = {1, 7, 8}
"""Numbers of the steps after which looks are thorough: the first, the one before the reveal, and
the reveal."""


# Of questions of the other kinds, it is enough to look while the vote is open and just before the
# reveal: the steps between these do the same for all kinds.
LOOKS = {"start_question", "enable_chat", "stop_vote", "reveal"}
RIGHT = {
    "several": ("AC", "BD"),
    "number": ("471147114711", "581158115811"),
    "text": ("SECRET x", "SECRET y"),
}
ASKED = {
    "several": ("ABD", "CD", ("A", "C"), ("BD", "B")),
    "number": ("1", "2", ("471147114711", "5"), ("581158115811", "6")),
    "text": ("one", "two", ("SECRET x", "no"), ("SECRET y", "NO!")),
    "poll": ("A", "B", ("A", "A"), ("B", "A")),
}
"""The answers of ada and bea, and those of the others in the first and in the second class."""
SECRETS = ("SECRET", "471147114711", "581158115811", "0.123456789")


def looked_at() -> list[Route]:
    """Return the addresses that a student looks at."""
    elsewhere = ("admin/", "metrics", "healthz", "readyz", "embed/")
    return [route for route in routes() if not route.pattern.startswith(elsewhere)]


def content_of(kind: str, number: int) -> QuestionContent:
    """Return a question whose answer, and what is said with it, differ between two classes."""
    content = replace(
        KINDS[kind].content,
        explanation=f"SECRET explanation {number}",
        follow_up=f"SECRET follow-up {number}" * number,
    )
    if kind == "number":
        return replace(content, number=float(RIGHT[kind][number]), tolerance=0.123456789 + number)
    if kind == "text":
        return replace(content, accepted=(RIGHT[kind][number],))
    right = RIGHT[kind][number] if kind in RIGHT else ""
    return replace(
        content,
        choices=tuple(
            replace(one, is_correct=letter in right, feedback="SECRET" * (number + 1))
            for letter, one in zip("ABCD", content.choices, strict=False)
        ),
    )


@dataclass
class Class:
    """A class whose student `ada` looks around; `bea` is her partner, the others are not."""

    cast: Cast
    visit: Any
    name: str
    correct: str | None
    others: Sequence[str]
    """The votes, in both rounds, of the students who are not her partners."""
    content: QuestionContent | None = None
    partners: Sequence[str] = "AB"

    def __post_init__(self) -> None:
        self.secrets: set[str] = set()
        self.unread: set[str] = set()
        """The patterns of addresses that cannot be read, whatever the class does."""
        self.refused: set[str] = set()
        """The patterns of addresses that were refused to a student at the last thorough look."""
        tag = f"{self.name}-{self.cast.tag}"
        self.course = Course.objects.create(slug=f"class-{tag}", title="Class")
        for slug in ("force", "work"):
            if self.content is None:
                make_question(self.course, slug, correct=self.correct or "")
            else:
                store(self.course, slug, self.content)
        self.people: dict[str, Person] = {
            name: make_person(f"{name}-{tag}", name.title())
            for name in ("ada", "bea", "dora", "emil", "leader")
        }
        for name, person in self.people.items():
            role = "instructor" if name == "leader" else "student"
            Enrollment.objects.create(course=self.course, user=person.user, role=role)

    async def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        path = f"/api/courses/{self.course.slug}/{path}"
        token = self.people[name].token
        return await self.visit().send(method, path, body=body, token=token)

    async def step(self, action: str, given: dict[str, Any]) -> None:
        body = {"action": action, **self.filled(given)}
        answer = await self.ask("leader", "POST", "control/", body)
        assert answer.status == 200, answer.text

    async def vote(self) -> None:
        choices = [*self.partners, *self.others]
        for name, choice in zip(("ada", "bea", *self.others_), choices, strict=True):
            body = {"choice": choice, "confidence": 3, "rationale": "because"}
            # From the discussion on, partners see what each other said.
            if name in self.others_:
                body |= {
                    "confidence": 1 if self.correct == "A" else 5,
                    "rationale": self.correct or "none",
                }
            assert (await self.ask(name, "POST", "vote/", body)).status == 200

    def filled(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a step with the right answer of this class in its place."""
        return {key: self.correct if value is MINE else value for key, value in given.items()}

    @property
    def others_(self) -> tuple[str, str]:
        return "dora", "emil"

    async def looks(
        self, client: Any, *, thorough: bool = True, both_ways: bool = False
    ) -> dict[str, str]:
        """Return everything that ada can get at, and the frames that came unasked.

        `secrets` then has those of the secrets that were among it. Views do not know by what a user
        was recognised, so it is enough that one test looks with her session and with her token.
        Only thorough looks ask again for what was refused at the last one, such as the pages of
        those who lead, and for documents, which are the same for everybody.
        """
        self.secrets.clear()
        ada = self.people["ada"]
        room = str(Room.objects.get(course=self.course, kind="course").id)
        known = values(self.cast, slug=self.course.slug, room=room, username=ada.name, seq=1)
        seen = {}
        page, program = self.visit(ada), self.visit()

        async def get(route: Route) -> None:
            if route.pattern in self.unread:
                return
            if not thorough and route.pattern in self.refused | DOCUMENTS:
                return
            by_page = await page.get(route.path(known))
            seen[route.pattern] = self.plain(by_page.text)
            if by_page.status == 405:
                self.unread.add(route.pattern)
            if by_page.status in (302, 403, 404):
                self.refused.add(route.pattern)
            else:
                self.refused.discard(route.pattern)
            if both_ways and takes_token(route):
                by_token = await program.get(route.path(known), token=ada.token)
                seen[f"{route.pattern} by token"] = self.plain(by_token.text)

        session = page.cookies["sessionid"]
        await asyncio.gather(*map(get, looked_at()))
        assert page.cookies["sessionid"] == session
        for action, kind in CHAT.items():
            if action in ("list_users", "authenticate", "ping"):  # who is online; the time
                continue
            given = {"room": room, "rooms": {room: 0}, "course": self.course.slug}
            if action in ("new_message", "private_message", "vote", "typing", "publish", "send_to"):
                continue  # these commands tell something and ask for nothing
            sent = await client.post(action, **fields(kind, topic=f"{self.course.slug}/a", **given))
            reply = await client.take(lambda f, sent=sent: f.get("uuid") == sent, action)
            seen[action] = self.plain(str(reply))
        await client.settled()
        heard = [
            frame for frame in client.unread(but=frozenset()) if frame["action"] not in BY_ITSELF
        ]
        seen["heard"] = self.plain(str(heard))
        return seen

    def plain(self, text: str) -> str:
        """Return the text without ids, names and times, which differ between any two classes."""
        self.secrets |= {secret for secret in SECRETS if secret in text}
        return nameless(text.replace(f"{self.name}-{self.cast.tag}", "(tag)"))


@lru_cache
def nameless(text: str) -> str:
    """Return the text without ids and times. Most texts are the same for both classes."""
    text = re.sub(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", "(id)", text)
    text = re.sub(
        r'name="csrfmiddlewaretoken" value="\w+"|data-csrf="\w+"| nonce="[^"]*"', "", text
    )
    text = re.sub(r"'uuid': '[^']*'|\"session\":\d+", "", text)
    text = re.sub(r'"(id|\w+_id)": \d+', r'"\1": (id)', text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", "(time)", text)
    text = re.sub(r"\d{1,2} [A-Z][a-z]+ \d{4}(, \d\d:\d\d)?", "(time)", text)
    return re.sub(r"\d+\.\d+(e\d+)?", "(time)", text)


async def test_no_page_takes_a_token(cast, visit):
    """So the searches below need not ask for pages by token as well."""
    nobody = visit()
    known = values(cast)
    for route in looked_at():
        if takes_token(route):
            continue
        path = route.path(known)
        without = await nobody.get(path)
        given = await visit().get(path, token=cast.ada.token)
        assert (given.status, given.location) == (without.status, without.location), path
        assert cast.ada.name not in given.text, path


@pytest.mark.timeout(240)
async def test_the_same_to_a_student_until_the_reveal(cast, visit):
    classes = [
        Class(cast, visit, "one", correct="A", others="CC"),
        Class(cast, visit, "two", correct="D", others="DB"),
    ]
    sockets = [await cast.chat(one.people["ada"], one.people["bea"]) for one in classes]
    for number, (action, given) in enumerate(STEPS, start=1):
        for one in classes:
            await one.step(action, given)
            if number in VOTED_AFTER:
                await one.vote()
        seen = await asyncio.gather(
            *(
                one.looks(ada, thorough=number in THOROUGH, both_ways=number == 7)
                for one, (ada, _) in zip(classes, sockets, strict=True)
            )
        )
        differs = {name for name in seen[0] if seen[0][name] != seen[1][name]}
        if action != "reveal":
            assert differs == set(), (action, {name: [s[name] for s in seen] for name in differs})
            for text in seen[0].values():
                assert "histogram" not in text or "openapi" in text or "asyncapi" in text, text[
                    :200
                ]
        else:
            # After the reveal the two must differ: this shows that the comparison can fail.
            assert {"state", "heard", "api/courses/<slug:slug>/questions/"} <= differs


# Each kind takes a quarter of a minute of CPU, and is the test above with another content.
@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ASKED)
async def test_nor_anything_of_the_answer_to_a_question_of_another_kind(cast, visit, kind):
    """This includes the tolerance of a number, what is said with a result, and the screen."""
    mine, partner, *others = ASKED[kind]
    classes = [
        Class(cast, visit, name, None, others[n], content_of(kind, n), (mine, partner))
        for n, name in enumerate(("one", "two"))
    ]
    sockets = [await cast.chat(one.people["ada"], one.people["bea"]) for one in classes]
    for number, (action, given) in enumerate(STEPS, start=1):
        for one in classes:
            await one.step(action, given)
            if number in VOTED_AFTER:
                await one.vote()
        if action not in LOOKS:
            continue
        seen = await asyncio.gather(
            *(
                one.looks(ada, thorough=number in THOROUGH)
                for one, (ada, _) in zip(classes, sockets, strict=True)
            )
        )
        differs = {name for name in seen[0] if seen[0][name] != seen[1][name]}
        secrets = {secret for one in classes for secret in one.secrets}
        screens = [await one.ask("leader", "GET", "screen/") for one in classes]
        shown = {name for screen in screens for name in screen.body} & RESULT
        if action != "reveal":
            assert differs == set(), (action, {name: [s[name] for s in seen] for name in differs})
            assert (secrets, shown) == (set(), set()), action
            assert not any(secret in screen.text for secret in SECRETS for screen in screens)
        else:
            assert {"state", "heard", "api/courses/<slug:slug>/questions/"} <= differs
            assert {"SECRET"} <= secrets
            assert {"correct", "explanation", "follow_up"} <= shown


@pytest.mark.timeout(240)
@pytest.mark.long
async def test_nor_the_answer_of_a_quick_question_whenever_it_is_given(cast, visit):
    classes = [
        Class(cast, visit, "right", correct="A", others="CC"),
        Class(cast, visit, "never", correct=None, others="DB"),
    ]
    sockets = [await cast.chat(one.people["ada"], one.people["bea"]) for one in classes]
    for number, (action, given) in enumerate(QUICK, start=1):
        for one in classes:
            await one.step(action, given)
            if number in (1, 5):
                await one.vote()
        if action not in ("set_correct", "reveal"):
            continue
        seen = await asyncio.gather(
            *(
                one.looks(ada, thorough=number in (2, len(QUICK) - 1, len(QUICK)))
                for one, (ada, _) in zip(classes, sockets, strict=True)
            )
        )
        differs = {name for name in seen[0] if seen[0][name] != seen[1][name]}
        if action == "reveal":
            assert {"state", "heard", "api/courses/<slug:slug>/questions/"} <= differs
        else:
            assert differs == set(), (number, {name: [s[name] for s in seen] for name in differs})
