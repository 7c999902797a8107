"""Attempts to see pictures that were not shown yet, and to harm the site or its visitors by one.

`tests/rooms/test_pictures.py` tells who sees which picture when; here everybody else asks for them
in every way at each step of a class, and the answer must be that for a picture there never was.
"""

import asyncio
import io
import itertools
import re
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from rooms import addresses
from rooms.actions import pictures as actions
from rooms.actions import screen as screens
from rooms.embed import issue_token
from rooms.models import Picture, Question
from rooms.queries.screen import link_secret
from tests.attacks.web import Answer, Visitor
from tests.drawings import CAMERA, photo, picture, png, saved
from tests.pace import patient
from tests.rooms.cast import in_thread

NOTHING = "0" * 32
STEPS = ("start_question", "stop_vote", "start_revote", "stop_vote", "reveal")
BEFORE, AFTER = ("prompt", "choice"), ("feedback", "explanation", "follow_up")
SCRIPT = b"<script>alert(document.domain)</script><?php system($_GET['x']); ?>"


async def add(cast, data, *, course=None, user=None) -> Picture:
    made: Picture = await in_thread(
        actions.add_picture,
        user=(user or cast.ines).user,
        course=(course or cast.course).slug,
        data=data,
    )
    return made


async def cite(cast) -> dict[str, str]:
    """Give the question a picture in each of its texts; return their keys."""
    names = (*BEFORE, *AFTER)
    keys = {
        name: (await add(cast, picture(color=(0, number * 50, 9)))).key
        for number, name in enumerate(names)
    }
    text = {name: f"![a curve](picture:{key})" for name, key in keys.items()}
    question = Question.objects.get(course=cast.course, slug="force")
    question.prompt, question.explanation = text["prompt"], text["explanation"]
    question.follow_up = text["follow_up"]
    question.save()
    question.choices.filter(letter="A").update(text=text["choice"], feedback=text["feedback"])
    return keys


def told(answer: Answer) -> tuple[int, str, list[tuple[str, str]]]:
    """Return all of an answer but what differs each time."""
    text = re.sub(r'nonce="[^"]*"|value="[A-Za-z0-9]{64}"', "", answer.text)
    text = re.sub(r"[0-9a-f]{32}", "(key)", text)
    hidden = ("date", "content-security-policy", "set-cookie")
    headers = [(name, value) for name, value in answer.headers.items()]
    return answer.status, text, sorted(pair for pair in headers if pair[0].lower() not in hidden)


class Watchers:
    """Those who may not see a picture yet, or never, and their ways to ask for it."""

    def __init__(self, cast, visit, secret: str) -> None:
        self.cast, self.visit = cast, visit
        self._turns = itertools.count()
        own, other = (addresses.pictures(one.slug) for one in (cast.course, cast.other_course))
        token = issue_token(cast.ada.user)
        frame = addresses.pictures_by_token(cast.course.slug, token)
        hall = addresses.pictures_of_screen(secret)
        stranger = addresses.pictures_by_token(cast.course.slug, issue_token(cast.zoe.user))
        forged = frame.replace("/pictures/", "/pictures/0", 1)
        self.students = {
            "student": (visit(cast.ada), own),
            "frame": (visit(), frame),
            "hall": (visit(), hall),
        }
        self.strangers = {
            "nobody": (visit(), own),
            "stranger": (visit(cast.zoe), own),
            "stranger's frame": (visit(), stranger),
            "other lecturer": (visit(cast.ivan), own),
            # Their own course, with a key of this one.
            "key elsewhere": (visit(cast.ivan), other),
            "forged": (visit(), forged),
            "forged link": (visit(), addresses.pictures_of_screen("nonce.signature")),
        }

    async def refused(self, keys: list[str], ways: dict[str, tuple[Visitor, str]]) -> None:
        """Check that nobody is told in these ways whether there is a picture of these keys.

        Every picture is asked for in every way, and with each of the other headers in turn.
        """
        first = next(self._turns)
        digests = dict(Picture.objects.filter(key__in=keys).values_list("key", "digest"))
        assert set(digests) == set(keys)

        async def check(name: str) -> None:
            visitor, prefix = ways[name]
            missing = told(await visitor.get(f"{prefix}{NOTHING}/"))
            assert missing[0] == 404
            for number, key in enumerate(keys, start=first):
                more: tuple[tuple[str, dict[str, str]], ...] = (
                    ("HEAD", {}),
                    ("GET", {"If-None-Match": f'"{digests[key]}"'}),
                    ("GET", {"If-None-Match": "*", "Range": "bytes=0-9"}),
                    ("GET", {"Authorization": f"Bearer {self.cast.zoe.token}"}),
                    ("GET", {"Authorization": "Bearer pc_wrong"}),
                )
                for method, headers in (("GET", {}), more[number % len(more)]):
                    answer = await visitor.send(method, f"{prefix}{key}/", headers=headers)
                    if method == "HEAD":
                        assert answer.status == 404, (name, key)
                    else:
                        assert told(answer) == missing, (name, key, headers)

        await asyncio.gather(*map(check, ways))

    async def shown(self, keys: list[str]) -> None:
        for name, (visitor, prefix) in self.students.items():
            for key in keys:
                assert (await visitor.get(f"{prefix}{key}/")).status == 200, name


@pytest.mark.timeout(240)
async def test_a_picture_is_nowhere_before_it_is_shown(cast, visit):
    keys = await cite(cast)
    draft = (await add(cast, photo())).key
    made = await in_thread(screens.make_link, user=cast.ines.user, course=cast.course.slug, days=1)
    secret = link_secret(made)
    watchers = Watchers(cast, visit, secret)
    slug, ada = cast.course.slug, visit(cast.ada)
    pages = (
        *(f"/courses/{slug}/", f"/api/courses/{slug}/state/", f"/api/courses/{slug}/questions/"),
        *(f"/api/courses/{slug}/sessions/", f"/api/rooms/{cast.room}/messages/"),
    )

    async def sources() -> str:
        texts = [(await ada.get(path)).text for path in pages]
        texts += [(await visit().get(f"/screen/{secret}/")).text]
        header = {"Authorization": f"Screen {secret}"}
        texts += [(await visit().get("/api/screen/", headers=header)).text]
        return "".join(texts)

    early, late = [keys[name] for name in BEFORE], [keys[name] for name in AFTER]
    all_keys = [*early, *late, draft]
    await watchers.refused(all_keys, {**watchers.strangers, **watchers.students})
    found = await sources()
    assert not any(key in found for key in (*early, *late, draft))
    client = await cast.chat(cast.ada)
    for action in STEPS:
        body = {"action": action, **({"question": "force"} if action == STEPS[0] else {})}
        path = f"/api/courses/{slug}/control/"
        answer = await visit().send("POST", path, body=body, token=cast.ines.token)
        assert answer.status == 200, answer.text
        await watchers.shown(early)
        if action in (STEPS[0], "reveal"):
            # Nothing else is shown with the steps between these.
            await watchers.refused(all_keys, watchers.strangers)
        if action == "reveal":
            await watchers.shown(late)
            continue
        await watchers.refused([*late, draft], watchers.students)
        found = await sources()
        assert early[0] in found
        assert not any(key in found for key in (*late, draft))
        assert not any(key.encode() in b"".join(client.raw) for key in (*late, draft))


async def test_a_pass_for_pictures_opens_nothing_else_and_ends_with_its_token(cast, visit):
    keys = await cite(cast)
    raw = issue_token(cast.ines.user)
    prefix = addresses.pictures_by_token(cast.course.slug, raw)
    secret = prefix.rstrip("/").rpartition("/")[2]
    path = f"{prefix}{keys['prompt']}/"
    assert (await visit().get(path)).status == 200
    digest = secret.partition(".")[0]
    for token in (secret, digest, f"pc_{digest}"):
        assert (await visit().get("/api/courses/", token=token)).status == 401
        assert (await visit().get(f"/screen/{token}/")).status == 404
    assert secret not in cast.hall.site.log.read_text()
    assert (await visit().send("DELETE", "/api/tokens/current/", token=raw)).status == 204
    assert (await visit().get(path)).status == 404


async def test_the_files_have_no_address(cast, visit):
    made = await add(cast, picture())
    leader = visit(cast.ines)
    name = made.file.name
    for path in (
        *(f"/media/{name}", f"/{name}", f"/static/{name}", f"/peerchat/{name}"),
        *(f"/courses/{cast.course.slug}/pictures/{name}/", f"/static/../media/{name}"),
        f"/courses/{cast.course.slug}/pictures/..%2f..%2f{name}/",
        f"/courses/{cast.course.slug}/pictures/{made.key}%00/",
        f"/courses/{cast.course.slug}/pictures/{made.key.upper()}/",
    ):
        assert (await leader.get(path)).status in (400, 404), path


def harmless() -> Iterator[tuple[str, bytes]]:
    """Pictures that are something else as well, of which only the pixels may stay."""
    yield "a page behind", picture("PNG") + SCRIPT
    yield "a page as comment", picture("GIF", comment=SCRIPT)
    yield "a page in EXIF", photo() + SCRIPT
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    yield "a page in the description", picture("JPEG", exif=exif, comment=SCRIPT)
    yield "an archive behind", picture("JPEG") + b"PK\x03\x04" + b"\0" * 100 + b"PK\x05\x06"
    more = [Image.new("P", (9, 9), color) for color in range(200)]
    yield "many frames", saved(Image.new("P", (9, 9)), "GIF", save_all=True, append_images=more)


def harmful() -> Iterator[tuple[str, bytes]]:
    """Files that must be refused."""
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script/></svg>'
    yield "svg with xml", b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><svg>&a;</svg>'
    yield "html", b"<!doctype html>" + SCRIPT
    yield "script as gif", b"GIF89a/*" + SCRIPT + b"*/=1;"
    yield "pdf", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj<</Type/Catalog>>endobj"
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run"
    for name in ("BMP", "TIFF", "ICO", "PPM", "TGA", "PCX"):
        yield name, picture(name)
    yield "cut png", picture("PNG", (300, 300))[:-60]
    yield "cut jpeg", photo((400, 300))[:900]
    yield "cut webp", picture("WEBP", (300, 300))[:60]
    yield "wide", png(0x7FFFFFFF, 1, b"\0" * 1000)
    yield "huge", png(65_000, 65_000, b"\0" * 1_000_000)
    yield "bomb", png(6_000, 6_700, b"\0" * (6_000 // 8 + 1) * 6_700 * 30)[:-40]
    wide = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff"
    yield "wide gif", wide + b",\0\0\0\0\xff\xff\xff\xff\0\x02"
    yield "text in png", b"\x89PNG\r\n\x1a\n" + b"\0" * 500
    yield "noise", bytes(range(256)) * 40


@pytest.mark.timeout(240)
async def test_hostile_files(cast, visit):
    """What is kept is drawn anew, everything else is refused, and the site goes on meanwhile."""
    lecturer, path = visit(cast.ines), f"/api/courses/{cast.course.slug}/pictures/"
    kind = {"Content-Type": "application/octet-stream"}

    async def upload(data: bytes) -> Answer:
        answer: Answer = await lecturer.send("POST", path, body=data, headers=kind, csrf=True)
        return answer

    before = Picture.objects.filter(course=cast.course).count()
    for name, data in harmful():
        began = time.monotonic()
        answer, alive = await asyncio.gather(upload(data), visit().get("/healthz"))
        assert alive.status == 200
        assert answer.status == 400, name
        assert answer.body["error_code"] in ("not_a_picture", "too_many_pixels"), name
        assert "Traceback" not in answer.text
        assert time.monotonic() - began < patient(10), name
    assert Picture.objects.filter(course=cast.course).count() == before
    for name, data in harmless():
        answer = await upload(data)
        assert answer.status == 201, (name, answer.text)
        shown = await lecturer.get(f"/courses/{cast.course.slug}/pictures/{answer.body['key']}/")
        for trace in (b"script", b"php", b"PK\x03", CAMERA.encode()):
            assert trace not in shown.raw, name
        image = Image.open(io.BytesIO(shown.raw))
        assert (image.format, getattr(image, "n_frames", 1)) in (("PNG", 1), ("JPEG", 1))
        assert shown.headers["Content-Type"] == image.get_format_mimetype()
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in shown.headers["Content-Security-Policy"]
    # Nothing is taken whatever the header says it is, and none from a page of another site.
    for headers in (
        {"Content-Type": "image/svg+xml"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ):
        answer = await lecturer.send("POST", path, body=picture(), headers=headers, csrf=True)
        assert answer.status in (400, 415)
    assert (await lecturer.send("POST", path, body=picture(), headers=kind)).status == 403
