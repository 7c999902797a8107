"""A whole question, as its students see it: snapshots, events, votes, secrets."""

import asyncio
import json

import pytest
from django.db import transaction
from django.utils import timezone

from rooms.actions.votes import Ballot, store_ballots
from rooms.models import ClassSession, PartnerGroup, UseLog, Vote
from rooms.wire.errors import RoundClosed
from tests.cases import case
from tests.client import barrier
from tests.rooms.cast import eventually
from tests.rooms.kinds import KINDS, RESULT, ask_all
from tests.rooms.lesson import STATES, lead, state_fields, timeless

COMPANY = {"group", "group_place", "offered"}
"""What is told of partners besides who they are."""


class Page:
    """The state that a page knows: a snapshot, updated by each frame that came after it."""

    PARTNERS_SHOWN = ("discuss", "revote", "revote_closed", "revealed")

    def __init__(self, snapshot):
        self.state = timeless(snapshot)
        self.revision = self.state.pop("revision")

    def see(self, frame):
        """Take a frame into account, as the page of a student does."""
        revision = frame.pop("revision", self.revision)
        assert revision >= self.revision
        self.revision = revision
        match frame:
            case {"action": "control", "message": message, "phase": phase, **fields}:
                if message == "announce":
                    return
                reopened = phase == "vote" and (
                    self.state["phase"] == "vote_closed"
                    and fields["question"] == self.state["question"]
                )
                if phase == "idle" or (message == "enableVote" and not reopened):
                    self.state["votes"] = [None, None]
                if phase not in self.PARTNERS_SHOWN:
                    self.state |= {"room": None, "partners": []}
                    self.forget(COMPANY)
                self.forget(RESULT)
                self.state |= {"message": message, "phase": phase}
                self.state |= {
                    key: fields[key] for key in fields if key not in ("action", "server_time")
                }
                if phase not in ("vote", "revote"):
                    self.state["draft"] = None
            case {"action": "partners", "room": room, "partners": partners, **fields}:
                self.forget(COMPANY)
                self.state |= {"room": room, "partners": partners}
                self.state |= {key: fields[key] for key in COMPANY & fields.keys()}
            case {"action": "closing", "epoch": epoch, "deadline": deadline}:
                assert epoch == self.state["epoch"]
                self.state["deadline"] = deadline
            case {"action": "voted", "question": question, "round": number, "vote": vote}:
                assert question == self.state["question"]["question"]
                self.state["votes"][number - 1] = vote
                self.state["draft"] = None
            case {"action": "drafted", "question": question, "round": number, "draft": draft}:
                assert (question, number) == (
                    self.state["question"]["question"],
                    self.state["round"],
                )
                self.state["draft"] = draft
            case {"action": "muted", "until": until}:
                self.state["muted_until"] = until

    def forget(self, fields):
        for key in fields:
            self.state.pop(key, None)


class Student:
    """A student whose page follows the class, and who votes."""

    def __init__(self, cast, name, client, vote):
        self.cast, self.name, self.client, self.vote = cast, name, client, vote
        self.page = None
        self.taken = 0

    async def look(self):
        """The fresh snapshot."""
        return await self.client.ask("state", course=self.cast.course.slug)

    async def open(self):
        self.page = Page(await self.look())
        self.taken = len(self.client.raw)

    def catch_up(self):
        for frame in self.client.raw[self.taken :]:
            self.page.see(json.loads(frame))
        self.taken = len(self.client.raw)

    def answer(self, number, choice):
        """The answer to the question that is shown, of the student of this number."""
        question = self.page.state["question"] or {}
        asked = KINDS.get(question.get("question"))
        return choice if asked is None else asked.answers[number]

    async def cast_vote(self, choice=None):
        mine, confidence, rationale = self.vote
        fields = {"rationale": rationale} if rationale else {}
        if confidence:
            fields["confidence"] = confidence
        reply = await self.client.ask(
            "vote", course=self.cast.course.slug, choice=choice or mine, **fields
        )
        # The vote itself arrives as an event.
        assert reply["choice"] == STORED.get(choice, choice or mine)

    async def leave_draft(self, choice):
        state = await self.look()
        question, number = state["question"]["question"], state["round"]
        vote = state["votes"][number - 1]
        reply = await self.client.ask(
            "draft",
            course=self.cast.course.slug,
            question=question,
            round=number,
            choice=choice,
            rationale=f"why {choice}",
            after=vote and vote["cast_at"],
        )
        assert reply["kept"]


async def classroom(cast, *, with_people=False, asked=("single", "single")):
    """The dashboard, and four students with open pages on both workers.

    Their votes are of the first of the kinds, which `force` has; `work` has the second.
    """
    people = {
        "ada": cast.ada,
        "bea": cast.bea,
        "carl": cast.carl,
        "dan": cast.student("dan"),
    }
    votes = {
        "ada": ("A", 3, "secret of ada"),
        "bea": ("B", None, ""),
        "carl": ("A", None, "secret of carl"),
        "dan": ("B", 5, "secret of dan"),
    }
    clients = await cast.chat(*people.values())
    students = {
        name: Student(cast, name, client, votes[name])
        for name, client in zip(people, clients, strict=True)
    }
    for student in students.values():
        await student.open()
    board = await cast.dashboard(worker=0)
    return (board, students, people) if with_people else (board, students)


STORED = {
    answer: stored
    for asked in KINDS.values()
    for answer, stored in zip(asked.answers, asked.stored, strict=True)
}
STEPS = [
    ("start_question", {"question": "force"}),
    "draft",
    "vote",
    "draft",
    ("count_down_and_stop", {"seconds": 600}),
    ("announce", {"text": "Soon"}),
    ("stop_vote", {}),
    ("make_partners", {}),
    ("enable_chat", {}),
    ("start_revote", {"seconds": 600}),
    "vote",
    ("stop_vote", {}),
    ("reopen", {}),
    ("stop_vote", {}),
    ("reveal", {}),
    ("announce", {"text": "Well done"}),
    ("next_question", {}),
    ("start_question", {"question": "work"}),
    "vote",
    ("stop_vote", {}),
    ("reopen", {}),
    ("stop_vote", {}),
    ("reveal", {}),
    ("start_question", {"question": "force"}),
    ("stop_vote", {}),
    ("next_question", {"question": "work"}),
]


async def take(cast, step, ines, students):
    """Take a step, in which each student may vote or choose."""
    match step:
        case "vote":
            for number, student in enumerate(students.values()):
                await student.cast_vote(student.answer(number, None))
        case "draft":
            for number, student in enumerate(students.values()):
                await student.leave_draft(student.answer((number + 1) % 4, "CDAB"[number]))
        case action, fields:
            await ines.ask(action, **fields)


@pytest.mark.parametrize(
    "slugs",
    [
        ("force", "work"),
        pytest.param(("several", "number"), marks=pytest.mark.long),
        pytest.param(("text", "poll"), marks=pytest.mark.long),
    ],
)
async def test_a_snapshot_and_the_events_after_it_are_a_fresh_snapshot(cast, slugs):
    """Each student has tabs at both workers, and votes and drafts in the first of them.

    Ada has one more, at the worker where she votes.
    """
    ask_all(cast.course)
    ines, students, people = await classroom(cast, with_people=True)
    tabs = []
    # The first tabs are at the workers by turns.
    for worker, name in ((0, "ada"), (1, "ada"), (0, "bea"), (1, "carl"), (0, "dan")):
        client = await cast.chat(people[name], worker=worker)
        tabs.append(Student(cast, name, client, students[name].vote))
    for tab in tabs:
        await tab.open()
    pages = [*students.values(), *tabs]
    names = dict(zip(("force", "work"), slugs, strict=True))
    for number, general in enumerate(STEPS):
        step = general
        if isinstance(step, tuple) and "question" in step[1]:
            step = step[0], {**step[1], "question": names[step[1]["question"]]}
        await take(cast, step, ines, students)
        # Ada is at the worker of the dashboard.
        for sender in (students["ada"], students["bea"]):
            await barrier(sender.client, cast.room, *(page.client for page in pages))
        for page in pages:
            page.catch_up()
            fresh = Page(await page.look())
            assert page.page.state == fresh.state, (number, step)
            # Students are told of their groups only when the discussion opens.
            formed = step[0] == "make_partners"
            assert fresh.revision == page.page.revision + formed, (number, step)


async def test_also_where_the_discussion_is_left_out(cast):
    ines, students = await classroom(cast)
    formed = ["start_question", "stop_vote", "make_partners"]
    steps = [
        *(*formed, "start_revote", "stop_vote", "next_question"),
        *(*formed, "reveal"),
        *(*formed, "enable_face_chat", "start_revote"),
    ]
    for number, step in enumerate(steps):
        await ines.ask(step, **({"question": "force"} if step == "start_question" else {}))
        await barrier(students["ada"].client, cast.room, *(s.client for s in students.values()))
        for student in students.values():
            student.catch_up()
            fresh = Page(await student.look())
            assert student.page.state == fresh.state, (number, step)
            formed_now = step == "make_partners"
            assert fresh.revision == student.page.revision + formed_now, (number, step)


async def test_a_page_that_is_opened_in_any_phase(cast):
    """A socket opened in any phase gets the state that a socket open from the start knows."""
    ines, students = await classroom(cast)
    ada = students["ada"]
    for step in STEPS[:15]:
        await take(cast, step, ines, students)
        await barrier(ada.client, cast.room)
        ada.catch_up()
        again = Student(cast, "ada", await cast.chat(cast.ada), ada.vote)
        await again.open()
        assert again.page.state == ada.page.state
        # From here on the new page follows the class by its events.
        ada.client.abort()
        students["ada"] = ada = again


async def test_the_snapshot_in_each_phase(cast):
    """The class is led to each phase from the start, and then takes votes only if it is to."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    running = ClassSession.objects.filter(course=cast.course, ended_at=None)
    epoch = revision = 0
    for phase, groups in STATES:
        with case(phase, groups):
            running.update(ended_at=timezone.now())
            begun = epoch
            epoch = await lead(ines, phase, groups=groups) or epoch
            # The clock may have seated somebody before, who was online, which counts as well.
            least = revision + epoch - begun + groups
            revision = running.get().revision if running.exists() else least
            assert revision >= least
            if phase not in ("vote", "revote"):
                await refuses_votes(cast, ada)
            shown = groups and phase != "vote_closed"
            group = PartnerGroup.objects.filter(round__session__in=running.all()).first()
            room = str(group.room_id) if shown else None
            expected = snapshot_in(cast, phase, epoch, groups=groups, revision=revision, room=room)
            for client, partner in ((ada, cast.bea), (bea, cast.ada)):
                assert await client.ask("state", course=cast.course.slug) == {
                    **expected,
                    "partners": [{**partner.body, "choice": None}] if shown else [],
                    **({"group": 1} if shown else {}),
                }
            # The instructor has no vote and no partner, and sees no more here before the reveal.
            assert await ines.ask("state") == {**expected, "room": None}
            carl = await cast.chat(cast.carl)
            assert (await carl.ask("state", course=cast.course.slug))["votes"] == [None, None]
            # Who is online is put into a group, the next time.
            await carl.close()
            open_ones = cast.carl.user.peerchat_connections.filter(closed_at=None)
            await eventually(lambda rows=open_ones: not rows.exists())


def snapshot_in(cast, phase, epoch, *, groups, revision, room):
    """Return the snapshot of somebody without a vote and partners in this phase."""
    more = {}
    if phase == "revealed":
        zeros = dict.fromkeys("ABCD", 0)
        more = {
            "round": 2 if groups else 1,
            "correct": "B",
            "histograms": [zeros, zeros if groups else {}],
        }
    messages = {
        "idle": "enableNext",
        "vote": "enableVote",
        "vote_closed": "stopVote",
        "discuss": "enableChat",
        "revote": "enableRevote",
        "revote_closed": "stopVote",
        "revealed": "reveal",
    }
    slug = None if phase == "idle" else "force"
    more["revision"] = revision
    return {
        **state_fields(cast, messages[phase], phase, epoch, slug=slug, **more),
        "votes": [None, None],
        "draft": None,
        "muted_until": None,
        "room": room,
        "partners": [],
    }


async def refuses_votes(cast, client):
    """Check that no vote of ada's counts, whether or not there is such a choice."""
    for choice in ("A", "Z"):
        assert await client.fail("vote", course=cast.course.slug, choice=choice) == {
            "error_code": "round_closed"
        }
    assert Vote.objects.filter(user=cast.ada.user).count() == 0


# --- votes ---------------------------------------------------------------------------------------


async def voting(cast, *people):
    """The dashboard and chats of these students, in a vote that is open."""
    clients = await cast.chat(*people)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    return ines, *(clients if len(people) > 1 else [clients])


async def test_a_vote(cast):
    _, ada = await voting(cast, cast.ada)
    reply = await ada.ask(
        "vote", course=cast.course.slug, choice="C", confidence=4, rationale="\nBecause. "
    )
    vote = Vote.objects.get(user=cast.ada.user)
    assert (vote.choice, vote.confidence, vote.rationale) == ("C", 4, "Because.")
    cast_at = vote.cast_at.timestamp()
    assert reply == {"round": 1, "choice": "C", "cast_at": cast_at}
    assert (await ada.ask("state", course=cast.course.slug))["votes"] == [
        {"choice": "C", "confidence": 4, "rationale": "Because.", "cast_at": cast_at},
        None,
    ]


async def test_the_last_vote_counts(cast):
    ines, ada, bea = await voting(cast, cast.ada, cast.bea)
    other = await cast.chat(cast.ada)
    for client, choice in ((ada, "A"), (other, "B"), (bea, "A"), (ada, "D")):
        await client.ask("vote", course=cast.course.slug, choice=choice, confidence=5)
    await other.ask("vote", course=cast.course.slug, choice="C")
    figures = await ines.ask("figures")
    assert figures["histograms"] == [{"A": 1, "B": 0, "C": 1, "D": 0}, {}]
    vote = Vote.objects.get(user=cast.ada.user)
    assert (vote.choice, vote.confidence, vote.rationale) == ("C", None, "")
    assert UseLog.objects.filter(sid=cast.ada.name, event="vote").count() == 4


async def test_each_round_has_votes_of_its_own(cast):
    ines, ada = await voting(cast, cast.ada)
    await ada.ask("vote", course=cast.course.slug, choice="A")
    await ines.ask("stop_vote")
    await ines.ask("start_revote")
    reply = await ada.ask("vote", course=cast.course.slug, choice="B")
    assert (reply["round"], reply["choice"]) == (2, "B")
    state = await ada.ask("state", course=cast.course.slug)
    assert [one["choice"] for one in state["votes"]] == ["A", "B"]


async def test_a_vote_after_a_reopening_counts_in_the_same_round(cast):
    ines, ada = await voting(cast, cast.ada)
    await ada.ask("vote", course=cast.course.slug, choice="A")
    await ines.ask("stop_vote")
    await ines.ask("reopen")
    reply = await ada.ask("vote", course=cast.course.slug, choice="B")
    assert (reply["round"], reply["choice"]) == (1, "B")
    assert [one.choice for one in Vote.objects.filter(user=cast.ada.user)] == ["B"]


async def test_invalid_choices(cast):
    _, ada = await voting(cast, cast.ada)
    for choice in ("E", "", "a", "AB", "A ", "1", "💥"):
        assert await ada.fail("vote", course=cast.course.slug, choice=choice) == {
            "error_code": "invalid_choice"
        }, choice
        assert Vote.objects.filter(user=cast.ada.user).count() == 0


async def test_rationales(cast):
    _, ada = await voting(cast, cast.ada)
    slug = cast.course.slug
    await ada.ask("vote", course=slug, choice="A", rationale="\n" + "r" * 1000 + " ")
    assert await ada.fail("vote", course=slug, choice="B", rationale="r" * 1001) == {
        "error_code": "text_too_long"
    }
    assert Vote.objects.get(user=cast.ada.user).choice == "A"
    await ada.ask("vote", course=slug, choice="A", rationale="   ")
    assert Vote.objects.get(user=cast.ada.user).rationale == ""


async def test_a_vote_after_the_deadline_is_late_even_if_nothing_has_closed_the_round(cast):
    await voting(cast, cast.ada)
    with transaction.atomic():
        # The row stays locked and the change unseen by others until it is rolled back.
        session = ClassSession.objects.select_for_update().get(course=cast.course)
        for deadline, accepted in (
            (timezone.now(), False),
            (timezone.now() + timezone.timedelta(seconds=60), True),
        ):
            ClassSession.objects.filter(pk=session.pk).update(deadline=deadline)
            [result] = store_ballots([Ballot(cast.ada.user, cast.course.slug, "A")])
            assert isinstance(result, RoundClosed) is not accepted
        transaction.set_rollback(True)


async def test_every_vote_that_was_taken_counts_and_no_other(cast):
    """Many vote while the round is closed and opened again."""
    people = [cast.student(f"s{number}") for number in range(10)]
    ines, *clients = await voting(cast, *people)
    accepted = dict.fromkeys(range(10))

    async def vote(number, client):
        for choice in "ABCDABCDABCD":
            reply = await client.command("vote", course=cast.course.slug, choice=choice)
            if reply["status"] == "success":
                accepted[number] = choice
            else:
                assert reply["error_code"] == "round_closed"

    async def close_and_open():
        for _ in range(4):
            await ines.ask("stop_vote")
            await ines.ask("reopen")
        await ines.ask("stop_vote")

    await asyncio.gather(
        close_and_open(), *(vote(number, client) for number, client in enumerate(clients))
    )
    stored = dict(
        Vote.objects.filter(round__session__course=cast.course).values_list("user", "choice")
    )
    assert stored == {
        people[number].user.pk: choice for number, choice in accepted.items() if choice
    }
    histogram = (await ines.ask("figures"))["histograms"][0]
    assert histogram == {letter: list(stored.values()).count(letter) for letter in "ABCD"}


async def test_too_many_votes(cast):
    _, ada = await voting(cast, cast.ada)
    names = [await ada.post("vote", course=cast.course.slug, choice="A") for _ in range(60)]
    replies = [await ada.reply(name, "vote") for name in names]
    refused = [one for one in replies if one["status"] == "error"]
    assert 1 <= len(refused) <= 40
    assert {one["error_code"] for one in refused} == {"rate_limited"}
    assert all(0 < one["retry_after"] <= 0.2 for one in refused)


# --- secrets -------------------------------------------------------------------------------------

REVEALING = {"is_correct", "transitions", "gain", "figures", "votes_in", *RESULT}


def told(frame):
    """(all keys of a frame at any depth, all objects in it)"""
    keys, objects, left = set(), [], [frame]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            keys |= set(one)
            objects.append(one)
            left += one.values()
        elif isinstance(one, list):
            left += one
    return keys, objects


@pytest.mark.parametrize("every", [2, pytest.param(1, marks=pytest.mark.long)])
async def test_nothing_of_correctness_or_of_others_votes_before_the_reveal(cast, every):
    """After each step one of so many students looks wherever there may be something."""
    ines, students = await classroom(cast)
    for step_number, step in enumerate(STEPS[:14]):
        await take(cast, step, ines, students)
        for student in list(students.values())[step_number % every :: every]:
            client = student.client
            await client.ask("list_rooms")
            await client.ask("list_users", room=cast.room)
            await client.ask("select_room", room=cast.room, limit=100)
            await client.ask("history", room=cast.room, before=1000, limit=100)
            await client.ask("resume", rooms={cast.room: 0})
            await student.look()
    partners = {
        name: {one["username"] for one in (await student.look())["partners"]}
        for name, student in students.items()
    }
    assert sorted(len(found) for found in partners.values()) == [1, 1, 1, 1]
    for name, student in students.items():
        others = [f"secret of {other}".encode() for other in students if other != name]
        for raw in student.client.raw:
            assert not any(secret in raw for secret in others)
            keys, objects = told(json.loads(raw))
            assert keys & REVEALING == set()
            # A choice is told with a text (the question's), as one's own, or as a partner's.
            for one in objects:
                if "choice" in one and "text" not in one and "username" in one:
                    assert one["username"] in partners[name]
    # After the reveal the answer is told.
    await ines.ask("reveal")
    for student in students.values():
        event = await student.client.event("control", message="reveal")
        assert (event["correct"], event["histograms"]) == (
            "B",
            [{"A": 1, "B": 1, "C": 1, "D": 1}, {"A": 2, "B": 2, "C": 0, "D": 0}],
        )


async def test_the_next_question_takes_the_secrets_away_again(cast):
    ines, ada = await voting(cast, cast.ada)
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    await ines.ask("start_question", question="work")
    event = await ada.event("control", phase="vote", epoch=4)
    snapshot = await ada.ask("state", course=cast.course.slug)
    assert {"correct", "histograms"} & (event.keys() | snapshot.keys()) == set()
