"""The screen of the hall over its sockets: what it shows in each phase, and to whom."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from rooms.actions import enrollment
from rooms.actions import screen as actions
from rooms.delivery import names
from rooms.models import ClassSession, JoinCode, Screen
from rooms.queries.screen import link_secret
from tests.client import Client
from tests.rooms.cast import Cast, in_thread
from tests.rooms.lesson import lead

BEFORE = {"phase", "message", "epoch", "revision", "question", "round", "deadline", "here", "voted"}
ALWAYS = BEFORE | {"action", "course", "title", "join_code", "announcement", "server_time"}


async def linked(cast: Cast, *, worker: int | None = None, days: int = 1) -> Client:
    """A screen that a new link opened."""
    made = await in_thread(
        actions.make_link, user=cast.ines.user, course=cast.course.slug, days=days
    )
    return await opened(cast, made, worker=worker)


async def opened(cast: Cast, screen: Screen, *, worker: int | None = None) -> Client:
    protocols = ["peerchat.v1", f"screen.{link_secret(screen)}"]
    return await cast.connect("/ws/screen/", subprotocols=protocols, worker=worker)


async def of_course(cast: Cast, *, worker: int | None = None, who: str = "ines") -> Client:
    token = cast.person(who).token
    return await cast.connect(f"/ws/screen/{cast.course.slug}/", token=token, worker=worker)


async def shows(client: Client, **fields):
    """The next frame with these values, before which the revision never fell."""

    def fits(frame):
        return frame["action"] == "screen" and fields.items() <= frame.items()

    return await client.take(fits, f"a screen with {fields}")


async def test_a_class_on_the_screen(cast):
    one, other = await of_course(cast, worker=0), await linked(cast, worker=1)
    screens = (one, other)
    for screen in screens:
        frame = await shows(screen, phase="idle", here=0, voted=0, question=None)
        assert set(frame) == ALWAYS
        assert (frame["course"], frame["title"]) == (cast.course.slug, cast.course.title)
    students = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard(worker=0)
    await lead(board, "vote")
    for screen in screens:
        frame = await shows(screen, phase="vote", round=1, here=2)
        assert set(frame) == ALWAYS
        assert frame["question"]["question"] == "force"
    for student, choice in zip(students, "AB", strict=True):
        await student.ask("vote", course=cast.course.slug, choice=choice)
    for screen in screens:
        assert set(await shows(screen, voted=2)) == ALWAYS

    # The bars come when those who lead say so, and go with the next vote.
    await board.ask("show_bars")
    for screen in screens:
        frame = await shows(screen, histograms=[{"A": 1, "B": 1, "C": 0, "D": 0}, {}])
        assert set(frame) == ALWAYS | {"histograms"}
    assert (await board.ask("figures"))["bars"] is True
    await board.ask("show_bars", shown=False)
    for screen in screens:
        assert "histograms" not in await shows(screen, voted=2)
    await board.ask("show_bars")
    await board.ask("stop_vote")
    for screen in screens:
        assert "histograms" in await shows(screen, phase="vote_closed")
    await board.ask("make_partners")
    await board.ask("enable_face_chat")
    for screen in screens:
        frame = await shows(screen, phase="discuss", message="enableFaceChat")
        assert "histograms" in frame
        assert "groups" not in frame
    await in_thread(
        actions.choose, user=cast.ines.user, course=cast.course.slug, shows_partners=True
    )
    pair = sorted((cast.ada.user.shown_name, cast.bea.user.shown_name))
    for screen in screens:
        await shows(screen, groups=[{"number": 1, "names": pair}])
    await board.ask("start_revote")
    for screen in screens:
        assert set(await shows(screen, phase="revote", round=2, voted=0)) == ALWAYS
    await students[0].ask("vote", course=cast.course.slug, choice="B")
    await board.ask("stop_vote")
    for screen in screens:
        assert set(await shows(screen, phase="revote_closed", voted=1)) == ALWAYS
    await board.ask("reveal")
    for screen in screens:
        frame = await shows(screen, phase="revealed", correct="B")
        assert [sum(one.values()) for one in frame["histograms"]] == [2, 1]
    assert (await board.fail("show_bars"))["error_code"] == "illegal_transition"
    await board.ask("announce", text="Homework: page 12")
    for screen in screens:
        frame = await shows(screen, phase="revealed")
        while frame["announcement"] is None:
            frame = await shows(screen, phase="revealed")
        assert frame["announcement"]["text"] == "Homework: page 12"
    await board.ask("next_question")
    for screen in screens:
        assert set(await shows(screen, phase="idle")) == ALWAYS

    # The way in is there while it is open; nobody tells of it, so the next check finds it.
    code = "".join(reversed("ABCDEF"))
    JoinCode.objects.filter(code=code).delete()
    until = timezone.now() + timedelta(minutes=1)
    JoinCode.objects.create(course=cast.course, code=code, open_until=until, made_at=timezone.now())
    for screen in screens:
        await shows(screen, join_code=code)
        revisions = [
            frame["revision"] for frame in map(json.loads, screen.raw) if "revision" in frame
        ]
        assert revisions == sorted(revisions)
        assert (await screen.command("ping"))["status"] == "success"
        refused = await screen.command("state")
        assert refused["error_code"] == "unknown_action"


async def test_a_link_ends_with_its_screens(cast):
    first, second = await linked(cast, worker=0), await of_course(cast, worker=1)
    old = Screen.objects.get(course=cast.course)
    again = await opened(cast, old, worker=1)
    await shows(again, phase="idle")
    new = await linked(cast, worker=1)
    assert [await one.closed() for one in (first, again)] == [4403, 4403]
    with pytest.raises(InvalidStatus):
        await opened(cast, old)
    await in_thread(actions.end_link, user=cast.tess.user, course=cast.course.slug)
    assert await new.closed() == 4403

    # Nobody tells of a link that expires, nor of one that is taken away in the database.
    third = await linked(cast)
    Screen.objects.filter(course=cast.course).update(expires_at=timezone.now())
    assert await third.closed() == 4403
    await in_thread(enrollment.enroll, course=cast.course, users=[cast.ines.user], role="student")
    assert await second.closed() == 4403


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
async def test_the_screen_of_a_course_is_for_those_who_lead_it(cast, who):
    with pytest.raises(InvalidStatus) as refusal:
        await of_course(cast, who=who)
    assert refusal.value.response.status_code == 403


async def test_a_wrong_secret_opens_nothing(cast):
    await linked(cast)
    screen = Screen.objects.get(course=cast.course)
    good = link_secret(screen)
    wrong = ["", "x", screen.nonce, f"{screen.nonce}.", good[:-1], good.swapcase(), f"{good}x"]
    for secret in wrong:
        with pytest.raises(InvalidStatus):
            await cast.connect("/ws/screen/", subprotocols=["peerchat.v1", f"screen.{secret}"])
    for options in ({}, {"token": cast.ines.token}, {"subprotocols": ["peerchat.v1"]}):
        with pytest.raises(InvalidStatus):
            await cast.connect("/ws/screen/", **options)


async def test_an_older_worker_that_moves_the_class_hides_the_bars(cast):
    board = await cast.dashboard()
    await lead(board, "vote")
    await board.ask("show_bars")
    session = ClassSession.objects.get(course=cast.course, ended_at=None)
    assert session.shows_bars
    ClassSession.objects.filter(pk=session.pk).update(epoch=session.epoch + 1)
    session.refresh_from_db()
    assert not session.shows_bars


def test_the_names_of_the_audiences():
    assert names.course_id(names.screens(7)) == names.course_id(names.dashboards(7)) == 7
    assert names.link_nonce(names.screen_link("a-b_c")) == "a-b_c"
    assert names.is_screens(names.screens(7))
    assert not names.is_screens(names.screen_link("a"))
    assert not names.is_led(names.screen_link("a"))
