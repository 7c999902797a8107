"""Partners in the hall and elsewhere, over sockets and over HTTP."""

import pytest

from rooms.models import ClassSettings
from tests.rooms.api.wire import Wire
from tests.rooms.lesson import paired, timeless


@pytest.fixture
def asking(cast):
    ClassSettings.objects.create(course=cast.course, asks_place=True, asks_seat=True)
    return cast


async def test_all_devices_of_a_student_follow_and_the_dashboard_counts(asking):
    cast = asking
    phone, laptop, bea = await cast.chat(cast.ada, cast.ada, cast.bea)
    board = await cast.dashboard()
    course = cast.course.slug
    reply = await phone.ask("set_place", course=course, place="hall", seat=" row 5 ")
    assert (reply["place"], reply["seat"]) == ("hall", "row 5")
    told = {"action": "placed", "course": course, "place": "hall", "seat": "row 5"}
    assert await phone.event("placed") == await laptop.event("placed") == told
    assert (await laptop.ask("share_reasons", course=course, shared=True))["shared"] is True
    told = {"action": "sharing", "course": course, "shared": True}
    assert await phone.event("sharing") == await laptop.event("sharing") == told
    await board.event("figures", places={"hall": 1, "elsewhere": 0, "unknown": 1})

    # Over HTTP it is the same.
    wire = Wire(cast.hall)
    said = await wire.post(f"courses/{course}/place/", cast.ada, {"place": "elsewhere"})
    assert (said.status, said.body) == (200, {"place": "elsewhere", "seat": ""})
    assert (await laptop.event("placed", place="elsewhere"))["seat"] == ""
    said = await wire.post(f"courses/{course}/sharing/", cast.ada, {"shared": False})
    assert (said.status, said.body) == (200, {"shared": False})
    assert (await phone.event("sharing", shared=False))["course"] == course
    for body in ({"place": "moon"}, {"place": "hall", "seat": 5}, {}, {"place": "hall", "x": 1}):
        assert (await wire.post(f"courses/{course}/place/", cast.ada, body)).status == 400
    state = await phone.ask("state", course=course)
    assert (state["place"], state["seat"], "shares_reasons" in state) == ("elsewhere", "", False)
    # Nobody else hears of it.
    await bea.settled()
    assert {"placed", "sharing"} & {one["action"] for one in bea.unread(but=frozenset())} == set()


async def test_partners_hear_where_each_other_are(asking):
    cast = asking
    ines, (one, two), (first, second) = await paired(cast, "AB")
    course = cast.course.slug
    await first.ask("set_place", course=course, place="hall", seat="row 5")
    await second.ask("set_place", course=course, place="hall")
    await ines.ask("enable_discussion")
    event = await second.event("partners")
    assert event["partners"] == [{**one.body, "choice": "A", "place": "hall", "seat": "row 5"}]
    assert (event["group"], event["group_place"]) == (1, "hall")
    control = await second.event("control", message="enableDiscussion")
    assert control["phase"] == "discuss"
    # The chat is there, too.
    await first.post("new_message", room=event["room"], text="I am late")
    await second.message("I am late")

    await first.ask("set_place", course=course, place="elsewhere")
    event = await second.event("partners", group_place="both")
    assert event["partners"] == [{**one.body, "choice": "A", "place": "elsewhere"}]
    state = timeless(await second.ask("state", course=course))
    same = ("partners", "room", "group", "group_place", "revision")
    assert {name: state[name] for name in same} == {name: event[name] for name in same}
    assert (await first.event("partners", group_place="both"))["partners"] == [
        {**two.body, "choice": "B", "place": "hall"}
    ]


async def test_a_reason_is_offered_until_its_author_withdraws_it(asking):
    cast = asking
    why = "No force acts on it as a whole, because the speed stays the same all the way up."
    course = cast.course.slug
    people = [cast.ada, cast.bea, cast.carl, cast.student("dora")]
    clients = await cast.chat(*people)
    ada, bea, carl, dora = clients
    await carl.ask("share_reasons", course=course, shared=True)
    ines = await cast.dashboard()
    await ines.ask("start_question", question="force")
    for client, choice in zip(clients, "AACC", strict=True):
        await client.ask("vote", course=course, choice=choice, rationale=why, confidence=5)
    await ines.ask("stop_vote")
    await ines.ask("make_partners", method="same_answer")
    await ines.ask("enable_discussion")
    for client, partner in ((ada, cast.bea), (bea, cast.ada)):
        event = await client.event("partners")
        said = {"choice": "A", "confidence": 5, "rationale": why}
        assert event["partners"] == [{**partner.body, **said}]
        assert event["offered"] == {"choice": "C", "rationale": why}
        state = await client.ask("state", course=course)
        assert (state["offered"], state["revision"]) == (event["offered"], event["revision"])
    assert "offered" not in await dora.event("partners")
    await carl.ask("share_reasons", course=course, shared=False)
    for client in (ada, bea):
        again = await client.event("partners")
        assert ("offered" in again, again["revision"]) == (False, event["revision"] + 1)
        assert "offered" not in await client.ask("state", course=course)
