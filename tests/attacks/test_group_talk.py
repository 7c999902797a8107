"""Lecturers try to read along unseen; students try to see, visit, address and change groups."""

import pytest

from rooms.models import Flag, Message, PartnerGroup, Room
from tests.attacks.commands import CONTROL, fields
from tests.attacks.web import fingerprint
from tests.client import barrier
from tests.rooms.lesson import lead

SECRET = "the secret of the two"
MINE = ("groups/", "groups/?limit=1", "groups/1/messages/", "groups/1/messages/?after=0", "flags/")
GROUP_COMMANDS = (
    *("split_group", "join_groups", "visit_group", "say_to_group", "tell_groups", "slow_groups"),
    "move_student",
)


@pytest.fixture
async def talking(cast):
    """Yield (dashboard, sockets of ada and bea, their room): they talk, and bea has flagged it."""
    ada, bea = await cast.chat(cast.ada, cast.bea)
    board = await cast.dashboard()
    await lead(board, "discuss", groups=True)
    room = (await ada.event("partners"))["room"]
    await ada.post("new_message", room=room, text=SECRET)
    await bea.message(SECRET)
    await bea.ask("flag_message", room=room, seq=1)
    await board.settled()
    return board, ada, bea, room


@pytest.mark.parametrize("who", ["ada", "bea", "carl", "ivan", "zoe"])
async def test_students_and_strangers_get_nothing_of_it(cast, talking, visit, who):
    """Not even the members of a group learn how it is seen, or that somebody flagged a message."""
    board, _, _, room = talking
    person, visitor = cast.person(who), visit()
    before = fingerprint(cast)
    for path in MINE:
        answer = await visitor.get(f"/api/courses/{cast.course.slug}/{path}", token=person.token)
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied"), path
    message = str(Message.objects.get(room=room, text=SECRET).id)
    path = f"/api/courses/{cast.course.slug}/flags/"
    for settled in (True, False):
        body = {"message": message, "settled": settled}
        answer = await visitor.send("POST", path, body=body, token=person.token)
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
    if who not in ("ada", "bea"):
        path = f"/api/rooms/{room}/messages/1/flag/"
        answer = await visitor.send("POST", path, body={}, token=person.token)
        assert (answer.status, answer.body["error_code"]) == (404, "invalid_room_id")
    assert fingerprint(cast) == before
    client = await cast.chat(person)
    if who == "carl":
        # He is here now, and is put with the two.
        await client.event("partners")
        await board.settled()
        before = fingerprint(cast)
    for action in GROUP_COMMANDS:
        given = fields(CONTROL[action], username=cast.bea.name)
        assert await client.fail(action, **given) == {"error_code": "unknown_action"}
        answer = await visitor.send(
            "POST",
            f"/api/courses/{cast.course.slug}/control/",
            body={"action": action, **given},
            token=person.token,
        )
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
    for path in (f"rooms/{room}/messages/1/restore/", f"rooms/{cast.room}/messages/1/restore/"):
        answer = await visitor.send("POST", f"/api/{path}", body={}, token=person.token)
        assert answer.status in (403, 404)
    if who in ("ivan", "zoe"):
        flag = {"error_code": "invalid_room_id"}
        assert await client.fail("flag_message", room=room, seq=1) == flag
    assert fingerprint(cast) == before
    assert [frame for frame in client.unread() if "flag" in str(frame)] == []
    await board.settled()


@pytest.mark.parametrize("who", ["tess", "ines"])
async def test_a_lecturer_reads_nothing_unseen(cast, talking, visit, who):
    """Whatever they ask for: what comes before the line of a visit has no text but flagged ones."""
    _, ada, bea, room = talking
    await ada.post("new_message", room=room, text=f"more of {SECRET}")
    await bea.message(f"more of {SECRET}")
    person, visitor = cast.person(who), visit()
    board, chat = await cast.dashboard(person), await cast.chat(person)
    heard = []
    for path in ("groups/", "groups/1/messages/", "groups/1/messages/?after=0", "flags/"):
        answer = await visitor.get(f"/api/courses/{cast.course.slug}/{path}", token=person.token)
        heard.append(answer.text)
    for path in ("messages/", "", "users/"):
        answer = await visitor.get(f"/api/rooms/{room}/{path}", token=person.token)
        assert answer.status == 404
        heard.append(answer.text)
    for client in (board, chat):
        for action, given in (
            ("select_room", {"room": room}),
            ("history", {"room": room, "before": 9}),
            ("resume", {"rooms": {room: 0}}),
            ("join_room", {"room": room}),
            ("figures", {}),
            ("say_to_group", {"group": 1, "text": "Hello"}),
            ("slow_groups", {"seconds": 0}),
        ):
            heard.append(str(await client.command(action, **given)))
        heard += map(str, client.unread())
    # Removed and restored, or just "restored": neither brings the text along.
    path = f"/api/rooms/{room}/messages/2/"
    for method, address in (("POST", "restore/"), ("DELETE", ""), ("POST", "restore/")):
        answer = await visitor.send(method, path + address, body={}, token=person.token)
        assert answer.status in (200, 204)
        heard.append(answer.text)
    assert [one for one in heard if "more of" in one] == []
    # A visit tells both members before it tells its user anything, and only this user.
    visited = await board.ask("visit_group", group=1)
    for client in (ada, bea):
        line = await client.message(f"{person.user.shown_name} reads along for a moment.")
        line = line["message"]
        assert (line["user"], line["kind"]) == (person.body, "system")
    assert f"more of {SECRET}" in str(visited["room_messages"])
    other = cast.ines if who == "tess" else cast.tess
    path = f"/api/courses/{cast.course.slug}/groups/1/messages/"
    for reader, status in ((person, 200), (other, 403)):
        assert (await visitor.get(path, token=reader.token)).status == status
    seq = visited["last_seq"]
    for reader in (person, other):
        path = f"/api/rooms/{room}/messages/{seq}/"
        answer = await visitor.send("DELETE", path, token=reader.token)
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")


async def test_a_group_of_another_class_is_not_reached_by_its_number(cast, talking, visit):
    """A lecturer of another course names the same numbers, and finds nothing there."""
    board = await cast.connect(f"/ws/instructor/{cast.other_course.slug}/", token=cast.ivan.token)
    for action in GROUP_COMMANDS:
        given = fields(CONTROL[action], username=cast.bea.name)
        assert (await board.fail(action, **given))["error_code"] == "illegal_transition"
    answer = await visit().get(
        f"/api/courses/{cast.other_course.slug}/groups/1/messages/", token=cast.ivan.token
    )
    assert SECRET not in answer.text
    flagged = str(Flag.objects.get(message__text=SECRET, message__room=talking[3]).message_id)
    answer = await visit().send(
        "POST",
        f"/api/courses/{cast.other_course.slug}/flags/",
        body={"message": flagged},
        token=cast.ivan.token,
    )
    assert answer.status == 404


async def test_what_regrouping_takes_away_and_gives(cast, visit):
    """Who leaves a room by a split or a join hears nothing more of it, and those who stay do."""
    people = [cast.ada, cast.bea, cast.carl, cast.student("dan")]
    clients = await cast.chat(*people)
    board = await cast.dashboard()
    await lead(board, "vote_closed")
    await board.ask("make_partners", group_size=4)
    await board.ask("enable_chat")
    old = (await clients[0].event("partners"))["room"]
    names = [one.name for one in people[2:]]
    await board.ask("split_group", group=1, members=names)
    new = str(Room.objects.get(partner_group__number=2, course=cast.course).id)
    for client in clients[2:]:
        await client.event("room_removed", room=old)
        await client.event("room_added", room=new)
        told = await client.event("partners", room=new)
        assert len(told["partners"]) == 1
        assert await client.fail("history", room=old, before=9) == {"error_code": "invalid_room_id"}
    for client in clients:
        client.forget()
    await clients[0].post("new_message", room=old, text=SECRET)
    await clients[1].message(SECRET)
    for client in clients[2:]:
        await barrier(client, new)
        assert SECRET not in str(client.unread(but=frozenset()))
    await board.ask("join_groups", groups=[2, 1])
    for client in clients[:2]:
        await client.event("room_removed", room=old)
        await client.event("room_added", room=new)
    await clients[0].post("new_message", room=new, text="All four")
    for client in clients[1:]:
        await client.message("All four")
    assert PartnerGroup.objects.filter(room__course=cast.course).count() == 1
