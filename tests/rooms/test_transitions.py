"""The phase table over the wire: where each command leads, and what is refused."""

import asyncio
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.models import (
    ClassSession,
    Course,
    Enrollment,
    Message,
    PartnerGroup,
    Room,
    Round,
    UseLog,
)
from tests.cases import case
from tests.client import barrier, refusal
from tests.pace import patient
from tests.rooms.cast import body, eventually, make_question
from tests.rooms.lesson import STATES, control, lead, state_fields, timeless
from tests.rooms.peer.test_phases import ALWAYS, WITH_GROUPS

MESSAGES = {
    "start_question": "enableVote",
    "count_down_and_stop": "countDownAndStop",
    "stop_vote": "stopVote",
    "enable_chat": "enableChat",
    "enable_face_chat": "enableFaceChat",
    "enable_discussion": "enableDiscussion",
    "start_revote": "enableRevote",
    "reveal": "reveal",
}
# One row for each way to give a command: a name for the row, the action, its fields.
COMMANDS = {
    **{action: (action, {}) for action in sorted(WITH_GROUPS)},
    "start_question": ("start_question", {"question": "work"}),
    "next_question to idle": ("next_question", {}),
    "next_question to vote": ("next_question", {"question": "work"}),
    "announce": ("announce", {"text": "Five more minutes"}),
    "move_student": ("move_student", {"username": "ada", "group": 1}),
    "split_group": ("split_group", {"group": 1}),
    "join_groups": ("join_groups", {"groups": [1, 2]}),
    "visit_group": ("visit_group", {"group": 1}),
    "say_to_group": ("say_to_group", {"group": 1, "text": "Why?"}),
    "tell_groups": ("tell_groups", {"text": "Two more minutes"}),
    "slow_groups": ("slow_groups", {"seconds": 30}),
}
# What these do, and that they do it once, is in `api/test_group_talk.py`.
OF_GROUPS = {
    *("split_group", "join_groups", "visit_group", "say_to_group", "tell_groups", "slow_groups"),
}
# `test_quick.py` has these: they are about a question that the lessons here do not have. `extend`
# needs a deadline, and is in `actions/test_timing.py`.
for other in ("next_question", "quick_question", "set_correct", "extend"):
    del COMMANDS[other]


def target(phase, groups, name):
    """Return the phase to which the contract's table leads; None if it refuses the command."""
    action, _ = COMMANDS[name]
    table = WITH_GROUPS if groups else ALWAYS
    found = {str(here): str(there) for here, there in table.get(action, {}).items()}.get(phase)
    return "vote" if found and name == "next_question to vote" else found


def is_transition(name):
    stays = ("make_partners", "move_student", "show_bars", "show_argument", "announce")
    return COMMANDS[name][0] not in stays


LEGAL = [
    (phase, groups, name)
    for phase, groups in STATES
    for name in COMMANDS
    if name not in OF_GROUPS and target(phase, groups, name)
]


def first_of_each():
    """Return the cases that have a command or a state that no case before them has."""
    seen, first = set(), []
    for phase, groups, name in LEGAL:
        new = {name, (phase, groups)} - seen
        seen |= new
        if new:
            first.append((phase, groups, name))
    return first


FIRST = first_of_each()
REST = [row for row in LEGAL if row not in FIRST]


async def give(cast, ines, name, **more):
    action, fields = COMMANDS[name]
    fields = {**fields, **more}
    if "username" in fields:
        fields["username"] = cast.ada.name
    return await ines.command(action, **fields)


class Arranged:
    """A class of ada and bea that is led to one state after the other."""

    def __init__(self, cast, ada, bea, ines):
        self.cast, self.ada, self.bea, self.ines = cast, ada, bea, ines

    async def look(self):
        """Find out where the class stands, and count what came so far as read."""
        # Ada is at the worker of the dashboard, so all that it published arrives before this.
        await barrier(self.ada, self.cast.room, self.bea, self.ines)
        for client in (self.ada, self.bea, self.ines):
            client.forget()
        self.state = await self.ines.ask("state")
        self.phase, self.epoch = self.state["phase"], self.state["epoch"]
        self.revision = self.state["revision"]
        running = ClassSession.objects.filter(course=self.cast.course, ended_at=None).first()
        current = running and running.current_round
        formed = PartnerGroup.objects.filter(round=current and (current.first or current))
        self.groups = formed.exists()

    async def reach(self, phase, groups):
        """End what there is, and bring the class into this state from the start."""
        running = ClassSession.objects.filter(course=self.cast.course, ended_at=None)
        before = await self.ines.ask("state")
        if phase != "idle":
            running.update(ended_at=timezone.now())
        elif before["phase"] == "vote":
            # A class that was ended shows the state in which that happened, and not this one.
            await self.ines.ask("stop_vote")
            before |= await self.ines.ask("next_question")
            before["revision"] += 2
        await lead(self.ines, phase, groups=groups)
        await self.look()
        assert (self.phase, self.groups) == (phase, groups)
        # Making groups counts as a revision, and each transition does.
        assert self.revision - before["revision"] == self.epoch - before["epoch"] + groups


async def arrange(cast):
    """Return the class, idle so far."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    return Arranged(cast, ada, bea, await cast.dashboard())


def stored(cast):
    """Return what the database has of a class."""
    return {
        "messages": Message.objects.filter(room__course=cast.course).count(),
        "rounds": Round.objects.filter(session__course=cast.course).count(),
        "rooms": list(
            Room.objects.filter(course=cast.course).order_by("id").values_list("id", "archived_at")
        ),
        "groups": list(
            PartnerGroup.objects.filter(round__session__course=cast.course).order_by("pk")
        ),
        "log": UseLog.objects.filter(course_id=cast.course.slug).count(),
    }


# --- legal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows", [FIRST, pytest.param(REST, marks=pytest.mark.long)], ids=["first", "rest"]
)
async def test_legal(cast, rows):
    """A command leads where the table says, and does nothing if it is sent again."""
    place, rows = await arrange(cast), list(rows)
    await place.look()
    while rows:
        # The class goes on from where the last command has led if there is another to try there.
        here = None if place.state["deadline"] else (place.phase, place.groups)
        phase, groups, name = min(rows, key=lambda row: row[:2] != here)
        rows.remove((phase, groups, name))
        with case(phase, groups, name):
            if (phase, groups) != here:
                await place.reach(phase, groups)
            ines, uuid = place.ines, f"same {len(rows)}"
            first = await give(cast, ines, name, uuid=uuid, epoch=place.epoch)
            await has_led(place, first, name)
            before = stored(cast), timeless(await ines.ask("state"))
            ines.forget()
            again = await give(cast, ines, name, uuid=uuid, epoch=place.epoch)
            assert again == first
            assert (stored(cast), timeless(await ines.ask("state"))) == before
            assert await ines.settled() == []
            await place.look()


async def has_led(place, reply, name):
    """Check all that a command which was given in this state of the class has done."""
    cast, ines, ada, epoch = place.cast, place.ines, place.ada, place.epoch
    action, _ = COMMANDS[name]
    leads_to = target(place.phase, place.groups, name)
    uuid = reply["uuid"]
    assert reply == {
        "uuid": uuid,
        "action": action,
        "status": "success",
        "phase": leads_to,
        "epoch": epoch + is_transition(name),
        **({"groups": 1} if action == "make_partners" else {}),
    }
    if not is_transition(name):
        snapshot = await ines.ask("state")
        assert (snapshot["phase"], snapshot["epoch"]) == (place.phase, epoch)
        assert snapshot["revision"] == place.revision + (name in ("make_partners", "show_bars"))
        return
    expected = expectation(place, leads_to, name)
    for client in (ines, ada):
        event = await client.event("control")
        assert event == expected
        text = (await client.message(event["message"]))["message"]
        message = Message.objects.get(id=text["id"])
        assert text == body(message)
        assert (message.kind, str(message.room_id)) == ("control", cast.room)
        assert (message.sender, message.uuid == uuid) == (cast.ines.user, False)
    snapshot = await ada.ask("state", course=cast.course.slug)
    assert {key: snapshot[key] for key in expected if key not in ("action", "server_time")} == {
        key: value for key, value in expected.items() if key not in ("action", "server_time")
    }
    row = UseLog.objects.filter(course_id=cast.course.slug, event="peer").order_by("id").last()
    assert (row.sid, row.act, row.div_id) == (
        cast.ines.name,
        action,
        expected["question"]["question"] if expected["question"] else "",
    )


def asked_in(place):
    return place.state["question"]["question"]


def expectation(place, leads_to, name):
    """The `control` event of a transition."""
    action, fields = COMMANDS[name]
    if action in ("reopen", "next_question"):
        message = {"vote": "enableVote", "revote": "enableRevote", "idle": "enableNext"}[leads_to]
    else:
        message = MESSAGES[action]
    more = {}
    if action == "count_down_and_stop":
        more["deadline"] = pytest.approx(time.time() + 5, abs=patient(4.5))
    if leads_to == "revealed":
        zeros = dict.fromkeys("ABCD", 0)
        second = place.phase == "revote_closed"
        more |= {
            "round": 2 if second else 1,
            "correct": "B",
            "histograms": [zeros, zeros if second else {}],
        }
    slug = None if leads_to == "idle" else fields.get("question") or asked_in(place)
    more["revision"] = place.revision + 1
    return control(place.cast, message, leads_to, place.epoch + 1, slug=slug, **more)


# --- illegal -------------------------------------------------------------------------------------


async def test_illegal(cast):
    place = await arrange(cast)
    for phase, groups in STATES:
        with case(phase, groups):
            await place.reach(phase, groups)
            await refuses_all_else(place)


async def refuses_all_else(place):
    """Check that the class refuses each command that its state has no place for."""
    ines = place.ines
    before = stored(place.cast), timeless(await ines.ask("state"))
    expected = {"error_code": "illegal_transition", "phase": place.phase, "epoch": place.epoch}
    for name in COMMANDS:
        if target(place.phase, place.groups, name):
            continue
        reply = await give(place.cast, ines, name)
        assert f"phase {place.phase}" in reply["error_message"]
        assert COMMANDS[name][0] in reply["error_message"]
        assert refusal(reply) == expected
    # Nor is anything that names another epoch than the one that stands.
    for name in COMMANDS:
        reply = await give(place.cast, ines, name, epoch=place.epoch + 1)
        assert refusal(reply) == expected, name
    assert (stored(place.cast), timeless(await ines.ask("state"))) == before
    assert await ines.settled() == []
    assert await place.ada.settled() == []


# --- epochs --------------------------------------------------------------------------------------


async def test_before_the_first_question(cast):
    ines = await cast.dashboard()
    assert await ines.ask("state") == {
        **state_fields(cast, "enableNext", "idle", 0, slug=None),
        "votes": [None, None],
        "draft": None,
        "muted_until": None,
        "room": None,
        "partners": [],
    }


async def test_a_whole_question_counts_the_epochs(cast):
    await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    epochs = []
    for action, fields in (
        ("start_question", {"question": "force"}),
        ("count_down_and_stop", {"seconds": 60}),
        ("stop_vote", {}),
        ("make_partners", {}),
        ("enable_chat", {}),
        ("start_revote", {}),
        ("stop_vote", {}),
        ("reopen", {}),
        ("stop_vote", {}),
        ("reveal", {}),
        ("next_question", {"question": "work"}),
    ):
        # Each command names the epoch that stands.
        reply = await ines.ask(action, epoch=epochs[-1] if epochs else 0, **fields)
        epochs.append(reply["epoch"])
    assert epochs == [1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10]


async def test_two_dashboards_cannot_fight(cast):
    ines = await cast.dashboard(cast.ines, worker=0)
    tess = await cast.dashboard(cast.tess, worker=1)
    await ines.ask("start_question", question="force")
    for number in range(6):
        epoch = (await ines.ask("state"))["epoch"]
        action = ("stop_vote", "reopen")[number % 2]
        both = await asyncio.gather(*(one.command(action, epoch=epoch) for one in (ines, tess)))
        assert sorted(one["status"] for one in both) == ["error", "success"]
    assert (await tess.ask("state"))["epoch"] == 7
    assert Message.objects.filter(room=cast.room, kind="control").count() == 7


async def test_an_old_command_that_comes_late_does_nothing(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force", uuid="old")
    await ines.ask("stop_vote")
    await ines.ask("next_question")
    assert await ines.ask("start_question", question="force", uuid="old") == {
        "phase": "idle",
        "epoch": 3,
    }
    assert Message.objects.filter(room=cast.room).count() == 3


async def test_the_uuid_of_another_command_is_refused(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force", uuid="same")
    assert await ines.fail("stop_vote", uuid="same") == {"error_code": "uuid_reused"}
    assert (await ines.ask("state"))["phase"] == "vote"


async def test_epochs_go_on_in_a_new_class_session(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    await ines.ask("stop_vote")
    await ines.ask("reveal")
    ClassSession.objects.filter(course=cast.course).update(
        changed_at=timezone.now() - timedelta(hours=7), revision=9
    )
    assert await ines.ask("start_question", question="work") == {"phase": "vote", "epoch": 4}
    assert (await ines.ask("state"))["revision"] == 10
    ended, running = ClassSession.objects.filter(course=cast.course).order_by("started_at")
    assert (ended.phase, ended.epoch, ended.ended_at is None) == ("revealed", 3, False)
    assert (running.phase, running.epoch, running.ended_at) == ("vote", 4, None)


async def test_a_class_that_was_ended_keeps_its_epoch(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    await ines.ask("stop_vote")
    ClassSession.objects.filter(course=cast.course).update(ended_at=timezone.now())
    assert await ines.ask("start_question", question="work") == {"phase": "vote", "epoch": 3}


# --- announce ------------------------------------------------------------------------------------


async def test_announce(cast):
    place = await arrange(cast)
    for phase, groups in (("idle", False), ("vote", False), ("revealed", True)):
        with case(phase):
            await place.reach(phase, groups)
            before = timeless(await place.ines.ask("state"))
            await place.ines.ask("announce", text="\nBring a pen ")
            for client in (place.ada, place.ines):
                text = await client.message("Bring a pen")
                message = Message.objects.get(id=text["message"]["id"])
                assert text["message"] == body(message)
                assert (message.kind, message.sender) == ("system", cast.ines.user)
                event = await client.event("control")
                assert {**timeless(event), "action": "state"} == {
                    **{key: value for key, value in before.items() if key in event},
                    "message": "announce",
                    "action": "state",
                }
            assert timeless(await place.ines.ask("state")) == before


async def test_an_announcement_under_the_same_uuid(cast):
    ines = await cast.dashboard()
    await ines.ask("announce", text="one", uuid="same")
    await ines.ask("announce", text="\none ", uuid="same")
    assert await ines.fail("announce", text="two", uuid="same") == {"error_code": "uuid_reused"}
    assert [one.text for one in Message.objects.filter(room=cast.room)] == ["one"]


# --- deadlines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["start_question", "count_down_and_stop", "start_revote"])
async def test_a_deadline_closes_the_round_exactly_once(cast, how):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    if how == "start_question":
        began = time.time()
        reply = await ines.ask("start_question", question="force", seconds=1)
    elif how == "count_down_and_stop":
        await ines.ask("start_question", question="force")
        began = time.time()
        reply = await ines.ask("count_down_and_stop", seconds=1)
    else:
        await ines.ask("start_question", question="force")
        await ines.ask("stop_vote")
        began = time.time()
        reply = await ines.ask("start_revote", seconds=1)
    epoch = reply["epoch"]
    opened = await ada.event("control", epoch=epoch)
    assert opened["deadline"] == pytest.approx(began + 1, abs=patient(0.9))
    closes = "revote_closed" if how == "start_revote" else "vote_closed"
    for client in (ada, bea, ines):
        event = await client.event("control", epoch=epoch + 1)
        assert event == control(cast, "stopVote", closes, epoch + 1)
    # The round closed soon after the deadline, and not before it.
    assert 0 <= event["server_time"] - opened["deadline"] < patient(5)
    for client in (ada, bea):
        assert await client.fail("vote", course=cast.course.slug, choice="A") == {
            "error_code": "round_closed"
        }
    # After this second close both workers have looked at the deadline.
    again = await ines.ask("reopen")
    await ines.ask("count_down_and_stop", seconds=1)
    await ada.event("control", epoch=again["epoch"] + 2)
    closings = Message.objects.filter(room=cast.room, text="stopVote").count()
    assert closings == (3 if how == "start_revote" else 2)
    assert UseLog.objects.filter(course_id=cast.course.slug, act="deadline").count() == 2
    assert Room.objects.get(pk=cast.room).last_seq == Message.objects.filter(room=cast.room).count()


async def test_a_deadline_is_for_its_round_alone(cast):
    ines = await cast.dashboard()
    soon = patient(1)
    await ines.ask("start_question", question="force", seconds=soon)
    await ines.ask("stop_vote")
    await ines.ask("reopen")
    snapshot = await ines.ask("state")
    assert (snapshot["phase"], snapshot["deadline"]) == ("vote", None)
    # Another course has a deadline later than the one that was given up.
    other = await cast.connect(f"/ws/instructor/{cast.other_course.slug}/", token=cast.ivan.token)
    make_question(cast.other_course, "force")
    await other.ask("start_question", question="force", seconds=soon + 0.5)
    await other.event("control", message="stopVote")
    assert (await ines.ask("state"))["phase"] == "vote"


async def test_a_countdown_may_be_given_again(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force", seconds=600)
    for seconds, fields in ((300, {"seconds": 300}), (5, {})):
        began = time.time()
        reply = await ines.ask("count_down_and_stop", **fields)
        event = await ines.event("control", epoch=reply["epoch"])
        assert event["deadline"] == pytest.approx(began + seconds, abs=patient(4))


async def test_many_deadlines_at_once(cast):
    """Each of several courses is closed at its deadline, and only once."""
    courses = [
        Course.objects.create(slug=f"c{number}-{cast.tag}", title=f"Course {number}")
        for number in range(6)
    ]
    boards = []
    for course in courses:
        make_question(course, "force")
        Enrollment.objects.create(course=course, user=cast.ines.user, role="instructor")
        boards.append(await cast.connect(f"/ws/instructor/{course.slug}/", token=cast.ines.token))
    for board in boards:
        await board.ask("start_question", question="force", seconds=1)
    for board in boards:
        await board.event("control", message="stopVote")
    await eventually(
        lambda: not ClassSession.objects.filter(course__in=courses, phase="vote").exists()
    )
    rooms = Room.objects.filter(course__in=courses)
    assert list(
        Message.objects.filter(room__in=rooms, text="stopVote")
        .values_list("room__course__slug")
        .order_by("room__course__slug")
    ) == [(course.slug,) for course in courses]
