"""Requests that a page of another site makes with the visitor's session."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from PIL import Image

from rooms.actions import bookmarks, joining, tryouts
from rooms.actions.questions import version_of
from rooms.models import (
    Block,
    ClassSession,
    ClassSettings,
    Enrollment,
    Flag,
    Membership,
    Message,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Question,
    Release,
    Report,
    Round,
    Take,
    UseLog,
)
from tests.attacks.web import (
    SECRET,
    WRITING,
    Route,
    api_routes,
    assert_in_no_frame,
    fingerprint,
    routes,
    sampled,
    values,
)
from tests.rooms.cast import in_thread, make_question, store
from tests.rooms.lesson import lead

# The only address that takes a request without a CSRF token: it looks at no session, only at the
# username and the password that come with the request.
LOGGING_IN = "api/tokens/"
LONG = pytest.mark.long


def picture() -> bytes:
    """A picture of six points."""
    file = io.BytesIO()
    Image.new("RGB", (3, 2)).save(file, "PNG")
    return file.getvalue()


# The user and the body of a request to each address of the API that writes, by (method, address).
# {room}, {open}, {course}, {bea} stand for an id or a name.
BODIES = {
    ("DELETE", "api/tokens/current/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/vote/"): ("ada", {"choice": "A"}),
    ("POST", "api/courses/<slug:slug>/draft/"): (
        "ada",
        {"question": "force", "round": 1, "choice": "A"},
    ),
    ("POST", "api/courses/<slug:slug>/convinced/"): ("ada", {"question": "force", "by": "thought"}),
    ("POST", "api/courses/<slug:slug>/place/"): ("ada", {"place": "hall"}),
    ("POST", "api/courses/<slug:slug>/sharing/"): ("ada", {"shared": True}),
    ("POST", "api/courses/<slug:slug>/blocks/"): ("ada", {"username": "{bea}"}),
    ("DELETE", "api/courses/<slug:slug>/blocks/<int:block>/"): ("ada", None),
    ("POST", "api/courses/<slug:slug>/consents/"): ("ada", {"purpose": "research", "given": True}),
    ("POST", "api/courses/<slug:slug>/reports/"): ("ada", {"reason": "spam", "username": "{bea}"}),
    ("DELETE", "api/courses/<slug:slug>/reports/<int:report>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/control/"): ("ines", {"action": "stop_vote"}),
    ("POST", "api/courses/<slug:slug>/try/"): ("ines", None),
    ("DELETE", "api/courses/<slug:slug>/try/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/questions/<slug:question>/keep/"): ("ines", {}),
    ("POST", "api/courses/<slug:slug>/questions/"): ("ines", {"prompt": "Why?"}),
    ("PUT", "api/courses/<slug:slug>/questions/<slug:question>/"): (
        "ines",
        {"prompt": "Why?", "edit": 0},
    ),
    ("DELETE", "api/courses/<slug:slug>/questions/<slug:question>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/questions/order/"): (
        "ines",
        {"questions": ["heat", "force"]},
    ),
    ("POST", "api/courses/<slug:slug>/questions/copy/"): (
        "ines",
        {"questions": ["heat"], "course": "{course}"},
    ),
    ("POST", "api/courses/<slug:slug>/questions/preview/"): ("ines", {"prompt": "Why?"}),
    ("POST", "api/courses/<slug:slug>/pictures/"): ("ines", picture()),
    ("POST", "api/courses/<slug:slug>/mutes/"): ("ines", {"username": "{bea}", "seconds": 60}),
    ("DELETE", "api/courses/<slug:slug>/mutes/<path:username>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/flags/"): ("ines", {"message": "{message}"}),
    ("POST", "api/rooms/<str:room>/messages/<int:seq>/flag/"): ("ada", {}),
    ("POST", "api/rooms/<str:room>/messages/<int:seq>/restore/"): ("ines", {}),
    ("POST", "api/courses/"): ("ines", {"title": "A course"}),
    ("PATCH", "api/courses/<slug:slug>/"): ("ines", {"title": "A title"}),
    ("POST", "api/courses/<slug:slug>/copy/"): ("ines", {"title": "A copy"}),
    ("POST", "api/courses/<slug:slug>/leaders/"): (
        "ines",
        {"person": "{bea}", "role": "assistant"},
    ),
    ("PATCH", "api/courses/<slug:slug>/leaders/<path:username>/"): ("ines", {"role": "instructor"}),
    ("DELETE", "api/courses/<slug:slug>/leaders/<path:username>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/hand-over/"): ("ines", {"person": "{bea}"}),
    ("POST", "api/join/"): ("zoe", {"code": "{code}"}),
    ("POST", "api/courses/<slug:slug>/joining/"): ("ines", {"renew": True}),
    ("POST", "api/courses/<slug:slug>/merges/"): ("ines", {"username": "{guest}", "into": "{bea}"}),
    ("DELETE", "api/courses/<slug:slug>/people/<path:username>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/questions/import/"): (
        "ines",
        {"text": "Is it so?\nA. Yes\nB. No\nANSWER: A", "apply": True},
    ),
    ("POST", "api/courses/<slug:slug>/roster/"): (
        "ines",
        {"text": "eve-{course}@example.org", "apply": True},
    ),
    ("PATCH", "api/courses/<slug:slug>/marks/rules/"): ("ines", {"dropped": 1}),
    ("PUT", "api/courses/<slug:slug>/bookmarks/<slug:question>/"): ("ada", None),
    ("DELETE", "api/courses/<slug:slug>/bookmarks/<slug:question>/"): ("ada", None),
    ("PATCH", "api/courses/<slug:slug>/class-settings/"): ("ines", {"confidence": "off"}),
    ("POST", "api/courses/<slug:slug>/pairing-rules/"): (
        "ines",
        {"kind": "never", "students": ["Bea", "Carl"]},
    ),
    ("DELETE", "api/courses/<slug:slug>/pairing-rules/<int:rule>/"): ("ines", None),
    ("POST", "api/courses/<slug:slug>/fixed-groups/"): (
        "ines",
        {"text": "group;username\nA;{bea}\nA;{carl}", "apply": True},
    ),
    ("POST", "api/courses/<slug:slug>/releases/"): ("ines", {"uuid": "one", "question": "force"}),
    ("PATCH", "api/courses/<slug:slug>/releases/<int:release>/"): ("ines", {"withdrawn": True}),
    ("POST", "api/courses/<slug:slug>/outside/<int:release>/"): ("ada", None),
    ("POST", "api/courses/<slug:slug>/outside/<int:release>/first/"): ("ada", {"choice": "A"}),
    ("POST", "api/courses/<slug:slug>/outside/<int:release>/second/"): ("ada", {"choice": "A"}),
    ("POST", "api/courses/<slug:slug>/outside/<int:release>/convinced/"): (
        "ada",
        {"convinced": "thought"},
    ),
    ("POST", "api/courses/<slug:slug>/outside/<int:release>/partner/"): ("ada", None),
    ("DELETE", "api/courses/<slug:slug>/outside/<int:release>/partner/"): ("ada", None),
    ("POST", "api/courses/<slug:slug>/reminders/"): ("ada", {"wanted": False}),
    ("PATCH", "api/courses/<slug:slug>/screen/setup/"): ("ines", {"shows_partners": True}),
    ("POST", "api/courses/<slug:slug>/screen/link/"): ("ines", {"days": 1}),
    ("DELETE", "api/courses/<slug:slug>/screen/link/"): ("ines", None),
    ("POST", "api/rooms/"): ("ada", {"course": "{course}", "title": "A room"}),
    ("PATCH", "api/rooms/<str:room>/"): ("ines", {"topic": "A topic"}),
    ("DELETE", "api/rooms/<str:room>/"): ("ines", None),
    ("POST", "api/rooms/<str:room>/join/"): ("ada", {}),
    ("POST", "api/rooms/<str:room>/leave/"): ("bea", {}),
    ("POST", "api/rooms/<str:room>/read/"): ("bea", {"seq": 1}),
    ("POST", "api/rooms/<str:room>/messages/"): ("bea", {"text": "hello"}),
    ("DELETE", "api/rooms/<str:room>/messages/<int:seq>/"): ("ines", None),
    ("POST", "api/direct/<path:username>/messages/"): ("ines", {"text": "hello"}),
    ("POST", "api/peer/messages/"): (
        "ines",
        {
            "type": "text",
            "message": "hello",
            "course_name": "{course}",
            "div_id": "",
            "broadcast": True,
        },
    ),
}
# These make a course or a preview, and change nothing that is there.
MAKING = {
    *("api/courses/", "api/courses/<slug:slug>/copy/"),
    *("api/courses/<slug:slug>/questions/preview/", "api/courses/<slug:slug>/pictures/"),
}
WRITERS = [
    (method, route)
    for route in api_routes()
    for method in sorted(route.methods - {"GET"})
    if route.pattern != LOGGING_IN
]


@pytest.fixture
async def scene(cast):
    """Make a class that votes, and an open room with a message: things that can be changed."""
    room = cast.open_room(cast.bea)
    (first,) = store(room, cast.bea, "first")
    Flag.objects.create(message=first, user=cast.ada.user, raised_at=timezone.now())
    store(cast.room, cast.bea, "first")
    await lead(await cast.dashboard(), "vote")
    cast.ines.user.is_staff = cast.ines.user.is_superuser = True
    cast.ines.user.save()
    Question.objects.filter(course=cast.course, slug="work").update(quick=True)
    make_question(cast.course, "heat")
    ClassSettings.objects.create(course=cast.course, asks_place=True)
    rule = PairingRule.objects.create(course=cast.course, kind="never")
    PairingMember.objects.bulk_create(
        PairingMember(rule=rule, user=one.user) for one in (cast.ada, cast.bea)
    )
    code = await in_thread(joining.open_joining, user=cast.ines.user, course=cast.course.slug)
    guest = await in_thread(joining.join_as_guest, code=code, name="Lola", device=uuid4().hex)
    return values(
        cast,
        room=str(room.id),
        username=cast.bea.name,
        question="work",
        rule=rule.pk,
        code=code.code,
        guest=guest.username,
        message=str(first.id),
    )


def vote_again(cast):
    """Have the class of a scene vote for the second time, with Ada and Bea as partners."""
    session = ClassSession.objects.get(course=cast.course)
    first, now = session.current_round, timezone.now()
    group = PartnerGroup.objects.create(
        round=first, number=1, room=cast.open_room(cast.ada, cast.bea), formed_at=now
    )
    Partner.objects.bulk_create(
        Partner(group=group, round=first, user=one.user) for one in (cast.ada, cast.bea)
    )
    session.current_round = Round.objects.create(
        session=session, question=first.question, number=2, first=first, opened_at=now
    )
    session.phase, session.deadline = "revote", None
    session.save()


def release(cast, step):
    """Release a question, at which Ada is before a step, and return its id."""
    now = timezone.now()
    question = Question.objects.get(course=cast.course, slug="heat")
    with transaction.atomic():
        version = version_of(question)
    of = Release.objects.create(
        course=cast.course,
        question=question,
        version=version,
        name=uuid4(),
        released_by=cast.ines.user,
        released_at=now,
        opens_at=now,
    )
    once = {"first_choice": "A", "first_at": now}
    waits = {**once, "waiting_since": now, "seen_at": now}
    done = {
        "first": {},
        "second": once,
        "convinced": {**once, "second_choice": "A", "second_at": now},
        "partner": waits,
    }
    if step in done:
        Take.objects.create(release=of, user=cast.ada.user, started_at=now, **done[step])
    if step == "releases":
        # What a class is at cannot be released.
        ClassSession.objects.filter(course=cast.course).update(ended_at=now)
    if step == "partner":
        # Nobody is paired while a class is on.
        ClassSettings.objects.filter(course=cast.course).update(pairs_at_night=True)
        ClassSession.objects.filter(course=cast.course).update(ended_at=now)
    Enrollment.objects.filter(course=cast.course).update(reminded_since=now)
    return of.pk


def shown_question(cast):
    """Let an earlier class of the course have been asked a question, and return its slug."""
    then = timezone.now() - timedelta(days=1)
    session = ClassSession.objects.create(
        course=cast.course,
        started_at=then,
        changed_at=then,
        ended_at=then,
        controller=cast.ines.user,
    )
    asked = Question.objects.get(course=cast.course, slug="heat")
    Round.objects.create(session=session, question=asked, number=1, opened_at=then, closed_at=then)
    return asked.slug


def complain(cast):
    """Let Ada block and report Bea, and return the values for their addresses."""
    common = {"course": cast.course, "made_at": timezone.now()}
    blocked = Block.objects.create(user=cast.ada.user, blocked=cast.bea.user, **common)
    told = Report.objects.create(
        reporter=cast.ada.user, about=cast.bea.user, reason="spam", **common
    )
    return {"block": blocked.pk, "report": told.pk}


def filled(body, cast, scene):
    names = {"course": cast.course.slug, "bea": cast.bea.name, "carl": cast.carl.name}
    names |= {name: scene[name] for name in ("room", "code", "guest", "message")}
    if body is None or isinstance(body, bytes):
        return body
    return {
        key: value.format(**names) if isinstance(value, str) else value
        for key, value in body.items()
    }


@pytest.mark.parametrize(
    ("method", "whole"),
    [("POST", False), *(pytest.param(one, one == "POST", marks=LONG) for one in WRITING)],
)
async def test_no_address_takes_a_session_alone(cast, scene, visit, method, whole):
    """The test covers every address, also of the admin, and addresses that will be added later.

    Forms of the admin are posted, in the long form those of all models. By other methods its pages
    are refused no matter whose they are.
    """
    ines = visit(cast.ines)
    before = fingerprint(cast)
    answers = {}
    every = routes()
    for route in every if whole else sampled(every, WRITING.index(method)):
        answer = await ines.send(method, route.path(scene), form={"name": "x"})
        answers[route.pattern] = answer.status
        # The page that says that a link is forged may give one, which is no use elsewhere.
        ines.cookies.pop("csrftoken", None)
    assert len(answers) > 180
    # By itself the address that gives tokens refuses what is not JSON, and at other addresses
    # below /api/ there is nothing.
    assert answers.pop(LOGGING_IN) == (415 if method == "POST" else 405)
    assert answers.pop("api/") == 404
    # Mail programs end reminders by its secret alone, which is forged here.
    assert answers.pop("reminders/<str:secret>/") == (404 if method == "POST" else 405)
    # Both can only be read.
    assert answers.pop("api/schema/") == 405
    assert answers.pop("api/screen/") == 405
    assert {pattern: code for pattern, code in answers.items() if code != 403} == {}
    assert fingerprint(cast) == before
    assert (await ines.get("/api/courses/")).status == 200


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=LONG)])
@pytest.mark.parametrize(
    ("method", "route"), WRITERS, ids=[f"{method} {route.pattern}" for method, route in WRITERS]
)
async def test_each_address_that_writes(cast, scene, visit, method: str, route: Route, whole: bool):
    """A complete request without the CSRF token changes nothing; with the token it does."""
    who, body = BODIES[method, route.pattern]
    if "leaders/" in route.pattern:
        scene["username"] = cast.tess.name
    if route.pattern.endswith("/flag/"):
        scene["room"] = cast.room
    if route.pattern.endswith("<slug:slug>/convinced/"):
        vote_again(cast)
    if any(word in route.pattern for word in ("/outside/", "/releases/", "/reminders/")):
        scene["release"] = release(cast, route.pattern.split("/")[-2])
    if "/bookmarks/" in route.pattern:
        scene["question"] = shown_question(cast)
    if "<int:block>" in route.pattern or "<int:report>" in route.pattern:
        scene |= complain(cast)
    if route.pattern.endswith("/restore/"):
        removed = {"removed_at": timezone.now(), "removed_by": cast.ines.user}
        Message.objects.filter(room=scene["room"], seq=1).update(**removed)
    if (method, route.pattern) == ("DELETE", "api/courses/<slug:slug>/bookmarks/<slug:question>/"):
        bookmarks.set_bookmark(
            user=cast.ada.user, course=cast.course.slug, question=scene["question"], marked=True
        )
    body, path = filled(body, cast, scene), route.path(scene)
    person = visit(cast.person(who))
    if (method, route.pattern) == ("DELETE", "api/courses/<slug:slug>/try/"):
        tryouts.start(user=cast.ines.user, course=cast.course.slug, language="en")
    before = fingerprint(cast)
    kind = {"Content-Type": "application/octet-stream"} if isinstance(body, bytes) else {}
    others = (
        {"X-CSRFToken": SECRET},  # without its cookie
        {"Cookie": f"sessionid={person.cookies['sessionid']}; csrftoken={SECRET}"},
        {
            "Cookie": f"sessionid={person.cookies['sessionid']}; csrftoken={SECRET}",
            "X-CSRFToken": "d" * 32,
        },
        {"Content-Type": "text/plain"},  # a form can send this without a preflight request
    )
    # All views share the code that looks at the headers, so one of the others does for each.
    turn = WRITERS.index((method, route)) % len(others)
    for headers in ({}, *(others if whole else others[turn : turn + 1])):
        answer = await person.send(method, path, body=body, headers={**kind, **headers})
        assert answer.status == 403, headers
    foreign = {**kind, "Origin": "https://evil.example"}
    assert (await person.send(method, path, body=body, headers=foreign, csrf=True)).status == 403
    assert fingerprint(cast) == before
    answer = await person.send(method, path, body=body, headers=kind, csrf=True)
    if route.pattern == "api/tokens/current/":
        assert (answer.status, answer.body["error_code"]) == (403, "permission_denied")
        return
    assert answer.status < 300, answer.text
    # Nobody was muted, but the use log notes an unmute in any case.
    if route.pattern not in MAKING:
        assert fingerprint(cast) != before
    if (method, route.pattern) == ("POST", "api/courses/<slug:slug>/try/"):
        tryouts.end(user=cast.ines.user, course=cast.course.slug)


def test_the_view_of_logging_in_looks_at_no_session():
    (route,) = [route for route in api_routes() if route.pattern == LOGGING_IN]
    assert list(route.view.authentication_classes) == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_a_form_elsewhere_logs_nobody_in(cast, visit, kind):
    """Without a preflight request, pages of other sites can only send what a form can."""
    cast.ada.user.set_password("correct horse")
    cast.ada.user.save()
    body = f'{{"username": "{cast.ada.name}", "password": "correct horse"}}'.encode()
    headers = {"Origin": "https://evil.example", "Content-Type": kind or ""}
    answer = await visit().send("POST", "/api/tokens/", body=body, headers=headers)
    assert answer.status == 415
    assert not UseLog.objects.filter(sid=cast.ada.name, event="login").exists()
    preflight = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = await visit().send("OPTIONS", "/api/tokens/", headers=preflight)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/accounts/login/", "/admin/login/"])
async def test_nobody_is_logged_in_by_another_site(cast, visit, path):
    """A visitor who was logged in as the attacker would write into the attacker's account."""
    cast.ines.user.set_password("correct horse")
    cast.ines.user.is_staff = True
    cast.ines.user.save()
    form = {"username": cast.ines.name, "password": "correct horse"}
    visitor = visit()
    for headers in ({}, {"Cookie": f"csrftoken={SECRET}"}):
        answer = await visitor.send("POST", path, form=form, headers=headers)
        assert answer.status == 403
    headers = {"Origin": "https://evil.example"}
    assert (await visitor.send("POST", path, form=form, headers=headers, csrf=True)).status == 403
    assert "sessionid" not in visitor.cookies
    assert (await visitor.send("POST", path, form=form, csrf=True)).status == 302
    assert visitor.cookies["sessionid"]


async def test_nobody_is_logged_out_by_another_site(cast, visit):
    ada = visit(cast.ada)
    assert (await ada.get("/accounts/logout/")).status == 405
    assert (await ada.send("POST", "/accounts/logout/", form={})).status == 403
    assert (await ada.get("/api/courses/")).status == 200
    assert (await ada.send("POST", "/accounts/logout/", form={}, csrf=True)).status == 302
    assert (await ada.get("/api/courses/")).status == 401


@pytest.mark.parametrize(
    ("method", "whole"),
    [
        ("GET", False),
        *(pytest.param(one, one == "GET", marks=LONG) for one in ("GET", "HEAD", "OPTIONS")),
    ],
)
async def test_reading_changes_nothing(cast, scene, visit, method, whole):
    """Requests that read, such as links, need no CSRF token, so they must not write.

    Whoever may see every page gets each once, in the short form of the admin's those of some models
    alone, and none that may be in a frame.
    """
    ines = visit(cast.ines)
    before = fingerprint(cast)
    every = routes()
    for route in every if whole else sampled(every, len(method)):
        answer = await ines.send(method, route.path(scene))
        assert answer.status < 500, route.pattern
        if method == "GET":
            assert_in_no_frame(route, answer)
    assert fingerprint(cast) == before
    assert Membership.objects.filter(user=cast.ines.user).count() == 1


def test_cookies_are_kept_from_scripts_and_other_sites():
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
