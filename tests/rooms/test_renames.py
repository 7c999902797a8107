"""Names that change while people are at the site: of courses, questions and users."""

import asyncio

from rooms.models import Course, Question
from tests.client import WITHIN, barrier
from tests.rooms.cast import in_thread
from tests.rooms.lesson import lead


def rename(item, **names):
    """Give something other names, as the admin does."""
    for field, name in names.items():
        setattr(item, field, name)
    item.save()


async def test_a_course_gets_another_slug_while_its_class_votes(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    ines = await cast.dashboard()
    await lead(ines, "vote")
    former, slug = cast.course.slug, f"renamed-{cast.tag}"
    await in_thread(rename, cast.course, slug=slug)
    for client in (ada, bea, ines):
        told = await client.event("course_renamed")
        assert told == {"action": "course_renamed", "course": slug, "former": former}
    await ada.ask("vote", course=former, choice="A", question="force", round=1)
    await bea.ask("vote", course=slug, choice="B", question="force", round=1)
    assert (await ada.ask("state", course=former))["course"] == slug
    assert (await ines.ask("state"))["course"] == slug
    await ines.ask("stop_vote")
    assert (await ada.event("control", message="stopVote"))["course"] == slug
    # Addresses that name the former slug open the course.
    again = await cast.connect(f"/ws/instructor/{former}/", token=cast.tess.token)
    assert [one["course"] for one in (await again.event("welcome"))["courses"]] == [slug]
    assert (await again.ask("figures"))["votes"] == [2, 0]
    assert (await again.ask("reveal"))["phase"] == "revealed"


async def test_a_dashboard_stays_at_its_course_when_another_takes_the_slug(cast):
    ines = await cast.dashboard()
    former = cast.course.slug
    await in_thread(rename, cast.course, slug=f"renamed-{cast.tag}")
    await ines.event("course_renamed")
    await in_thread(rename, cast.other_course, slug=former)
    assert (await ines.ask("start_question", question="force"))["phase"] == "vote"
    assert (await ines.ask("state"))["course"] == cast.course.slug


async def test_topics_of_a_course_are_the_same_under_both_slugs(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    former = cast.course.slug
    await ada.ask("subscribe", topic=f"{former}/#")
    await in_thread(rename, cast.course, slug=f"renamed-{cast.tag}")
    slug = (await ada.event("course_renamed"))["course"]
    await bea.event("course_renamed")
    await ada.ask("subscribe", topic=f"{slug}/#")
    await bea.ask("publish", topic=f"{slug}/quiz", data=1)
    await bea.ask("publish", topic=former, data=2)
    for topic, data in ((f"{slug}/quiz", 1), (former, 2)):
        event = await ada.event("topic_message")
        assert (event["topic"], event["data"]) == (topic, data)
    await ada.ask("unsubscribe", topic=f"{slug}/#")
    await bea.ask("publish", topic=f"{former}/quiz", data=3)
    assert (await ada.event("topic_message"))["data"] == 3
    await ada.ask("unsubscribe", topic=f"{former}/#")
    await bea.ask("publish", topic=f"{slug}/quiz", data=4)
    await barrier(bea, cast.room, ada)
    assert ada.unread() == []


async def test_a_question_gets_another_slug_while_the_class_is_at_it(cast):
    ada = await cast.chat(cast.ada)
    ines = await cast.dashboard()
    await lead(ines, "vote")
    await in_thread(rename, Question.objects.get(course=cast.course, slug="force"), slug="newton")
    event = {
        "action": "question_renamed",
        "course": cast.course.slug,
        "question": "newton",
        "former": "force",
    }
    assert await ada.event("question_renamed") == event
    assert await ines.event("question_renamed") == event
    await ada.ask("vote", course=cast.course.slug, choice="A", question="force", round=1)
    await ines.ask("stop_vote")
    control = await ada.event("control", message="stopVote")
    assert control["question"]["question"] == "newton"


async def test_a_corrected_name_reaches_open_sockets(cast):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    await in_thread(rename, cast.ada.user, display_name="Countess")
    person = {"username": cast.ada.name, "display_name": "Countess"}

    shown = None
    async with asyncio.timeout(WITHIN):
        while shown != person:
            await asyncio.sleep(0.2)
            sent = await ada.ask("new_message", room=cast.room, text="Who am I?")
            shown = sent["message"]["user"]
    await ada.post("typing", room=cast.room)
    assert (await bea.event("typing"))["user"] == person


async def test_a_socket_whose_user_gets_another_username_has_to_come_again(cast):
    """Its client recognizes its own messages by the username in the welcome."""
    room = cast.open_room(cast.ada, cast.bea)
    former, name = cast.ada.name, f"lovelace-{cast.tag}"
    bea = await cast.chat(cast.bea)
    ada = await cast.chat(cast.ada)
    # Of a user who comes and goes within a second, nobody hears.
    await bea.take(
        lambda frame: (
            (frame["action"], frame.get("room")) == ("presence", str(room.id))
            and former in frame.get("joined", ())
        ),
        "ada's presence",
    )
    await ada.ask("new_message", room=cast.room, text="before")
    await in_thread(rename, cast.ada.user, username=name)
    assert await ada.closed() == 4503
    left = await bea.event("presence", room=str(room.id), left=[former])
    assert left["online"] == 1
    # The same token lets her in, and her history is still hers.
    again = await cast.chat(cast.ada)
    sent = await again.ask("new_message", room=cast.room, text="after")
    assert sent["message"]["user"]["username"] == name
    page = await again.ask("select_room", room=cast.room)
    assert [m["user"]["username"] for m in page["room_messages"]] == [name, name]
    assert Course.objects.filter(enrollments__user=cast.ada.user).get() == cast.course
    assert (await bea.ask("private_message", to=name, text="psst"))["message"]["text"] == "psst"
