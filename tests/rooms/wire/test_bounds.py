"""Bounds on all input: each text, list and dict of each command and body has one."""

import json
from collections.abc import Iterator

import msgspec.inspect as inspect
import pytest
from msgspec import Raw

from rooms.api import bodies
from rooms.wire import parser
from rooms.wire.commands import CHAT_COMMANDS, DASHBOARD_COMMANDS
from rooms.wire.errors import InvalidMessageFormat
from rooms.wire.fields import DATA_DEPTH

# Fields that only the size of the frame or body bounds; other code then checks them.
ELSEWHERE = {
    "text",  # text.clean_text
    "message",  # the same
    "rationale",  # text.clean_rationale
    "seat",  # text.clean_optional
    "prompt",  # text.clean_optional
    "choices[]",  # the same
    "topic",  # topics.check_name, topics.check_pattern
    "data",  # parser.check_depth
}
COMMANDS = [*CHAT_COMMANDS, *DASHBOARD_COMMANDS]
BODIES = [
    kind
    for kind in vars(bodies).values()
    if isinstance(kind, type) and issubclass(kind, bodies.Strict) and kind is not bodies.Strict
]


def unbounded(kind: inspect.Type, path: str) -> Iterator[str]:
    """Return the parts of a type that take values of any size."""
    match kind:
        case inspect.StrType(max_length=None) | inspect.RawType() | inspect.AnyType():
            yield path
        case inspect.IntType(le=None, lt=None) | inspect.IntType(ge=None, gt=None):
            yield path
        case inspect.ListType() | inspect.CollectionType():
            if kind.max_length is None:
                yield path
            yield from unbounded(kind.item_type, f"{path}[]")
        case inspect.DictType():
            if kind.max_length is None:
                yield path
            yield from unbounded(kind.key_type, f"{path}[key]")
            yield from unbounded(kind.value_type, f"{path}[]")
        case inspect.UnionType():
            for part in kind.types:
                yield from unbounded(part, path)
        case inspect.StructType():
            for field in kind.fields:
                yield from unbounded(field.type, f"{path}.{field.name}")


@pytest.mark.parametrize("kind", [*COMMANDS, *BODIES], ids=lambda kind: kind.__name__)
def test_everything_that_comes_in_has_a_bound(kind):
    found = {
        path.removeprefix(f"{kind.__name__}.")
        for path in unbounded(inspect.type_info(kind), kind.__name__)
    }
    assert found - ELSEWHERE == set()


def nested(depth: int, inner: str = "1") -> str:
    return (
        "[" * (depth // 2)
        + '{"a":' * (depth - depth // 2)
        + inner
        + "}" * (depth - depth // 2)
        + "]" * (depth // 2)
    )


@pytest.mark.parametrize(
    "data",
    [
        "1",
        '"[[["',
        nested(DATA_DEPTH),
        json.dumps([[number] for number in range(5000)]),
        json.dumps("[" * 1000),
        json.dumps(['\\"[', '"' * 5, "[{" * 500]),
        json.dumps({"[" * 300: "]"}),
    ],
)
def test_what_is_nested_a_little_passes(data):
    parser.check_depth(Raw(data.encode()))


@pytest.mark.parametrize(
    "data",
    [
        nested(DATA_DEPTH + 1),
        json.dumps([1, {"a": json.loads(nested(DATA_DEPTH))}, "]" * 500]),
    ],
)
def test_what_is_nested_deeply_does_not(data):
    with pytest.raises(InvalidMessageFormat, match="100 levels"):
        parser.check_depth(Raw(data.encode()))


@pytest.mark.parametrize("action", ["publish", "send_to"])
@pytest.mark.parametrize("depth", [101, 900, 5000, 15_000])
async def test_nobody_gets_what_their_parser_may_give_up_on(cast, action, depth):
    ada, bea = await cast.chat(cast.ada, cast.bea)
    topic = f"{cast.course.slug}/t"
    await bea.ask("subscribe", topic=topic)
    to = {"topic": topic} if action == "publish" else {"conn_id": "x"}
    head = json.dumps({"uuid": "deep", "action": action, **to}).removesuffix("}")
    await ada.send(f'{head}, "data": {nested(depth)}}}')
    frame = await ada.take(lambda one: one.get("status") == "error", "a refusal")
    assert frame["error_code"] in ("invalid_message_format", "invalid_json")
    await ada.ask("publish", topic=topic, data=json.loads(nested(100)))
    assert (await bea.event("topic_message"))["data"] == json.loads(nested(100))
    assert bea.unread() == []
