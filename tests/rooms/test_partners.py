"""Partners: forming groups, their rooms, and moves by hand."""

import itertools

import pytest

from rooms.models import (
    Membership,
    Message,
    Partner,
    PartnerGroup,
    Room,
    UseLog,
)
from tests.cases import case
from tests.client import barrier
from tests.rooms.cast import body, eventually
from tests.rooms.lesson import discussing, formed, paired, sizes


def answers(people, votes, groups):
    given = {person.name: choice for person, choice in zip(people, votes, strict=True)}
    return [[given[name] for name in group] for group in groups]


# --- forming -------------------------------------------------------------------------------------


async def test_partners_have_different_answers(cast):
    votes = "AAABBB"
    _, people, _ = await paired(cast, votes)
    groups = formed(cast)
    assert [sorted(pair) for pair in answers(people, votes, groups)] == [["A", "B"]] * 3
    assert sorted(itertools.chain(*groups)) == sorted(person.name for person in people)


async def test_partners_with_the_same_answer(cast):
    votes = "ABAB"
    _, people, _ = await paired(cast, votes, method="same_answer")
    assert sorted(answers(people, votes, formed(cast))) == [["A", "A"], ["B", "B"]]


async def test_partners_at_random(cast):
    _, people, _ = await paired(cast, "AAAA", method="random")
    groups = formed(cast)
    assert sizes(groups) == [2, 2]
    assert sorted(itertools.chain(*groups)) == sorted(person.name for person in people)


SIZES = [
    (1, 2, [1]),
    (2, 2, [2]),
    (3, 2, [3]),
    (5, 2, [2, 3]),
    (5, 5, [5]),
    (6, 3, [3, 3]),
    (7, 2, [2, 2, 3]),
    (7, 3, [3, 4]),
    (8, 4, [4, 4]),
]


async def test_sizes(cast):
    """More and more students come into the class: (how many, the size asked for, the groups)."""
    ines = await cast.dashboard()
    clients = []
    for students, size, expected in SIZES:
        with case(students, size):
            while len(clients) < students:
                clients.append(await cast.chat(cast.student(f"s{len(clients)}")))
            before = len(formed(cast))
            await ines.ask("next_question" if before else "start_question", question="force")
            for client, choice in zip(clients, itertools.cycle("AB")):
                await client.ask("vote", course=cast.course.slug, choice=choice)
            await ines.ask("stop_vote")
            await ines.ask("make_partners", group_size=size)
            # The groups of the last round come first.
            groups = formed(cast)
            assert sizes(groups[: len(groups) - before]) == expected


async def test_the_reply_tells_the_number_of_groups(cast):
    ines, _, _ = await paired(cast, "ABABA")
    assert await ines.ask("make_partners") == {"phase": "vote_closed", "epoch": 2, "groups": 2}
    assert await ines.ask("make_partners", group_size=5) == {
        "phase": "vote_closed",
        "epoch": 2,
        "groups": 1,
    }


async def test_without_students_there_are_no_groups(cast):
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    await ines.ask("stop_vote")
    assert (await ines.ask("make_partners"))["groups"] == 0
    assert (await ines.fail("enable_chat"))["error_code"] == "illegal_transition"


async def test_who_has_no_vote_is_a_third_and_takes_nobody_from_another_answer(cast):
    votes = ["A", "B", "A", "B", None, None]
    _, people, _ = await paired(cast, votes)
    groups = answers(people, votes, formed(cast))
    assert [set(group) for group in groups] == [{"A", "B", None}] * 2


async def test_who_voted_and_left_is_in_a_group_too(cast):
    people = [cast.student(f"s{number}") for number in range(4)]
    clients = await cast.chat(*people)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    for client in clients:
        await client.ask("vote", course=cast.course.slug, choice="A")
    await clients[3].close()
    await eventually(lambda: people[3].user.peerchat_connections.get().closed_at)
    await ines.ask("stop_vote")
    await ines.ask("make_partners")
    assert sorted(itertools.chain(*formed(cast))) == sorted(person.name for person in people)


async def test_instructors_are_no_partners(cast):
    await cast.chat(cast.ines, cast.tess)
    _, people, _ = await paired(cast, "AB")
    assert formed(cast) == [sorted(person.name for person in people)]


# --- their rooms ---------------------------------------------------------------------------------


async def test_each_group_has_a_room(cast):
    ines, people, clients = await paired(cast, "ABAB")
    rooms = {}
    for person, client in zip(people, clients, strict=True):
        added = await client.event("room_added")
        place = Partner.objects.get(user=person.user)
        assert added == {
            "action": "room_added",
            "room": str(place.group.room_id),
            "kind": "partners",
            "title": "Partners",
            "course": cast.course.slug,
            "members": 2,
            "last_seq": 0,
            "last_read_seq": 0,
        }
        rooms.setdefault(added["room"], []).append(person)
    for room, members in rooms.items():
        assert set(Membership.objects.filter(room=room).values_list("user", flat=True)) == {
            person.user.pk for person in members
        }
    assert len(rooms) == 2
    assert await ines.settled() != []


async def test_partners_talk_among_themselves(cast):
    ines, _, clients = await paired(cast, "ABAB")
    # The assistant: the class would soon put another student into a group.
    tess = await cast.chat(cast.tess)
    rooms = [(await client.event("room_added"))["room"] for client in clients]
    for client in (*clients, tess, ines):
        client.forget()
    await clients[0].ask("new_message", room=rooms[0], text="Why A?")
    partner = next(n for n in (1, 2, 3) if rooms[n] == rooms[0])
    heard = await clients[partner].message("Why A?")
    assert heard["message"] == body(Message.objects.get(room=rooms[0]))
    await barrier(clients[0], cast.room, *clients, tess, ines)
    assert [one.unread() for one in (*clients, tess, ines)] == [[]] * 6
    assert await tess.fail("new_message", room=rooms[0], text="And me?") == {
        "error_code": "invalid_room_id"
    }


async def test_made_again_they_replace_the_groups(cast):
    ines, people, clients = await paired(cast, "ABAB")
    before = {client: (await client.event("room_added"))["room"] for client in clients}
    for client in clients:
        client.forget()
    await ines.ask("make_partners")
    for person, client in zip(people, clients, strict=True):
        assert await client.event("room_removed") == {
            "action": "room_removed",
            "room": before[client],
        }
        added = await client.event("room_added")
        assert added["room"] == str(Partner.objects.get(user=person.user).group.room_id)
        assert added["room"] not in before.values()
        assert await client.fail("new_message", room=before[client], text="hello?") == {
            "error_code": "invalid_room_id"
        }
        rooms = {one["room"] for one in (await client.ask("list_rooms"))["rooms"]}
        assert rooms == {cast.room, added["room"]}
    assert sizes(formed(cast)) == [2, 2]
    assert Room.objects.filter(course=cast.course, kind="partners", archived_at=None).count() == 2


@pytest.mark.parametrize("end", ["reopen", "next_question"])
async def test_the_rooms_end_with_the_question(cast, end):
    ines, people, clients = await paired(cast, "AB")
    room = (await clients[0].event("room_added"))["room"]
    if end == "next_question":
        await clients[0].ask("new_message", room=room, text="kept")
        for action in ("enable_chat", "start_revote", "stop_vote", "reveal", "next_question"):
            await ines.ask(action)
    else:
        await ines.ask("reopen")
    for client in clients:
        assert await client.event("room_removed") == {"action": "room_removed", "room": room}
        assert await client.fail("select_room", room=room) == {"error_code": "invalid_room_id"}
    if end == "reopen":
        assert formed(cast) == []
        await ines.ask("stop_vote")
        assert (await ines.fail("enable_chat"))["error_code"] == "illegal_transition"
    else:
        assert formed(cast) == [sorted(person.name for person in people)]
    assert Room.objects.get(pk=room).archived_at is not None


async def test_keep(cast):
    ines, _, _ = await paired(cast, "ABABAB")
    before = formed(cast)
    for action, fields in (
        ("next_question", {"question": "work"}),
        ("stop_vote", {}),
        ("make_partners", {"method": "keep"}),
    ):
        await ines.ask(action, **fields)
    assert sorted(formed(cast, "work")) == sorted(before)
    # Each group has a room of its own nevertheless.
    assert Room.objects.filter(course=cast.course, kind="partners").count() == 6


# --- telling them --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["enable_chat", "enable_face_chat", "enable_discussion"])
async def test_partners_event(cast, command):
    votes = ["A", "B", None]
    ines, people, clients = await paired(cast, votes)
    await ines.ask(command)
    room = str(PartnerGroup.objects.get(round__session__course=cast.course).room_id)
    for number, client in enumerate(clients):
        event = await client.event("partners")
        event["partners"].sort(key=lambda one: one["username"])
        assert event == {
            "action": "partners",
            "course": cast.course.slug,
            "room": room,
            "partners": [
                {**person.body, "choice": choice}
                for other, (person, choice) in enumerate(zip(people, votes, strict=True))
                if other != number
            ],
            "epoch": 3,
            "revision": 4,
            "group": 1,
        }
        snapshot = await client.ask("state", course=cast.course.slug)
        snapshot["partners"].sort(key=lambda one: one["username"])
        assert (snapshot["room"], snapshot["partners"]) == (room, event["partners"])
        assert snapshot["group"] == 1
        assert snapshot["revision"] == event["revision"]


async def test_each_is_told_of_their_own_partners(cast):
    ines, people, clients = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    for person, client in zip(people, clients, strict=True):
        event = await client.event("partners")
        group = Partner.objects.get(user=person.user).group
        [partner] = group.partners.exclude(user=person.user)
        assert (event["room"], [one["username"] for one in event["partners"]]) == (
            str(group.room_id),
            [partner.user.username],
        )
        await client.settled()
        assert [one for one in client.unread() if one["action"] == "partners"] == []


# --- moved by hand -------------------------------------------------------------------------------


async def test_move_student(cast):
    ines, people, clients = await discussing(cast, "ABAB")
    first, second = PartnerGroup.objects.filter(round__session__course=cast.course)
    mover = first.partners.first().user
    [person] = [one for one in people if one.user == mover]
    client = clients[people.index(person)]
    assert await ines.ask("move_student", username=person.name, group=2) == {
        "phase": "discuss",
        "epoch": 3,
    }
    assert await client.event("room_removed") == {
        "action": "room_removed",
        "room": str(first.room_id),
    }
    added = await client.event("room_added")
    assert (added["room"], added["members"]) == (str(second.room_id), 3)
    # The members of both groups are told their new partners.
    for one, mine in zip(people, clients, strict=True):
        event = await mine.event("partners")
        group = Partner.objects.get(user=one.user).group
        assert (event["room"], event["revision"]) == (str(group.room_id), 5)
        assert {p["username"] for p in event["partners"]} == {
            p.user.username for p in group.partners.exclude(user=one.user)
        }
    assert sizes(formed(cast)) == [1, 3]


async def test_a_student_without_a_group_may_be_moved_into_one(cast):
    ines, _, _ = await paired(cast, "AB")
    await ines.ask("move_student", username=cast.ada.name, group=1)
    assert sizes(formed(cast)) == [3]


async def test_moves_that_are_refused(cast):
    ines, _, _ = await paired(cast, "AB")
    before = formed(cast)
    for who, group in (("ada", 7), ("zoe", 1), ("tess", 1), ("ivan", 1), (None, 1)):
        name = cast.person(who).name if who else "nobody"
        assert await ines.fail("move_student", username=name, group=group) == {
            "error_code": "invalid_message_format"
        }, (who, group)
        assert formed(cast) == before


# --- the use log ---------------------------------------------------------------------------------


async def test_groups_are_logged(cast):
    _, people, _ = await paired(cast, "AB")
    rows = UseLog.objects.filter(course_id=cast.course.slug, event="peergroup")
    names = [person.name for person in people]
    logged = {row.sid: (row.div_id, row.act) for row in rows}
    assert logged.keys() == set(names)
    assert set(logged.values()) <= {
        ("force", f"grouplist:{','.join(order)}") for order in (names, names[::-1])
    }
