"""The documents of the interfaces, checked by their official schemas and against the site."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from django.urls import get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from openapi_spec_validator import OpenAPIV31SpecValidator

from rooms.api import asyncapi, docs
from rooms.api.schema import error_codes, reply_name
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS
from rooms.wire.events import Event
from rooms.wire.replies import REPLIES
from tests.rooms.api.wire import Wire

SCHEMA = json.loads((Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json").read_text())


@pytest.fixture
def openapi(api):
    status, document = api().get("schema/")
    assert status == 200
    return document


@pytest.fixture
def sockets(api):
    status, document = api().get("asyncapi.json")
    assert status == 200
    return document


# --- OpenAPI -------------------------------------------------------------------------------------


def test_openapi_is_valid(db, openapi):
    assert openapi["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(openapi).validate()


def test_drf_spectacular_has_nothing_to_complain_about(db):
    with GENERATOR_STATS.silence():
        docs._open_api.__wrapped__()
    assert not GENERATOR_STATS


def test_many_who_ask_at_once_get_the_same_document():
    """A worker that just started makes it once, as drf-spectacular fails in a second thread."""
    docs._open_api.cache_clear()
    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(lambda _: docs.open_api(), range(4))
    assert all(document is first for document in others)


def test_openapi_as_yaml_is_the_same(db, api, openapi):
    response = api().client.get("/api/schema/", headers={"Accept": "application/yaml"})
    assert yaml.safe_load(response.content) == openapi


def test_every_address_is_described(db, openapi):
    (pages,) = [
        one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "peerchat"
    ]
    (below,) = [one for one in pages.url_patterns if str(one.pattern) == "api/"]
    served = {
        "/api/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(one.pattern))
        for one in below.url_patterns
        if str(one.pattern) not in ("", "schema/", "docs/", "asyncapi.json")
    }
    assert set(openapi["paths"]) == served


def test_every_operation_says_what_it_may_refuse(db, openapi):
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert "503" in statuses, path
            if operation["operationId"] not in ("tokens_create", "screen_retrieve"):
                assert {"401", *(["403"] if method != "get" else [])} <= statuses, (method, path)
                assert {"token": []} in operation["security"]
            if "requestBody" in operation:
                assert {"400", "415"} <= statuses, (method, path)
            assert operation["summary"]


def test_error_codes_are_those_of_the_contract(openapi):
    codes = openapi["components"]["schemas"]["Error"]["properties"]["error_code"]["enum"]
    assert set(codes) == error_codes()
    assert {"invalid_json", "no_partner", "unavailable", "uuid_reused"} <= set(codes)


def test_patterns_are_read_alike_everywhere(db, openapi, sockets):
    assert r"\\Z" not in json.dumps([openapi, sockets])


def test_the_page(db, api, openapi):
    response = api().client.get("/api/docs/")
    assert response.status_code == 200
    page = response.content.decode()
    for path, operations in openapi["paths"].items():
        assert path in page
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page
    for name in openapi["components"]["schemas"]:
        assert f'id="type-{name}"' in page
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= set(re.findall(r'id="([^"]+)"', page))
    # The content policy would block these.
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)
    assert "script-src 'self'" in response["Content-Security-Policy"]


# --- AsyncAPI ------------------------------------------------------------------------------------


def test_asyncapi_is_valid(db, sockets):
    jsonschema.Draft7Validator(SCHEMA).validate(sockets)


def test_asyncapi_knows_this_site(db, sockets):
    assert sockets["servers"] == {"here": {"host": "testserver", "protocol": "ws"}}


def references(part):
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(part, list):
        for one in part:
            yield from references(one)


def test_everything_that_is_referred_to_is_there(db, sockets):
    for reference in set(references(sockets)):
        place = sockets
        for name in reference.removeprefix("#/").split("/"):
            assert name in place, reference
            place = place[name]


def test_every_command_and_event_is_described(db, sockets):
    commands = {*CHAT_COMMANDS, *DASHBOARD_COMMANDS}
    events = set(Event.__subclasses__())
    channels = (*asyncapi.COMMANDS, "feed")
    assert {kind for channel in channels for kind in asyncapi.events(channel)} == events
    for kind in commands | events:
        message = sockets["components"]["messages"][kind.__name__]
        assert message["name"] == kind.__struct_config__.tag
        schema = sockets["components"]["schemas"][kind.__name__]
        assert set(schema["properties"]) == {
            "action",
            *(f.encode_name for f in msgspec.structs.fields(kind)),
        }


@pytest.mark.parametrize(("channel", "commands"), asyncapi.COMMANDS.items())
def test_every_command_is_described_with_its_reply(db, sockets, channel, commands):
    for command in commands:
        operation = sockets["operations"][f"{channel}Receive{command.__name__}"]
        answers = [one["$ref"].rpartition("/")[2] for one in operation["reply"]["messages"]]
        kind = REPLIES.get(command)
        assert answers == [*([] if kind is None else [reply_name(kind)]), "Refusal"]
        if kind is None or issubclass(kind, Event):
            continue
        described = sockets["components"]["schemas"][reply_name(kind)]
        head, fields = ["uuid", "action", "status"], msgspec.structs.fields(kind)
        assert [*described["properties"]] == [*head, *(field.name for field in fields)]
        assert described["required"] == [*head, *(field.name for field in fields if field.required)]
        assert command.__struct_config__.tag in described["properties"]["action"]["enum"]


class Frames:
    """Checks frames by the document."""

    def __init__(self, document):
        self._document = document
        self._events = {
            kind.__struct_config__.tag: kind.__name__ for kind in Event.__subclasses__()
        }
        self._replies = {
            command.__struct_config__.tag: reply_name(kind) for command, kind in REPLIES.items()
        }
        # Each takes a while to make, as it looks through the whole document.
        self._validators = {}

    @property
    def seen(self):
        """The names of the schemas of all frames that were checked."""
        return set(self._validators)

    def _validator(self, name):
        """Return what checks a frame by the schema of this name."""
        if name not in self._validators:
            schema = {
                "$ref": f"#/components/schemas/{name}",
                "components": self._document["components"],
            }
            self._validators[name] = jsonschema.Draft202012Validator(schema)
        return self._validators[name]

    def check(self, raw):
        frame = json.loads(raw)
        if frame.get("status") == "error":
            name = "Refusal"
        elif "status" in frame:
            name = self._replies[frame["action"]]
        else:
            name = self._events[frame["action"]]
        self._validator(name).validate(frame)
        declared = self._document["components"]["schemas"][name]["properties"]
        assert frame.keys() <= declared.keys(), name


async def test_the_frames_of_a_class_are_as_described(cast):
    document = (await Wire(cast.hall).get("asyncapi.json")).body
    ada, bea = await cast.chat(cast.ada, cast.bea)
    dashboard = await cast.dashboard()
    course = cast.course.slug
    await dashboard.ask("start_question", question="force", seconds=600)
    await ada.ask("vote", course=course, choice="A")
    await bea.ask("vote", course=course, choice="B")
    await dashboard.ask("stop_vote")
    await dashboard.ask("make_partners")
    await dashboard.ask("enable_chat")
    room = (await ada.event("partners"))["room"]
    await ada.post("new_message", room=room, text="hello")
    await ada.post("typing", room=room)
    await ada.message("hello")
    await bea.event("typing")
    await bea.command("private_message", to=cast.ada.name, text="psst")
    await ada.message("psst")
    await dashboard.ask("announce", text="Listen")
    await dashboard.ask("start_revote")
    await ada.ask("vote", course=course, choice="B")
    await dashboard.ask("stop_vote")
    await dashboard.ask("reveal")
    await dashboard.ask("figures")
    await dashboard.ask("next_question")
    await bea.event("room_removed")
    await ada.ask("subscribe", topic=f"{course}/#")
    await bea.ask("publish", topic=f"{course}/x", data={"any": ["thing", None]})
    await ada.event("topic_message")
    await ada.fail("vote", course=course, choice="A")
    await ada.send("{")
    await ada.settled()
    await dashboard.event("figures")
    frames = Frames(document)
    for client in (ada, bea, dashboard):
        for raw in client.raw:
            frames.check(raw)
    assert frames.seen >= {
        "Welcome",
        "NewMessageEvent",
        "Refusal",
        "VotedReply",
        "MovedReply",
        "FiguresReply",
        "SubscribedReply",
        "SentReply",
        "ControlEvent",
        "PartnersEvent",
        "RoomAdded",
        "RoomRemoved",
        "TypingEvent",
        "TopicMessage",
        "FiguresEvent",
    }
