"""The use log: a row for each thing done, in the words of the contract."""

import pytest
from django.db import connection as database
from django.urls import reverse

from rooms.models import UseLog
from tests.rooms.cast import in_thread
from tests.rooms.lesson import lead


def rows(cast, *events):
    """(sid, event, act, div_id) of the course's rows, in order."""
    found = UseLog.objects.filter(course_id=cast.course.slug).order_by("id")
    if events:
        found = found.filter(event__in=events)
    return list(found.values_list("sid", "event", "act", "div_id"))


async def test_messages_in_large_rooms_are_for_everyone(cast):
    room = cast.open_room(cast.ada, cast.bea)
    ada = await cast.chat(cast.ada)
    await ada.ask("new_message", room=cast.room, text="Hello: all")
    await ada.ask("new_message", room=str(room.id), text="and you")
    assert rows(cast) == [
        (cast.ada.name, "sendmessage", "to:*:Hello: all", ""),
        (cast.ada.name, "sendmessage", "to:*:and you", ""),
    ]


async def test_messages_in_direct_rooms_are_for_the_other(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    sent = await ada.ask("private_message", to=cast.bea.name, text="psst")
    await bea.ask("new_message", room=sent["room"], text="yes?")
    assert rows(cast) == [
        (cast.ada.name, "sendmessage", f"to:{cast.bea.name}:psst", ""),
        (cast.bea.name, "sendmessage", f"to:{cast.ada.name}:yes?", ""),
    ]


async def test_messages_among_partners_have_a_row_for_each(cast):
    clients = await cast.chat(cast.ada, cast.bea, cast.carl)
    ines = await cast.dashboard()
    await lead(ines, "discuss", groups=True)
    room = (await clients[0].event("room_added"))["room"]
    await clients[0].ask("new_message", room=room, text="Why?")
    sent = rows(cast, "sendmessage")
    assert sorted(sent) == [
        (cast.ada.name, "sendmessage", f"to:{who.name}:Why?", "force")
        for who in (cast.bea, cast.carl)
    ]


async def test_what_is_sent_again_or_refused_leaves_no_row(cast):
    ada = await cast.chat(cast.ada)
    for text in ("once", "once", "twice", ""):
        await ada.command("new_message", room=cast.room, text=text, uuid="same")
    assert rows(cast) == [(cast.ada.name, "sendmessage", "to:*:once", "")]


async def test_joining_and_leaving(cast):
    room = cast.open_room(cast.bea, title="Help")
    ada = await cast.chat(cast.ada)
    for action in ("join_room", "join_room", "leave_room"):
        await ada.ask(action, room=str(room.id))
    assert rows(cast) == [
        (cast.ada.name, "join", "Help", ""),
        (cast.ada.name, "leave", "Help", ""),
    ]


async def test_votes(cast):
    ada = await cast.chat(cast.ada)
    ines = await cast.dashboard()
    await lead(ines, "vote")
    for choice in ("A", "Z", "C"):
        await ada.command("vote", course=cast.course.slug, choice=choice)
    await ines.ask("stop_vote")
    await ada.command("vote", course=cast.course.slug, choice="A")
    await ines.ask("start_revote")
    await ada.ask("vote", course=cast.course.slug, choice="B")
    assert rows(cast, "vote") == [
        (cast.ada.name, "vote", "A:vote1", "force"),
        (cast.ada.name, "vote", "C:vote1", "force"),
        (cast.ada.name, "vote", "B:vote2", "force"),
    ]


async def test_transitions_are_not_messages(cast):
    await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    tess = await cast.dashboard(cast.tess)
    await lead(ines, "discuss", groups=True)
    await ines.fail("stop_vote")
    await tess.ask("start_revote")
    await ines.ask("stop_vote")
    await ines.ask("next_question")
    assert rows(cast, "peer", "sendmessage") == [
        (cast.ines.name, "peer", "start_question", "force"),
        (cast.ines.name, "peer", "stop_vote", "force"),
        (cast.ines.name, "peer", "enable_chat", "force"),
        (cast.tess.name, "peer", "start_revote", "force"),
        (cast.ines.name, "peer", "stop_vote", "force"),
        (cast.ines.name, "peer", "next_question", ""),
    ]


async def test_groups_as_they_change(cast):
    await cast.chat(cast.ada)
    await cast.chat(cast.bea)
    ines = await cast.dashboard()
    await lead(ines, "vote_closed", groups=True)
    await ines.ask("move_student", username=cast.carl.name, group=1)
    logged = rows(cast, "peergroup")
    grouped = [
        (sid, sorted(act.removeprefix("grouplist:").split(","))) for sid, _, act, _ in logged
    ]
    triple = [who.name for who in (cast.ada, cast.bea, cast.carl)]
    pair = triple[:2]
    assert sorted(grouped[:2]) == [(name, pair) for name in pair]
    assert sorted(grouped[2:]) == [(name, triple) for name in triple]
    assert {(event, div) for _, event, _, div in logged} == {("peergroup", "force")}


async def test_logging_in(cast, client):
    cast.ada.user.set_password("correct horse")
    cast.ada.user.save()
    credentials = {"username": cast.ada.name, "password": "correct horse"}
    for wrong in ({"password": "wrong horse"}, {}):
        await in_thread(client.post, reverse("peerchat_accounts:login"), credentials | wrong)
    found = UseLog.objects.filter(sid=cast.ada.name)
    assert list(found.values_list("event", "course_id", "div_id")) == [("login", "", "")]


@pytest.mark.parametrize("what", ["message", "vote"])
async def test_a_row_is_written_with_what_it_tells_of(cast, what):
    """Both are stored in one transaction: if the log cannot be written, nothing is kept."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    await lead(ines, "vote")
    for client in (ada, bea):
        await client.control("enableVote")
    rule = f"no_log_{cast.tag.replace('-', '_')}"
    with database.cursor() as cursor:
        cursor.execute(
            f"ALTER TABLE peerchat_rooms_uselog ADD CONSTRAINT {rule} CHECK (sid <> %s)",
            [cast.ada.name],
        )
    try:
        command = (
            ("new_message", {"room": cast.room, "text": "not logged"})
            if what == "message"
            else ("vote", {"course": cast.course.slug, "choice": "A"})
        )
        assert await ada.fail(command[0], **command[1]) == {"error_code": "unavailable"}
    finally:
        with database.cursor() as cursor:
            cursor.execute(f"ALTER TABLE peerchat_rooms_uselog DROP CONSTRAINT {rule}")
    assert cast.ada.user.peerchat_votes.count() == cast.ada.user.peerchat_messages.count() == 0
    sent = await bea.ask("new_message", room=cast.room, text="logged")
    assert sent["message"]["seq"] == 2
    await ada.message("logged")
    assert ada.unread() == []
