"""Pictures for a whole class at once: looked up together, before they come to Django."""

import asyncio

from django.conf import settings

from rooms import addresses
from rooms.actions import pictures as actions
from rooms.embed import issue_token
from rooms.models import Picture, Question
from rooms.pages.picture_rush import PictureRush
from rooms.queries.pictures import stored_bytes
from tests.drawings import picture
from tests.rooms.cast import in_thread
from tests.rooms.lesson import lead


class Visitor:
    """Asks the middleware in this process; what it leaves to Django is noted as `None`."""

    def __init__(self) -> None:
        self.app = PictureRush(self.django)

    async def django(self, scope, receive, send):
        await send({"type": "left to Django"})

    async def get(self, path, *, session=None, method="GET", host="localhost", **headers):
        given = {"host": host, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if session is not None:
            given["cookie"] = f"{settings.SESSION_COOKIE_NAME}={session}"
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "scheme": "http",
            "headers": [(name.encode(), text.encode()) for name, text in given.items()],
        }
        sent = []

        async def send(message):
            sent.append(message)

        await self.app(scope, None, send)
        if sent[0]["type"] == "left to Django":
            return None
        start, body = sent
        headers = {name.decode(): text.decode() for name, text in start["headers"]}
        return start["status"], headers, body["body"]


async def test_a_class_gets_a_picture_together(cast, settings):
    settings.ALLOWED_HOSTS = ["localhost"]
    settings.SECURE_SSL_REDIRECT = False
    made: Picture = await in_thread(
        actions.add_picture, user=cast.ines.user, course=cast.course.slug, data=picture()
    )
    Question.objects.filter(course=cast.course, slug="force").update(
        prompt=f"![x](picture:{made.key})"
    )
    visitor, path = Visitor(), f"{addresses.pictures(cast.course.slug)}{made.key}/"
    raw = issue_token(cast.bea.user)
    prefix = addresses.pictures_by_token(cast.course.slug, raw)
    by_token = f"{prefix}{made.key}/"
    sessions = {name: cast.person(name).log_in() for name in ("ada", "carl", "tess", "ivan", "zoe")}

    async def together():
        answers = await asyncio.gather(
            *(visitor.get(path, session=session) for session in sessions.values()),
            visitor.get(by_token),
        )
        names = [*sessions, "bea"]
        return {name for name, answer in zip(names, answers, strict=True) if answer is not None}

    assert await together() == {"tess"}
    await lead(await cast.dashboard(), "vote")
    assert await together() == {"ada", "carl", "tess", "bea"}

    status, headers, body = await visitor.get(path, session=sessions["ada"])
    assert (status, body) == (200, stored_bytes(made))
    assert headers["cache-control"] == "private, no-cache"
    assert headers["content-length"] == str(made.size)
    status, headers, body = await visitor.get(
        path, session=sessions["ada"], if_none_match=headers["etag"]
    )
    assert (status, body) == (304, b"")

    # A digest, which is no secret, opens nothing as a session, even beside its token.
    digest = prefix.rstrip("/").rpartition("/")[2].partition(".")[0]
    answers = await asyncio.gather(visitor.get(by_token), visitor.get(path, session=digest))
    assert [answer is None for answer in answers] == [False, True]
    # All that is not plainly allowed is for Django to say.
    mine = {"session": sessions["ada"]}
    for path_, options in (
        (path, {}),
        (path, {"session": "unknown"}),
        (path, {**mine, "method": "HEAD"}),
        (path, {**mine, "host": "evil.example"}),
        (path, {**mine, "authorization": f"Bearer {cast.ada.token}"}),
        (path.replace(made.key, "0" * 32), mine),
        (path.replace(made.key, "%00"), mine),
        (path.replace(cast.course.slug, cast.other_course.slug), mine),
        (f"/courses/{cast.course.slug}/pictures/", mine),
        (by_token.replace(digest, "0" * 64), {}),
    ):
        assert await visitor.get(path_, **options) is None, (path_, options)
    settings.SECURE_SSL_REDIRECT = True
    assert await visitor.get(path, **mine) is None
