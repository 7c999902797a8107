"""Late and lonely students: both are put into groups while the class discusses."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions.enrollment import enroll, unenroll
from rooms.models import ClassSession, Connection
from rooms.queries import classroom
from tests.rooms.cast import eventually, in_thread
from tests.rooms.lesson import discussing, formed, paired, sizes


async def test_who_comes_late_is_put_with_others(cast):
    _, people, clients = await discussing(cast, "AB")
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
            "group": 1,
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


@pytest.mark.parametrize("times", [5, pytest.param(9, marks=pytest.mark.long)])
async def test_the_class_moves_on_while_everybody_talks(cast, times):
    """They talk in the course's room and in those of the partners: the locks must not deadlock."""
    people = [cast.student(f"s{number}") for number in range(16)]
    clients = await cast.chat(*people, worker=0)
    ines = await cast.dashboard(worker=1)
    replies = []

    async def talk(client):
        for _ in range(times):
            room = (await client.event("room_added"))["room"]
            names = [
                await client.post("new_message", room=where, text="hello")
                for where in (room, cast.room)
            ]
            replies.extend([await client.reply(name, "new_message") for name in names])

    async def move_on():
        for number in range(times):
            await ines.ask("start_question", question=("force", "work")[number % 2])
            await ines.ask("stop_vote")
            await ines.ask("make_partners")
            await ines.ask("next_question")

    await asyncio.gather(move_on(), *map(talk, clients))
    # Some messages came after their room had ended; nothing else went wrong.
    assert {one.get("error_code") for one in replies} <= {None, "invalid_room_id"}
    course = [one for one in replies if one.get("room") == cast.room]
    assert len(course) == times * 16


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
    """The others are moved after four seconds here, after ten by default."""
    _, people, clients = await discussing(cast, "ABAB")
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
    """Of three pairs two have lost a partner, and one of the two left alone has just gone, too."""
    _, people, clients = await discussing(cast, "ABABAB")
    names = [person.name for person in people]
    alone, another, pair = ([names.index(name) for name in group] for group in formed(cast))
    lonely, [first, second] = alone[0], (alone[1], another[1])
    # Each of them counts as just gone until the last one has left.
    for n in (first, second, another[0]):
        await clients[n].close()
        sockets = people[n].user.peerchat_connections
        await eventually(lambda sockets=sockets: sockets.get().closed_at)
        sockets.update(closed_at=timezone.now() + timedelta(minutes=1))
    left = Connection.objects.filter(user__in=[people[n].user for n in (first, second)])
    left.update(closed_at=timezone.now() - timedelta(minutes=1))
    event = await clients[lonely].event("partners")
    assert sorted(one["username"] for one in event["partners"]) == sorted(names[n] for n in pair)
    assert sizes(formed(cast)) == [1, 2, 3]


async def test_two_who_are_alone_get_each_other(cast):
    _, people, clients = await discussing(cast, "ABABABAB")
    names = [person.name for person in people]
    one, other = ([names.index(name) for name in group] for group in formed(cast)[:2])
    for n in (one[1], other[1]):
        await clients[n].close()
    event = await clients[one[0]].event("partners")
    while names[other[0]] not in [partner["username"] for partner in event["partners"]]:
        event = await clients[one[0]].event("partners")
    # The other groups stayed as they were.
    assert sizes(formed(cast)) == [1, 2, 2, 3]


async def test_whose_partner_left_the_course_is_put_with_others(cast):
    _, people, clients = await discussing(cast, "ABAB")
    [mine] = [group for group in formed(cast) if people[0].name in group]
    [gone] = [n for n in (1, 2, 3) if people[n].name in mine]
    await in_thread(unenroll, course=cast.course, users=[people[gone].user])
    # An event may come twice: from the change itself, and from the check for missed changes.
    while len((await clients[0].event("partners"))["partners"]) != 2:
        pass
    # A student who comes back to the course gets a group like anybody else.
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
    # A late student gets a seat in the same turn that would move an absent one's partner.
    late = await cast.chat(cast.ada)
    await late.event("partners")
    assert [set(group) - {cast.ada.name} for group in formed(cast)] == [set(g) for g in before]


async def test_of_a_class_that_left_no_worker_looks_for_lonely_ones(cast):
    """Hundreds of instructors may go home and leave their discussions open."""
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
