"""The links of frames: replayed, raced for, kept too long, bent to another course or person.

`tests/inclusion/test_embed.py` has what such a link does where nobody attacks it.
"""

import asyncio
import time
from urllib.parse import quote

import pytest
from django.core import signing

from accounts import links
from accounts.models import Token
from rooms.embed import sign_embed_link
from rooms.models import Enrollment
from tests.rooms.cast import in_thread


@pytest.fixture
def link(cast):
    return sign_embed_link(cast.ada.user, cast.course)


def let_in(answer) -> bool:
    if answer.status == 200:
        return "data-token" in answer.text
    assert answer.status in (400, 403, 404)
    assert "data-token" not in answer.text
    return False


async def test_it_opens_once_whoever_asks_and_wherever(cast, visit, link):
    """The visitors ask both workers at the same moment, then again, and with a session."""
    answers = await asyncio.gather(*(visit().get(link) for _ in range(12)))
    assert sorted(map(let_in, answers)) == [False] * 11 + [True]
    for visitor in (visit(), visit(cast.ada), visit(cast.bea)):
        assert not let_in(await visitor.get(link))
        assert not let_in(await visitor.get(link + "&x=1"))
    assert Token.objects.filter(user=cast.ada.user, name="embed").count() == 1


async def test_it_opens_its_course_alone(cast, visit, link):
    Enrollment.objects.create(course=cast.other_course, user=cast.ada.user)
    raw = link.partition("link=")[2]
    for slug in (cast.other_course.slug, cast.course.slug.upper(), f"{cast.course.slug}-"):
        assert not let_in(await visit().get(f"/embed/{slug}/?link={raw}"))
    assert let_in(await visit().get(link))


class Then(signing.TimestampSigner):
    """A signer that signs as of `ago` seconds ago, for which it needs the site's key."""

    ago = 0.0

    def timestamp(self) -> str:
        return str(signing.b62_encode(int(time.time() - self.ago)))


def signed(given, *, ago=0.0, salt="accounts.links", key=None):
    signer = Then(key=key, salt=salt)
    signer.ago = ago
    return signer.sign_object(given)


async def test_it_opens_for_ten_minutes(cast, visit):
    slug = cast.course.slug
    given = {"user": cast.ada.user.pk, "for": f"embed:{slug}", "nonce": "n" * 22}
    for ago in (601, 3600, 10**8):
        raw = signed({**given, "nonce": f"old-{cast.tag}-{ago}"}, ago=ago)
        assert not let_in(await visit().get(f"/embed/{slug}/?link={raw}"))
    raw = signed({**given, "nonce": f"new-{cast.tag}"}, ago=590)
    assert let_in(await visit().get(f"/embed/{slug}/?link={raw}"))


async def test_it_is_the_site_s(cast, visit, link):
    """Nothing opens if the link is changed, missing, or signed with another key or purpose."""
    slug = cast.course.slug
    given = {"user": cast.ines.user.pk, "for": f"embed:{slug}", "nonce": "n" * 22}
    raw = link.partition("link=")[2]
    body, stamp, signature = raw.split(":")
    other = sign_embed_link(cast.ines.user, cast.course).partition("link=")[2].split(":")
    forged = [
        "",
        "x",
        "::",
        f"{body}:{stamp}",
        f"{body}:{stamp}:",
        f"{other[0]}:{stamp}:{signature}",
        f"{body}:{other[1]}0:{signature}",
        f"{body}:{stamp}:{other[2]}",
        f"{body}x:{stamp}:{signature}",
        f".{body}:{stamp}:{signature}",
        raw[:-1],
        raw.swapcase(),
        signed(given, key="another key"),
        signed(given, salt="accounts.tokens"),
        signed(given, salt="django.core.signing"),
        signing.dumps(given),
        signed({**given, "for": "something else"}),
        "%00",
        "x" * 10_000,
        "\N{PILE OF POO}",
    ]
    for one in forged:
        answer = await visit().get(f"/embed/{slug}/?link={quote(one, safe='%')}")
        assert not let_in(answer), one
    for query in ("", f"?token={raw}", f"?LINK={raw}", f"?link={raw}&link=x"):
        assert not let_in(await visit().get(f"/embed/{slug}/{query}")), query
    assert let_in(await visit().get(link))


async def test_it_gives_no_session(cast, visit, link):
    """The link opens that page alone, by its token, and logs the browser in nowhere."""
    visitor = visit()
    assert let_in(await visitor.get(link))
    assert visitor.cookies == {}
    assert (await visitor.get("/api/courses/")).status == 401
    assert (await visitor.get("/")).status == 302


async def test_it_takes_what_was_not_said_of_the_user(cast, visit, link):
    """An older link does not admit a user who left the course or may not log in any more."""
    Enrollment.objects.filter(course=cast.course, user=cast.ada.user).delete()
    assert not let_in(await visit().get(link))
    later = sign_embed_link(cast.bea.user, cast.course)
    cast.bea.user.is_active = False
    await in_thread(cast.bea.user.save)
    assert not let_in(await visit().get(later))
    assert not Token.objects.filter(name="embed", user__in=[cast.ada.user, cast.bea.user]).exists()


async def test_it_is_not_for_looking_at(cast, visit, link):
    """A program that fetches a link for a preview must neither use it up nor get in."""
    for method in ("HEAD", "OPTIONS", "POST", "PUT"):
        answer = await visit().send(method, link, csrf=True)
        assert answer.status == 405
        assert b"data-token" not in answer.raw
    assert let_in(await visit().get(link))


def test_two_links_are_two(cast):
    assert sign_embed_link(cast.ada.user, cast.course) != sign_embed_link(
        cast.ada.user, cast.course
    )
    assert links.LIFETIME.total_seconds() == 600
