"""Pictures of questions: what is kept of a file, who sees it when, copies, and their end."""

import io
import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone, translation
from PIL import Image

from rooms import addresses, pictures
from rooms.actions import pictures as actions
from rooms.actions import screen
from rooms.actions.session import control
from rooms.embed import issue_token
from rooms.models import Choice, Course, Picture, Question
from rooms.models.picture import FOLDER, storage
from rooms.peer.content import ChoiceContent, QuestionContent
from rooms.pictures import Refusal
from rooms.queries import pictures as queries
from rooms.queries.screen import link_secret
from rooms.wire.commands import NextQuestion, Reveal, StartQuestion, StopVote
from rooms.wire.errors import CourseArchived, PermissionDenied, PictureRefused, TooManyPictures
from tests.drawings import CAMERA, photo, picture, png, saved
from tests.pace import patient
from tests.rooms.cast import make_question
from tests.rooms.school import EVERYBODY
from tests.rooms.test_enrollment import Elsewhere
from tests.running import until

COURSE = "physics"
UPLOAD = f"/api/courses/{COURSE}/pictures/"


def drawn(data):
    found = pictures.redraw(data)
    return found, Image.open(io.BytesIO(found.data))


# --- what is kept of a file ----------------------------------------------------------------------


def test_pictures_that_are_taken():
    cases = {
        picture("PNG"): "image/png",
        picture("GIF"): "image/png",
        picture("WEBP"): "image/png",
        picture("JPEG"): "image/jpeg",
        picture("JPEG", mode="CMYK", color=(9, 9, 9, 9)): "image/jpeg",
        picture("PNG", mode="1", color=1): "image/png",
        picture("PNG", mode="LA", color=(9, 100)): "image/png",
        picture("PNG", mode="P", color=3, transparency=3): "image/png",
        saved(Image.effect_noise((500, 500), 90).convert("RGB"), "PNG"): "image/jpeg",
    }
    assert len(cases) == 9
    taken = pictures.redraw_all(list(cases))
    assert [one.content_type for one in taken] == list(cases.values())
    for data, found in zip(cases, taken, strict=True):
        image = Image.open(io.BytesIO(found.data))
        assert image.get_format_mimetype() == found.content_type
        assert (found.width, found.height) == image.size
        assert (found.digest, found.source_digest) == (
            pictures.digest(found.data),
            pictures.digest(data),
        )
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_noise_with_holes_keeps_them():
    noise = Image.frombytes("RGBA", (500, 500), os.urandom(1_000_000))
    found, image = drawn(saved(noise, "PNG"))
    assert found.content_type == "image/webp"
    assert image.has_transparency_data


def test_sixteen_bits_become_eight():
    _, image = drawn(picture("PNG", mode="I;16", color=0x8000))
    assert image.getpixel((0, 0)) == 0x80


def test_a_photo_is_upright_and_tells_nothing_else():
    data = photo((60, 40), turned=6)
    assert CAMERA.encode() in data
    found, image = drawn(data)
    assert image.size == (40, 60)
    top, bottom = image.getpixel((20, 5)), image.getpixel((20, 55))
    assert top[0] > 200 > 50 > top[2]
    assert bottom[2] > 200 > 50 > bottom[0]
    assert not image.getexif()
    assert CAMERA.encode() not in found.data


def test_a_large_picture_becomes_smaller_and_an_animation_stands_still():
    found, _ = drawn(picture("JPEG", (5000, 2500)))
    assert (found.width, found.height) == (2000, 1000)
    frames = [Image.new("RGB", (20, 20), color) for color in ("red", "blue")]
    for name in ("GIF", "WEBP"):
        moving = saved(frames[0], name, save_all=True, append_images=frames[1:])
        found, image = drawn(moving)
        assert getattr(image, "n_frames", 1) == 1
        assert image.convert("RGB").getpixel((5, 5))[0] > 200


def test_files_that_are_not_taken(settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURE_BYTES": 2_000_000}
    cases = {
        b"": Refusal.NOT_A_PICTURE,
        b"\x00" * 2_000_001: Refusal.TOO_LARGE,
        picture("BMP"): Refusal.NOT_A_PICTURE,
        picture("TIFF"): Refusal.NOT_A_PICTURE,
        picture("PNG")[:-40]: Refusal.NOT_A_PICTURE,
        picture("JPEG", (300, 300))[:400]: Refusal.NOT_A_PICTURE,
        png(7000, 7000, b"\0" * 875 * 7000): Refusal.TOO_MANY_PIXELS,
    }
    found = pictures.redraw_all(list(cases))
    assert found == list(cases.values())
    with translation.override("en"):
        assert pictures.sentence(Refusal.TOO_LARGE) == "This picture is too large: at most 2 MB."
        assert "40 million" in pictures.sentence(Refusal.TOO_MANY_PIXELS)


def test_one_that_kills_the_program_harms_no_other(monkeypatch, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(pictures._PROGRAM.parent)!r})\n"
        "import redrawing\n"
        "def redraw(data, real=redrawing.redraw):\n"
        "    if data == b'crash': os.abort()\n"
        "    if data == b'hang': import time; time.sleep(60)\n"
        "    return real(data)\n"
        "redrawing.redraw = redraw\n"
        "redrawing._bound()\n"
        "redrawing.answer(sys.stdin.buffer, sys.stdout.buffer)\n"
    )
    monkeypatch.setattr(pictures, "_PROGRAM", program)
    monkeypatch.setattr(pictures, "SECONDS", 3.0)
    began = time.monotonic()
    good, crash, other, hang = pictures.redraw_all([picture(), b"crash", picture("JPEG"), b"hang"])
    assert time.monotonic() - began < patient(40)
    assert [type(one).__name__ for one in (good, other)] == ["Drawn", "Drawn"]
    assert crash == hang == Refusal.NOT_A_PICTURE


def test_who_waits_for_the_program_keeps_no_connection(transactional_db):
    if connection.vendor != "postgresql":
        pytest.skip("the SQLite of the tests is never closed")
    used = []

    def draw():
        connection.ensure_connection()
        used.append(connections[connection.alias])
        pictures.redraw(picture("PNG"))

    with pictures._turn:
        waiting = Elsewhere(draw)
        until(lambda: used and used[0].connection is None)
        assert waiting.is_alive()
    waiting.end()


# --- adding one ----------------------------------------------------------------------------------


@pytest.fixture
def people(school):
    """A client of each of the cast, by name, and of `nobody`, who is not logged in."""
    clients = {"nobody": Client()}
    for name in EVERYBODY:
        clients[name] = Client()
        clients[name].force_login(school.person(name))
    return clients


def upload(client, data, kind="application/octet-stream"):
    return client.post(UPLOAD, data, content_type=kind)


def add(school, data=None, course=COURSE, user=None):
    data = picture() if data is None else data
    return actions.add_picture(user=user or school.ines, course=course, data=data)


def test_the_same_bytes_are_the_same_picture(school):
    one = add(school, photo())
    assert (one.course, one.made_by, one.content_type) == (
        *(school.course, school.ines),
        "image/jpeg",
    )
    assert one.size == storage().size(one.file.name) == len(queries.stored_bytes(one))
    assert one.key not in one.file.name
    assert add(school, photo()) == one
    # So is what was kept of it, as an export has it, and another file of the same pixels.
    assert add(school, queries.stored_bytes(one)) == one
    plain = add(school, picture("PNG"))
    assert add(school, picture("GIF")) == plain
    elsewhere = add(school, photo(), "chemistry", school.ivan)
    assert elsewhere.key != one.key
    assert Picture.objects.count() == 3


def test_who_may_add_one(school, people):
    for name in ("tess", "ines"):
        answer = upload(people[name], picture(color=(name == "tess" and "red") or "blue"))
        assert answer.status_code == 201
        made = Picture.objects.get(key=answer.json()["key"])
        assert answer.json() == {"key": made.key, "width": 40, "height": 30}
    for name, status in {"ada": 403, "ivan": 403, "zoe": 403, "nobody": 401}.items():
        assert upload(people[name], picture()).status_code == status
    with pytest.raises(PermissionDenied):
        add(school, user=school.ada)
    school.course.archived_at = timezone.now()
    school.course.save()
    refused = upload(people["ines"], picture())
    assert (refused.status_code, refused.json()["error_code"]) == (403, "course_archived")
    with pytest.raises(CourseArchived):
        add(school)
    assert Picture.objects.count() == 2


def test_what_the_upload_refuses(school, people, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURE_BYTES": 10_000}
    cases = [
        (b"<svg/>", "application/octet-stream", 400, "not_a_picture"),
        (b"", "application/octet-stream", 400, "not_a_picture"),
        (b"x" * 10_001, "application/octet-stream", 413, "picture_too_large"),
        (png(30_000, 30_000, b""), "application/octet-stream", 400, "too_many_pixels"),
        (picture(), "image/png", 415, "invalid_message_format"),
        (b'{"a": 1}', "application/json", 415, "invalid_message_format"),
    ]
    for data, kind, status, code in cases:
        answer = upload(people["ines"], data, kind)
        assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(school.ines)
    assert upload(strict, picture()).status_code == 403
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURE_RATE": 0.01, "PICTURE_BURST": 1}
    from rooms import ratelimit  # after the settings, which it reads again

    ratelimit.pictures.reset()
    statuses = [upload(people["ines"], b"").status_code for _ in range(2)]
    assert statuses == [400, 429]
    assert not Picture.objects.exists()


def test_a_course_takes_so_many_and_unused_ones_go_first(school, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURES_PER_COURSE": 2}
    cited, unused = add(school, picture(color="red")), add(school, picture(color="blue"))
    make_question(school.course, "force")
    Choice.objects.filter(letter="B").update(feedback=f"![x](picture:{cited.key})")
    with pytest.raises(TooManyPictures):
        add(school, picture(color="green"))
    Picture.objects.update(made_at=timezone.now() - actions.UNUSED_FOR * 2)
    # Added again, it counts as new.
    assert add(school, picture(color="blue")) == unused
    with pytest.raises(TooManyPictures):
        add(school, picture(color="green"))
    Picture.objects.update(made_at=timezone.now() - actions.UNUSED_FOR * 2)
    third = add(school, picture(color="green"))
    assert set(Picture.objects.values_list("key", flat=True)) == {cited.key, third.key}
    settings.PEERCHAT = {**settings.PEERCHAT, "PICTURES_BYTES": 10, "PICTURES_PER_COURSE": 9}
    with pytest.raises(PictureRefused):
        add(school, picture(color="black"))


# --- who sees it ---------------------------------------------------------------------------------


def step(school, command, **fields):
    number = f"step {time.monotonic_ns()}"
    control(user=school.ines, course=COURSE, command=command(uuid=number, **fields))


def page(key, course=COURSE):
    return reverse("peerchat:picture", args=[course, key])


@pytest.fixture
def shown(school):
    """A question with a picture in each of its texts, by the name of the text."""
    names = ("prompt", "choice", "feedback", "explanation", "follow_up")
    keys = {
        name: add(school, picture(color=(60 * number, 9, 9))).key
        for number, name in enumerate(names)
    }
    text = {name: f"See ![a curve](picture:{key})" for name, key in keys.items()}
    question = make_question(school.course, "force")
    later = {name: text[name] for name in ("prompt", "explanation", "follow_up")}
    Question.objects.filter(pk=question.pk).update(**later)
    question.choices.filter(letter="C").update(text=text["choice"], feedback=text["feedback"])
    make_question(school.course, "work")
    return keys


def seen(client, keys, path=page):
    """The names of the pictures that a client gets."""
    found = set()
    for name, key in keys.items():
        answer = client.get(path(key))
        assert answer.status_code in (200, 404)
        if answer.status_code == 200:
            found.add(name)
    return found


def test_students_see_a_picture_from_when_it_is_shown(school, people, shown):
    asked, everything = {"prompt", "choice"}, set(shown)
    screen_ = screen.make_link(user=school.ines, course=COURSE, days=1)
    prefix = addresses.pictures_of_screen(link_secret(screen_))
    token = addresses.pictures_by_token(COURSE, issue_token(school.ada))

    def of_all(path_of):
        return {
            "ada": seen(people["ada"], shown, path_of),
            "frame": seen(people["nobody"], shown, lambda key: f"{token}{key}/"),
            "hall": seen(people["nobody"], shown, lambda key: f"{prefix}{key}/"),
        }

    def expect(student, hall):
        assert of_all(page) == {"ada": student, "frame": student, "hall": hall}
        assert seen(people["tess"], shown) == everything
        for name in ("ivan", "zoe", "nobody"):
            assert seen(people[name], shown) == set()

    expect(set(), set())
    step(school, StartQuestion, question="force")
    expect(asked, asked)
    # An edit while the vote is open changes nothing of what was asked.
    extra = add(school, picture("JPEG"))
    Question.objects.filter(slug="force").update(prompt=f"![x](picture:{extra.key})")
    assert people["ada"].get(page(extra.key)).status_code == 404
    expect(asked, asked)
    step(school, StopVote)
    expect(asked, asked)
    step(school, Reveal)
    expect(everything, everything)
    step(school, NextQuestion, question="work")
    expect(everything, set())
    # Asked again, the question has to be answered again, whatever was shown before.
    step(school, StopVote)
    Question.objects.filter(slug="force").update(prompt=f"See ![x](picture:{shown['prompt']})")
    step(school, NextQuestion, question="force")
    expect(asked, asked)
    step(school, StopVote)
    step(school, NextQuestion)
    # It was not revealed this time, but the first time it was.
    expect(everything, set())


def test_what_was_asked_but_never_revealed_keeps_its_answer(school, people, shown):
    step(school, StartQuestion, question="force")
    step(school, StopVote)
    step(school, NextQuestion, question="work")
    step(school, StopVote)
    step(school, Reveal)
    assert seen(people["ada"], shown) == {"prompt", "choice"}
    # Another version of the same question is revealed, without the picture of the explanation.
    Question.objects.filter(slug="force").update(explanation="")
    step(school, NextQuestion, question="force")
    step(school, StopVote)
    step(school, Reveal)
    assert seen(people["ada"], shown) == set(shown) - {"explanation"}


def test_the_answer_of_the_page(school, people, shown):
    step(school, StartQuestion, question="force")
    answer = people["ada"].get(page(shown["prompt"]))
    stored = Picture.objects.get(key=shown["prompt"])
    assert answer.content == queries.stored_bytes(stored)
    assert {
        "Content-Type": "image/png",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Cache-Control": "private, no-cache",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Length": str(stored.size),
    }.items() <= dict(answer.items()).items()
    assert "Cookie" in answer["Vary"]
    again = people["ada"].get(page(shown["prompt"]), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "private, no-cache"
    # Who knows what it was is not told that it is there.
    assert (
        people["zoe"].get(page(shown["prompt"]), headers={"If-None-Match": answer["ETag"]})
    ).status_code == 404
    tokens = {name: issue_token(school.person(name)) for name in ("ada", "zoe")}
    for name, status in {"ada": 200, "zoe": 404}.items():
        bearer = {"Authorization": f"Bearer {tokens[name]}"}
        assert Client().get(page(shown["prompt"]), headers=bearer).status_code == status
    assert people["ada"].head(page(shown["prompt"])).status_code == 200
    assert people["ada"].post(page(shown["prompt"])).status_code == 405
    # A course is found by a slug that it had before.
    school.course.slug = "mechanics"
    school.course.save()
    assert people["ada"].get(page(shown["prompt"])).status_code == 200
    storage().delete(stored.file.name)
    Picture.objects.filter(pk=stored.pk).update(digest="0" * 64)
    assert people["ada"].get(page(shown["prompt"])).status_code == 404


def test_pages_say_where_their_pictures_are(school, people):
    for name, path in (
        ("ada", reverse("peerchat:course", args=[COURSE])),
        ("ines", reverse("peerchat:instructor", args=[COURSE])),
        ("ines", reverse("peerchat:screen", args=[COURSE])),
    ):
        told = f'data-pictures="{addresses.pictures(COURSE)}"'
        assert told in people[name].get(path).content.decode(), path
    found = screen.make_link(user=school.ines, course=COURSE, days=1)
    secret = link_secret(found)
    answer = people["nobody"].get(reverse("peerchat:linked_screen", args=[secret]))
    assert f'data-pictures="{addresses.pictures_of_screen(secret)}"' in answer.content.decode()


# --- copies and the end --------------------------------------------------------------------------


def test_a_copy_in_another_course_shares_the_file(school, django_capture_on_commit_callbacks):
    one, two = add(school, picture(color="red")), add(school, picture(color="blue"))
    other, unknown = school.other_course, "0" * 32
    text = f"![a](picture:{one.key}) ![b](picture:{two.key}) ![c](picture:{unknown})"
    content = QuestionContent(
        prompt=text,
        choices=(ChoiceContent("plain"), ChoiceContent(text, feedback=text)),
        explanation=text,
        follow_up=text,
    )
    copied = actions.copied_content(content, school.course, other)
    new = {p.digest: p.key for p in other.pictures.all()}
    assert len(new) == 2
    expected = text.replace(one.key, new[one.digest]).replace(two.key, new[two.digest])
    assert copied == QuestionContent(
        prompt=expected,
        choices=(ChoiceContent("plain"), ChoiceContent(expected, feedback=expected)),
        explanation=expected,
        follow_up=expected,
    )
    assert actions.copied_content(content, school.course, other) == copied
    assert actions.copied_content(content, school.course, school.course) == content
    assert other.pictures.count() == 2
    name = one.file.name
    assert other.pictures.get(digest=one.digest).file.name == name
    with django_capture_on_commit_callbacks(execute=True):
        school.course.delete()
    assert storage().exists(name)
    assert queries.stored_bytes(other.pictures.get(digest=one.digest))
    with django_capture_on_commit_callbacks(execute=True):
        Course.objects.filter(pk=other.pk).delete()
    assert not storage().exists(name)


def test_tidying(school, capsys):
    kept = add(school, picture(color="red"))
    unused = add(school, picture(color="blue"))
    make_question(school.course, "force")
    Question.objects.update(follow_up=f"![](picture:{kept.key})")
    left = storage().save(f"{FOLDER}/{school.course.pk}/left.png", ContentFile(b"left"))
    call_command("tidy_pictures")
    assert capsys.readouterr().out.startswith("Removed 0 unused pictures and 0 files")
    Picture.objects.update(made_at=timezone.now() - actions.UNUSED_FOR * 2)
    old = time.time() - 3 * 86_400
    os.utime(storage().path(left), (old, old))
    call_command("tidy_pictures")
    assert "1 unused pictures and 1 files" in capsys.readouterr().out
    assert list(Picture.objects.all()) == [kept]
    assert storage().exists(kept.file.name)
    assert not storage().exists(left)
    assert unused.file.name != kept.file.name


def test_a_site_may_keep_them_apart(school, settings, tmp_path):
    with override_settings(
        STORAGES={
            **settings.STORAGES,
            "peerchat": {
                "BACKEND": "django.core.files.storage.FileSystemStorage",
                "OPTIONS": {"location": str(tmp_path)},
            },
        }
    ):
        assert storage().location == str(tmp_path)
    assert storage().location == settings.MEDIA_ROOT


def test_the_admin_lists_those_of_ones_own_courses(school, people, shown):
    from django.contrib.auth.models import Permission  # the site's own users may do without

    school.ivan.is_staff = school.ines.is_staff = True
    for user in (school.ivan, school.ines):
        user.user_permissions.set(
            Permission.objects.filter(codename__in=("view_picture", "delete_course", "view_course"))
        )
        user.save()
    listed = reverse("admin:peerchat_rooms_picture_changelist")
    assert shown["prompt"] in people["ines"].get(listed).content.decode()
    assert shown["prompt"] not in people["ivan"].get(listed).content.decode()
    one = Picture.objects.get(key=shown["prompt"])
    detail = reverse("admin:peerchat_rooms_picture_change", args=[one.pk])
    text = people["ines"].get(detail).content.decode()
    assert one.file.name not in text
    assert people["ivan"].get(detail).status_code == 302
