"""Who talks with whom, and that nobody stays alone."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions.enrollment import enroll, unenroll
from rooms.models import (
    ClassSession,
    Connection,
    Membership,
    Message,
    Partner,
    PartnerGroup,
    Room,
    UseLog,
)
from rooms.queries import classroom
from tests.client import barrier
from tests.rooms.cast import body, eventually, in_thread


async def paired(cast, votes, **options):
    """(dashboard, people, chats): students vote so (None for not), and partners are made."""
    people = [cast.student(f"s{number}") for number in range(len(votes))]
    clients = await cast.chat(*people)
    clients = clients if len(people) > 1 else [clients]
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    for client, choice in zip(clients, votes, strict=True):
        if choice is not None:
            await client.ask("vote", course=cast.course.slug, choice=choice)
    await ines.ask("stop_vote")
    await ines.ask("make_partners", **options)
    return ines, people, clients


def formed(cast, slug="force"):
    """The usernames in each group of the question, and their answers."""
    groups = PartnerGroup.objects.filter(
        round__session__course=cast.course, round__question__slug=slug
    ).order_by("-round", "number")
    return [sorted(one.user.username for one in group.partners.all()) for group in groups]


def answers(people, votes, groups):
    given = {person.name: choice for person, choice in zip(people, votes, strict=True)}
    return [[given[name] for name in group] for group in groups]


def sizes(groups):
    return sorted(len(group) for group in groups)


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


@pytest.mark.parametrize(
    ("students", "size", "expected"),
    [
        (1, 2, [1]),
        (2, 2, [2]),
        (3, 2, [3]),
        (5, 2, [2, 3]),
        (7, 2, [2, 2, 3]),
        (6, 3, [3, 3]),
        (7, 3, [3, 4]),
        (8, 4, [4, 4]),
        (5, 5, [5]),
    ],
)
async def test_sizes(cast, students, size, expected):
    await paired(cast, ("AB" * 5)[:students], group_size=size)
    assert sizes(formed(cast)) == expected


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


async def test_who_has_no_vote_gets_a_partner_with_one(cast):
    votes = ["A", "B", None, None]
    _, people, _ = await paired(cast, votes)
    groups = answers(people, votes, formed(cast))
    assert [pair.count(None) for pair in groups] == [1, 1]


async def test_who_voted_and_left_is_in_a_group_too(cast):
    people = [cast.student(f"s{number}") for number in range(4)]
    clients = await cast.chat(*people)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    for client in clients:
        await client.ask("vote", course=cast.course.slug, choice="A")
    await clients[3].close()
    await eventually(lambda: people[3].user.connections.get().closed_at)
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
    # Not a student, whom the class would seat with others after a moment.
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
    # In rooms of their own, all the same.
    assert Room.objects.filter(course=cast.course, kind="partners").count() == 6


# --- telling them --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["enable_chat", "enable_face_chat"])
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
        }
        snapshot = await client.ask("state", course=cast.course.slug)
        snapshot["partners"].sort(key=lambda one: one["username"])
        assert (snapshot["room"], snapshot["partners"]) == (room, event["partners"])
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


# --- late and lonely -----------------------------------------------------------------------------


async def test_who_comes_late_is_put_with_others(cast):
    ines, people, clients = await paired(cast, "AB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
    late = await cast.chat(cast.ada)
    added = await late.event("room_added")
    assert (added["kind"], added["members"]) == ("partners", 3)
    everyone = {
        person.name: {**person.body, "choice": choice}
        for person, choice in zip((*people, cast.ada), ("A", "B", None), strict=True)
    }
    for person, client in zip((*people, cast.ada), (*clients, late), strict=True):
        event = await client.event("partners")
        event["partners"].sort(key=lambda one: one["username"])
        assert event == {
            "action": "partners",
            "course": cast.course.slug,
            "room": added["room"],
            "partners": [everyone[name] for name in sorted(everyone) if name != person.name],
            "epoch": 3,
            "revision": 5,
        }
    await late.ask("new_message", room=added["room"], text="Sorry, the bus")
    for client in clients:
        await client.message("Sorry, the bus")


async def test_who_comes_late_while_partners_talk_misses_nothing_from_then_on(cast):
    ines, _, clients = await paired(cast, "AB")
    room = (await clients[0].event("room_added"))["room"]
    await ines.ask("enable_chat")
    for number in range(10):
        await clients[number % 2].ask("new_message", room=room, text=f"before {number}")

    async def say(client, text):
        reply = await client.command("new_message", room=room, text=text)
        if reply["status"] == "error":
            await asyncio.sleep(reply["retry_after"])
            await client.ask("new_message", room=room, text=text)

    late = await cast.connect("/ws/chat/", token=cast.ada.token)
    for number in range(200):
        await say(clients[number % 2], f"while {number}")
        if any(one["action"] == "room_added" for one in late.unread()):
            break
    added = await late.event("room_added")
    await say(clients[0], "after")
    last = await late.message("after")
    seqs = [
        one["message"]["seq"]
        for one in late.unread()
        if one["action"] == "new_message" and one["room"] == room
    ]
    seqs.append(last["message"]["seq"])
    assert seqs == list(range(seqs[0], last["message"]["seq"] + 1))
    assert seqs[0] <= added["last_seq"] + 1


async def test_the_class_moves_on_while_everybody_talks(cast):
    """In the course's room and in those of the partners, whose locks must not cross."""
    people = [cast.student(f"s{number}") for number in range(16)]
    clients = await cast.chat(*people, worker=0)
    ines = await cast.dashboard(worker=1)
    replies = []

    async def talk(client):
        for _ in range(9):
            room = (await client.event("room_added"))["room"]
            names = [
                await client.post("new_message", room=where, text="hello")
                for where in (room, cast.room)
            ]
            replies.extend([await client.reply(name, "new_message") for name in names])

    async def move_on():
        for number in range(9):
            await ines.ask("start_question", question=("force", "work")[number % 2])
            await ines.ask("stop_vote")
            await ines.ask("make_partners")
            await ines.ask("next_question")

    await asyncio.gather(move_on(), *map(talk, clients))
    # Some came too late for their room; nothing else went wrong.
    assert {one.get("error_code") for one in replies} <= {None, "invalid_room_id"}
    course = [one for one in replies if one.get("room") == cast.room]
    assert len(course) == 9 * 16


async def test_late_ones_are_spread(cast):
    ines, _, _ = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    late = await cast.chat(cast.student("x"), cast.student("y"))
    for client in late:
        await client.event("partners")
    assert sizes(formed(cast)) == [3, 3]


async def test_one_alone_gets_the_next_who_comes(cast):
    ines, people, [client] = await paired(cast, "A")
    assert formed(cast) == [[people[0].name]]
    await ines.ask("enable_chat")
    assert (await client.event("partners"))["partners"] == []
    await cast.chat(cast.ada)
    event = await client.event("partners")
    assert event["partners"] == [{**cast.ada.body, "choice": None}]


async def test_who_comes_before_the_chat_is_enabled_has_a_partner_then(cast):
    ines, _, _ = await paired(cast, "AB")
    late = await cast.chat(cast.ada)
    await ines.ask("enable_chat")
    assert len((await late.event("partners"))["partners"]) == 2


async def test_whose_partner_is_gone_is_put_with_others(cast):
    """After four seconds here, after ten by default."""
    ines, people, clients = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
    [mine] = [group for group in formed(cast) if people[0].name in group]
    [gone] = [n for n in (1, 2, 3) if people[n].name in mine]
    await clients[gone].close()
    added = await clients[0].event("room_added")
    assert added["members"] == 3
    assert await clients[0].event("room_removed")
    event = await clients[0].event("partners")
    stay = [n for n in (1, 2, 3) if n != gone]
    assert sorted(one["username"] for one in event["partners"]) == sorted(
        people[n].name for n in stay
    )
    for n in stay:
        others = {one["username"] for one in (await clients[n].event("partners"))["partners"]}
        assert people[0].name in others
    assert sizes(formed(cast)) == [1, 3]


async def test_who_is_alone_goes_where_somebody_is_online(cast):
    """Three pairs: two lose a partner, then one of these leaves, too, a moment ago."""
    ines, people, clients = await paired(cast, "ABABAB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
    names = [person.name for person in people]
    alone, another, pair = ([names.index(name) for name in group] for group in formed(cast))
    lonely, [first, second] = alone[0], (alone[1], another[1])
    # Their moment lasts until the last one has left.
    for n in (first, second, another[0]):
        await clients[n].close()
        sockets = people[n].user.connections
        await eventually(lambda sockets=sockets: sockets.get().closed_at)
        sockets.update(closed_at=timezone.now() + timedelta(minutes=1))
    left = Connection.objects.filter(user__in=[people[n].user for n in (first, second)])
    left.update(closed_at=timezone.now() - timedelta(minutes=1))
    event = await clients[lonely].event("partners")
    assert sorted(one["username"] for one in event["partners"]) == sorted(names[n] for n in pair)
    assert sizes(formed(cast)) == [1, 2, 3]


async def test_two_who_are_alone_get_each_other(cast):
    ines, people, clients = await paired(cast, "ABABABAB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
    names = [person.name for person in people]
    one, other = ([names.index(name) for name in group] for group in formed(cast)[:2])
    for n in (one[1], other[1]):
        await clients[n].close()
    event = await clients[one[0]].event("partners")
    while names[other[0]] not in [partner["username"] for partner in event["partners"]]:
        event = await clients[one[0]].event("partners")
    # The others were left in peace.
    assert sizes(formed(cast)) == [1, 2, 2, 3]


async def test_whose_partner_left_the_course_is_put_with_others(cast):
    ines, people, clients = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
    [mine] = [group for group in formed(cast) if people[0].name in group]
    [gone] = [n for n in (1, 2, 3) if people[n].name in mine]
    await in_thread(unenroll, course=cast.course, users=[people[gone].user])
    assert (await clients[0].event("partners"))["partners"] == []
    assert len((await clients[0].event("partners"))["partners"]) == 2
    # Whoever comes back to the course is put with others as anybody else.
    await in_thread(enroll, course=cast.course, users=[people[gone].user])
    added = await clients[gone].event("room_added", kind="partners")
    assert added["members"] >= 2
    await clients[gone].ask("new_message", room=added["room"], text="Here again")


async def test_a_partner_who_is_back_in_time_stays(cast):
    ines, people, clients = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    before = formed(cast)
    clients[1].abort()
    back = await cast.chat(people[1])
    snapshot = await back.ask("state", course=cast.course.slug)
    assert len(snapshot["partners"]) == 1
    # Somebody who comes now is seated in the same turn in which the absent would be.
    late = await cast.chat(cast.ada)
    await late.event("partners")
    assert [set(group) - {cast.ada.name} for group in formed(cast)] == [set(g) for g in before]


async def test_of_a_class_that_left_no_worker_looks_for_lonely_ones(cast):
    """An instructor may go home with the discussion open, and so may hundreds."""
    ines, people, clients = await paired(cast, "AB")
    await ines.ask("enable_chat")
    session = ClassSession.objects.get(course=cast.course)
    sockets = Connection.objects.filter(user__in=[one.user for one in people], closed_at=None)
    here = set(sockets.values_list("worker", flat=True))
    assert len(here) == 2
    assert all(session.pk in classroom.discussing_sessions(worker) for worker in here)
    for client in clients:
        await client.close()
    await eventually(
        lambda: all(session.pk not in classroom.discussing_sessions(worker) for worker in here)
    )


async def test_nobody_is_moved_once_the_revote_has_begun(cast):
    ines, _, _ = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    await ines.ask("start_revote")
    late = await cast.chat(cast.ada)
    snapshot = await late.ask("state", course=cast.course.slug)
    assert (snapshot["room"], snapshot["partners"]) == (None, [])
    await late.ask("vote", course=cast.course.slug, choice="A")


# --- moved by hand -------------------------------------------------------------------------------


async def test_move_student(cast):
    ines, people, clients = await paired(cast, "ABAB")
    await ines.ask("enable_chat")
    for client in clients:
        await client.event("partners")
        client.forget()
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
    # Both groups are told who is in them now.
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


@pytest.mark.parametrize(
    ("who", "group"),
    [("ada", 7), ("zoe", 1), ("tess", 1), ("ivan", 1), (None, 1)],
)
async def test_moves_that_are_refused(cast, who, group):
    ines, _, _ = await paired(cast, "AB")
    before = formed(cast)
    name = cast.person(who).name if who else "nobody"
    assert await ines.fail("move_student", username=name, group=group) == {
        "error_code": "invalid_message_format"
    }
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
