"""HTTP as an attacker uses it: any header, any cookie, no redirect followed; and all addresses."""

import asyncio
import http.client
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.apps import apps
from django.db import connection
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response

from accounts.models import FailedLogin, Token, UsedLink, User, WrongCodes
from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    Choice,
    ClassSession,
    ClassSettings,
    Connection,
    Consent,
    Conviction,
    Course,
    Deletion,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    FormerGroup,
    FormerSlug,
    Guest,
    Invitation,
    JoinCode,
    KnownAddress,
    MarkRules,
    Membership,
    Mention,
    Message,
    NightPair,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    Question,
    QuestionFile,
    QuestionVersion,
    Release,
    Reminder,
    Report,
    Retention,
    RightAnswer,
    Room,
    RosterEntry,
    Round,
    Screen,
    Seed,
    ShownArgument,
    ShownReason,
    StandIn,
    Take,
    TryOut,
    TryOutStudent,
    UseLog,
    Vote,
    Worker,
)
from tests.pace import patient
from tests.rooms.cast import Cast

WITHIN = patient(40.0)
"""Seconds for a request."""
WRITING = ("POST", "PUT", "PATCH", "DELETE")
FRAMES = "https://courses.example.edu"
"""The site whose pages may show a course in a frame."""
SECRET = "c" * 32
"""A CSRF secret that a visitor's cookie and header agree about."""


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage = field(repr=False)
    raw: bytes

    @property
    def text(self) -> str:
        return self.raw.decode()

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def location(self) -> str | None:
        return self.headers["Location"]


class Visitor:
    """An HTTP client of one visitor, with the cookies that it was given."""

    def __init__(self, origin: str, session: str | None = None) -> None:
        self.origin = origin
        self.cookies = {"sessionid": session} if session else {}

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.send("GET", path, **options)

    async def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        form: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        csrf: bool = False,
        token: str | None = None,
    ) -> Answer:
        """Send one request with a JSON body or a form, with or without a valid CSRF token."""
        sent = {**(headers or {})}
        cookies = dict(self.cookies)
        data: bytes | None = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        if form is not None:
            data = urlencode(form, doseq=True).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if csrf:
            cookies["csrftoken"] = SECRET
            sent["X-CSRFToken"] = SECRET
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if cookies and "Cookie" not in sent:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        answer = await asyncio.to_thread(self._exchange, method, path, data, sent)
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    def _exchange(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str]
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=WITHIN)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()


async def refused(cast: Cast, path: str, **options: Any) -> Response | None:
    """The answer with which a handshake is refused; None where it leads to a socket."""
    try:
        await cast.connect(path, **options)
    except InvalidStatus as refusal:
        return refusal.response
    return None


# --- What there is -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Route:
    """An address of the site, as the URL configuration has it."""

    pattern: str
    callback: Any

    @property
    def view(self) -> Any:
        """The class of a view of the API, or None."""
        return getattr(self.callback, "cls", None)

    @property
    def methods(self) -> set[str]:
        """Return the HTTP methods that the view of the API handles."""
        return {name.upper() for name in vars(self.view) if name.upper() in {"GET", *WRITING}}

    @property
    def names(self) -> list[str]:
        """Return the names of the placeholders in the address."""
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)

    def path(self, values: dict[str, Any]) -> str:
        """Return an address. A name without a value fails: a new one needs a value in the test."""
        text = re.sub(
            r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>",
            lambda match: str(values[match[1] or match[2]]),
            self.pattern,
        )
        return "/" + re.sub(r"[$^]|\\Z", "", text)


def routes() -> list[Route]:
    """Return every address of the site, also those that will be added later."""
    return list(_routes(get_resolver(), ""))


def _routes(resolver: URLResolver, prefix: str) -> Any:
    for entry in resolver.url_patterns:
        pattern = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _routes(entry, pattern)
        elif isinstance(entry, URLPattern):
            if not isinstance(entry.pattern, RoutePattern):
                pattern = prefix + str(entry.pattern).removeprefix("^")
            yield Route(pattern, entry.callback)


def api_routes() -> list[Route]:
    """The addresses of the API that have a view of their own."""
    return [route for route in routes() if route.view is not None and route.methods]


def assert_in_no_frame(route: Route, answer: Answer) -> None:
    """Check that no other site may show an answer in a frame, but those that the site names."""
    policy = answer.headers["Content-Security-Policy"]
    if route.pattern == "embed/<slug:slug>/":
        assert f"frame-ancestors {FRAMES};" in f"{policy};"
        return
    if route.pattern.endswith("questions/preview/<slug:view>/") and answer.status == 200:
        # A frame of the page of a question, and of no other site.
        assert "frame-ancestors 'self'" in policy
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
        return
    assert "frame-ancestors 'none'" in policy, route.pattern
    assert answer.headers["X-Frame-Options"] == "DENY", route.pattern
    assert answer.headers["X-Content-Type-Options"] == "nosniff", route.pattern
    assert answer.headers["Referrer-Policy"] == "same-origin", route.pattern
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", route.pattern
    assert "Access-Control-Allow-Origin" not in answer.headers, route.pattern
    assert "unsafe" not in policy


def sampled(every: list[Route], number: int) -> list[Route]:
    """Return the addresses, of the pages that the admin makes for each model only some.

    These have the same code for all models, and six for each. So every seventh is a page of each
    kind, and other numbers give those of other models.
    """
    made = [one for one in every if re.match(r"admin/\w+/\w+/", one.pattern)]
    assert len(made) > 100
    return [one for one in every if one not in made] + made[number % 7 :: 7]


def takes_token(route: Route) -> bool:
    """Return whether the answer may be another with a token; see `test_answers`."""
    return route.view is not None or "/pictures/" in route.pattern


def values(cast: Cast, **more: Any) -> dict[str, Any]:
    """Return values for the placeholders in addresses: things of the course."""
    return {
        "slug": cast.course.slug,
        "room": cast.room,
        "username": cast.ada.name,
        "question": "force",
        "seq": 1,
        "group": 1,
        "enrollment": 1,
        "round": 1,
        "rule": 1,
        "pk": 1,
        "release": 1,
        "block": 1,
        "report": 1,
        "object_id": 1,
        "content_type_id": 1,
        "id": cast.ada.user.pk,
        "app_label": "peerchat_rooms",
        "url": "nothing/",
        "language": "de",
        "version": "0" * 12,
        "secret": "nonce.signature",
        "key": "0" * 32,
        "code": "ABCDEF",
        "view": "phone",
        "uidb64": "MQ",
        "token": "t" * 39,
        **more,
    }


def fingerprint(cast: Cast) -> dict[str, list[str]]:
    """Return all rows of the people and of the two courses, without what changes by itself."""
    both = (cast.course, cast.other_course)
    statement, given = _all_rows(
        tuple(course.pk for course in both),
        tuple(course.slug for course in both),
        tuple(cast.person(name).user.pk for name in EVERYBODY),
    )
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        for model, row in cursor.fetchall():
            found.setdefault(model, []).append(row)
    return {model: sorted(rows) for model, rows in found.items()}


@lru_cache(maxsize=1)
def _all_rows(
    courses: tuple[int, ...], slugs: tuple[str, ...], people: tuple[int, ...]
) -> tuple[str, list[Any]]:
    """Return one statement, with its parameters, for rows of (model, row as a text).

    Sixty statements take more time than the requests between two looks.
    """
    mine: dict[Any, dict[str, Any]] = {
        Course: {"slug__in": slugs},
        Enrollment: {"course__in": courses},
        Room: {"course__in": courses},
        Membership: {"room__course__in": courses},
        Message: {"room__course__in": courses},
        Flag: {"message__room__course__in": courses},
        Mention: {"message__room__course__in": courses},
        Question: {"course__in": courses},
        QuestionFile: {"course__in": courses},
        Picture: {"course__in": courses},
        Choice: {"question__course__in": courses},
        RightAnswer: {"version__question__course__in": courses},
        QuestionVersion: {"question__course__in": courses},
        FormerSlug: {"course__in": courses},
        ClassSettings: {"course__in": courses},
        PairingRule: {"course__in": courses},
        PairingMember: {"rule__course__in": courses},
        JoinCode: {"course__in": courses},
        Screen: {"course__in": courses},
        TryOut: {"of__in": courses},
        TryOutStudent: {"try_out__of__in": courses},
        KnownAddress: {"course__in": courses},
        Exclusion: {"course__in": courses},
        Guest: {"user__peerchat_enrollments__course__in": courses},
        RosterEntry: {"course__in": courses},
        Invitation: {"course__in": courses},
        ClassSession: {"course__in": courses},
        Round: {"session__course__in": courses},
        Vote: {"round__session__course__in": courses},
        Draft: {"round__session__course__in": courses},
        Conviction: {"round__session__course__in": courses},
        ShownArgument: {"round__session__course__in": courses},
        FormerGroup: {"round__session__course__in": courses},
        PartnerGroup: {"round__session__course__in": courses},
        Partner: {"round__session__course__in": courses},
        Pseudonym: {"session__course__in": courses},
        MarkRules: {"course__in": courses},
        Release: {"course__in": courses},
        Seed: {"release__course__in": courses},
        Take: {"release__course__in": courses},
        ShownReason: {"take__release__course__in": courses},
        NightPair: {"room__course__in": courses},
        Reminder: {"release__course__in": courses},
        Retention: {"course__in": courses},
        Deletion: {"course__in": courses},
        Consent: {"course__in": courses},
        StandIn: {"course__in": courses},
        Report: {"course__in": courses},
        Block: {"course__in": courses},
        Bookmark: {"question__course__in": courses},
        UseLog: {"course_id__in": slugs},
        User: {"pk__in": people},
        Token: {"user__in": people},
    }
    # The audit grows with each page that somebody is shown.
    by_themselves = {AuditEntry, Connection, Worker, UsedLink, FailedLogin, WrongCodes}
    ours = {
        model
        for label in ("peerchat_accounts", "peerchat_rooms")
        for model in apps.get_app_config(label).get_models()
    }
    assert ours == {*mine, *by_themselves}, "a new model needs a place here"
    # Every request changes the time at which a user was last seen, and the workers those of
    # a try-out. The first export of a course makes its key.
    changing = ("last_used_at", "last_login", "host", "held_until", "export_key")
    statements: list[str] = []
    given: list[Any] = []
    for model, where in mine.items():
        names = [one.attname for one in model._meta.concrete_fields if one.attname not in changing]
        rows = model.objects.filter(**where).order_by().values_list(*names)
        statement, parameters = rows.query.sql_with_params()
        statements.append(f"SELECT '{model.__name__}', one::text FROM ({statement}) AS one")
        given += parameters
    return " UNION ALL ".join(statements), given


EVERYBODY = ("ada", "bea", "carl", "tess", "ines", "ivan", "zoe")
