"""Joining and people with the Python client, at a running site."""

import pytest

from peerchat.client import Client, Denied
from rooms.models import Enrollment


async def test_programs_join_and_lead_people(cast):
    url, course = cast.hall.site.origin, cast.course.slug
    ines = Client(url, cast.ines.token).joining
    assert not (await ines.state(course))["open"]
    opened = await ines.open(course, seconds=600, names="real")
    code = opened["code"]
    assert (opened["open"], opened["names"], opened["students"]) == (True, "real", 3)
    assert await Client(url, cast.zoe.token).joining.join(code.lower()) == course
    device = "d" * 40 + cast.tag
    lola = await Client.join_course(url, code, "Lola", device=device)
    async with lola, await Client.join_course(url, code, "Lola", device=device) as again:
        assert again.user == lola.user
        assert lola.user is not None
        assert lola.user.display_name == "Lola"
        assert lola.courses[0].course == course
        people = [person async for person in ines.people(course, "lola")]
        assert [(one["guest"], one["role"]) for one in people] == [(True, "student")]
        await lola.send(lola.courses[0].room, "hello")
        await ines.merge(course, lola.user.username, into=cast.zoe.name)
    assert [person async for person in ines.people(course, "lola")] == []
    messages = Client(url, cast.zoe.token)
    async with messages:
        (message,) = await messages.messages(cast.room)
        assert (message.text, message.user.username) == ("hello", cast.zoe.name)
    await ines.remove(course, cast.zoe.name)
    assert not Enrollment.objects.filter(course=cast.course, user=cast.zoe.user).exists()
    assert (await ines.renew(course))["code"] != code
    assert not (await ines.close(course))["open"]
    with pytest.raises(Denied, match="joined with this code"):
        await Client.join_course(url, code, "Lola")
    with pytest.raises(Denied, match="instructors"):
        await Client(url, cast.ada.token).joining.close(course)
