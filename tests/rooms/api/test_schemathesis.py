"""Schemathesis tries the whole OpenAPI document out on a running site.

It makes requests that fit the document and requests that do not: every answer must be documented
and of its schema, nothing may be a server error, and what does not fit must be refused.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rooms.models import Message, Room
from tests.pace import patient
from tests.rooms.api.wire import Wire
from tests.rooms.cast import Hall, store
from tests.running import Site, environment

SECONDS = 120 if "FUZZ_CASES" in os.environ else 4
"""Seconds of each run; more in `make faults`."""
RUNS = 5
"""The most runs until a message was posted."""
LIMIT = (RUNS + 1) * (SECONDS + 30)
"""Seconds of a test."""
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "ignored_auth",
)


@pytest.fixture(scope="module")
def hall(django_db_setup, tmp_path_factory):
    """A site that lets one user do as much as Schemathesis wants, in place of the shared one."""
    names = ("MESSAGE", "VOTE", "SEARCH", "SUBSCRIBE", "LOGIN_ADDRESS", "TOKEN")
    limits = {f"{name}_{of}": "1000000" for name in names for of in ("RATE", "BURST")}
    limits |= dict.fromkeys(("LOGIN_FAILURES", "LOGIN_FAILURES_ANYWHERE"), "1000000")
    limits |= {"TRY_OUT_STUDENTS": "2", "TRY_OUT_MINUTES": "0.1"}
    with Site(tmp_path_factory.mktemp("fast"), workers=2, env=environment(**limits)) as site:
        yield Hall(site)


@pytest.fixture
def fast_site(hall):
    return hall.site


@pytest.fixture
async def document(cast, tmp_path):
    """The OpenAPI document of the site, narrowed down to what is there in many cases."""
    document = (await Wire(cast.hall).get("schema/")).body
    room = cast.open_room(cast.ada, cast.ines)
    for one in (cast.room, room):
        store(one, cast.bea, "first")
    courses, rooms = [cast.course.slug], [cast.room, str(room.id)]
    people = [cast.bea.name, cast.carl.name]
    narrow = {
        "slug": courses,
        "course": courses,
        "course_name": courses,
        "room": rooms,
        "username": people,
        "to": people,
        "question": ["force", "work"],
        "div_id": ["force", ""],
    }
    bounds = {
        "reply_to": [None],
        # A message is there, so no request waits; one for a new room does not wait for long.
        "after": [0],
        "wait": [0, 0.5],
    }

    def likely(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema of values that are there, and now and then of others that may be."""
        if name in bounds:
            return {"enum": bounds[name]}
        # A name that is not there now may come to be there: courses and questions are renamed.
        return {"anyOf": [{"enum": narrow[name]}, {"enum": narrow[name][:1]}, schema]}

    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in narrow | bounds:
                    parameter["schema"] = likely(parameter["name"], parameter["schema"])
    for name, schema in document["components"]["schemas"].items():
        # Only schemas of requests forbid unknown fields; those of answers stay as they are.
        if schema.get("additionalProperties") is False and name != "Credentials":
            for field in schema["properties"].keys() & (narrow | bounds).keys():
                schema["properties"][field] = likely(field, schema["properties"][field])
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    return path


def run(document: Path, site: Site, token: str | None, *options: str) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", str(document)),
            *("--url", site.origin),
            *(("--header", f"Authorization: Bearer {token}") if token else ()),
            *("--checks", ",".join(CHECKS)),
            *("--max-time", str(SECONDS)),
            *("--request-timeout", "20"),
            *("--continue-on-failure", "--no-color"),
            *options,
        ],
        cwd=document.parent,
        timeout=patient(SECONDS + 60),
        capture_output=True,
        text=True,
        check=False,
    )
    # What is sent may be very long.
    told = "\n".join(line[:500] for line in (done.stdout + done.stderr).splitlines())
    assert done.returncode == 0, told


@pytest.mark.long
@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize("who", ["ada", "ines"])
async def test_the_whole_api(cast, fast_site, document, who):
    person = cast.person(who)
    run(document, fast_site, person.token, "--exclude-path", "/api/tokens/current/")
    for _ in range(RUNS):
        # A slow machine may not have posted a message in so little time.
        if Message.objects.filter(sender=person.user).exists():
            break
        run(document, fast_site, person.token, "--include-path", "/api/rooms/{room}/messages/")
    assert "Traceback" not in fast_site.log.read_text()
    assert Message.objects.filter(sender=person.user).exists()
    for room in Room.objects.filter(course=cast.course):
        seqs = list(room.messages.values_list("seq", flat=True))
        assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.timeout(LIMIT)
async def test_revoking(cast, fast_site, document):
    run(document, fast_site, cast.bea.token, "--include-path", "/api/tokens/current/")


@pytest.mark.timeout(LIMIT)
@pytest.mark.long
async def test_without_a_token(cast, fast_site, document):
    run(document, fast_site, None)
    assert "Traceback" not in fast_site.log.read_text()
    # Only the message from before is there.
    assert Message.objects.filter(room=cast.room).count() == 1
