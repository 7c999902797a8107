"""The frames to send: some made from the types of the commands, some from malice alone.

A frame is made of JSON texts, so that it can hold what no encoder writes. Placeholders such as
`<room 1>` stand for values of a real site; see `World.fill`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec.inspect as types
from hypothesis import strategies as st

from rooms.wire.commands import (
    CHAT_COMMANDS,
    DASHBOARD_COMMANDS,
    Command,
    SayConvinced,
    SetCorrect,
)

Json = st.SearchStrategy[str]
"""Strategies of JSON texts."""

CHAT, DASHBOARD = CHAT_COMMANDS, DASHBOARD_COMMANDS

ODD = (
    "\u202e\u202d\u2066\u2069\u200b\u200f\ufeff\u2028\u2029"  # direction, width, ends of lines
    "\x01\x07\x08\x0b\x1b\x7f\x85\xa0"  # control characters
    "<script>&\"'`\\/%$#+{}[]"
    "e\u0301\ufb01\xdf\u0130\u0131\u212b"  # what changes when it is folded or normalised
    "👋👩\u200d👩\u200d👧\U0010ffff\ue000\uffff"
)


def text(*, nul: bool = True, least: int = 0, most: int | None = None) -> st.SearchStrategy[str]:
    """Texts that can be encoded, of ordinary and of odd characters."""
    banned = [] if nul else ["\x00"]
    characters = st.characters(codec="utf-8", exclude_characters=banned) | st.sampled_from(ODD)
    most = 40 if most is None else most
    return st.text(characters, min_size=least, max_size=min(most, max(40, least)))


def _array(items: Iterable[str]) -> str:
    return f"[{','.join(items)}]"


def _object(pairs: Iterable[tuple[str, str]] | Mapping[str, str]) -> str:
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return "{" + ",".join(f"{name}:{value}" for name, value in items) + "}"


ANY_JSON: Json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text(most=8), inner, max_size=3),
    max_leaves=5,
).map(json.dumps)

NASTY = st.sampled_from(
    [
        *("null", "true", "false", "0", "-1", "1.5", "-0.0", "1e308", "1e999", "-1e999"),
        *("NaN", "Infinity", "-Infinity", "00", "0x10", "1_000", "٣", "+1", ".5", "1."),
        *(str(2**31), str(2**53), str(2**63), str(2**64), str(-(2**63) - 1), "9" * 400, "9" * 5000),
        *(
            '""',
            '" "',
            r'"\u0000"',
            r'"a\u0000b"',
            '"\x00"',
            '"\n"',
            r'"\ud800"',
            r'"\udfff\ud800"',
        ),
        *(r'"\ud83d\ude00"', r'"\u202e\u0007"', r'"\q"', r'"\u12"', "'a'", '"' + "a" * 65 + '"'),
        *('"' + "a" * 5000 + '"', '"' + "👋" * 4001 + '"', '"' + r"\u0301" * 4000 + '"'),
        *("[]", "{}", "[null]", "[[[[]]]]", "[" * 100 + "]" * 100, "[" * 5000 + "]" * 5000),
        *('{"a":' * 1000 + "1" + "}" * 1000, "[" * 20_000, "[" + "0," * 20_000 + "0]"),
        *('{"uuid":"u","action":"ping"}', '{"__proto__":{"admin":true}}', '{"":{"":""}}'),
        *("", ",", ":", "}", "]", "/* */ 1", "undefined", "1 2", '"a" "b"'),
    ]
)
"""Values, most of them wrong for any field, some no JSON at all."""


@dataclass
class World:
    """The values of a site for the placeholders, written as within a JSON string."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def fill(self, frame: str) -> str:
        """The frame, with what its placeholders stand for."""
        for name, values in self.values.items():
            if f"<{name} " in frame:
                for number in range(PLACES):
                    value = values[number % len(values)] if values else "none"
                    frame = frame.replace(f"<{name} {number}>", value)
        return frame


PLACES = 8
"""The number of each placeholder; the values repeat if the site has fewer."""


def place(name: str) -> Json:
    return st.sampled_from([f'"<{name} {number}>"' for number in range(PLACES)])


def quoted(strategy: st.SearchStrategy[str]) -> Json:
    return st.builds(
        lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only),
        strategy,
        st.booleans(),
    )


TOPICS = quoted(
    st.builds(
        lambda course, levels: "/".join([f"<course {course}>", *levels]),
        st.integers(0, PLACES - 1),
        st.lists(
            st.sampled_from(["a", "b", "+", "#", "", "$sys", "a+"]) | text(most=5), max_size=4
        ),
    )
)

# Usual values of fields by name; a field of another name is made from its type alone.
KNOWN: dict[str, Json] = {
    "text": quoted(text(nul=False, least=1)) | place("text"),
    "room": place("room"),
    "rooms": st.dictionaries(place("room"), st.integers(0, 60).map(str), max_size=4).map(_object),
    "reply_to": place("message") | st.just("null"),
    "to": place("user"),
    "username": place("user"),
    "course": place("course"),
    "question": place("question"),
    "choice": st.sampled_from(['"A"', '"B"', '"C"', '"D"', '"Z"', '""']),
    "token": place("token"),
    "topic": TOPICS,
    "conn_id": place("socket") | st.lists(place("socket"), max_size=3).map(_array),
    "epoch": st.just("null") | st.sampled_from(["0", "1", "2", "7"]),
    "before": st.integers(0, 60).map(str),
    "seq": st.integers(0, 60).map(str),
    "seconds": st.sampled_from(["1", "1.5", "2", "60", "3600"]),
    "group": st.integers(1, 4).map(str),
    "groups": st.sampled_from(["[1,2]", "[2,1]", "[1,3]", "[3,2]"]),
    "message": place("message"),
}


def of_type(kind: types.Type) -> Json:
    """Values that fit a type of msgspec."""
    match kind:
        case types.StrType(pattern=None, min_length=least, max_length=most):
            return quoted(text(least=least or 0, most=most))
        case types.StrType(pattern=pattern, min_length=least, max_length=most):
            assert pattern is not None
            fitting = st.from_regex(pattern, alphabet=st.characters(codec="utf-8"))
            low, high = least or 0, most or 10**6
            return quoted(fitting.filter(lambda value: low <= len(value) <= high))
        case types.IntType(ge=least, le=most):
            return st.integers(least, most).map(str)
        case types.FloatType(ge=least, le=most):
            return st.floats(least, most, allow_nan=False, allow_infinity=False).map(repr)
        case types.BoolType():
            return st.sampled_from(["true", "false"])
        case types.NoneType():
            return st.just("null")
        case types.LiteralType(values=values):
            return st.sampled_from([json.dumps(value) for value in values])
        case types.RawType() | types.AnyType():
            return ANY_JSON
        case types.UnionType(types=several):
            return st.one_of(*map(of_type, several))
        case types.ListType(item_type=item):
            return st.lists(of_type(item), max_size=3).map(_array)
        case types.DictType(key_type=key, value_type=value):
            return st.dictionaries(of_type(key), of_type(value), max_size=3).map(_object)
    raise NotImplementedError(f"a field of a new kind, {kind}: say here how to make one")


Pairs = list[tuple[str, str]]
"""The fields of an object, in their order: JSON texts of name and value."""


@dataclass(frozen=True)
class Case:
    """A frame, and what is known of its answer."""

    frame: str
    uuid: str | None = None
    """The uuid that the reply may carry."""
    action: str | None = None
    """The action that the reply must carry, and `uuid` with it; None where the frame may be too
    broken to tell."""
    refused: bool = False
    """True if success would be wrong."""


def _fields(kind: type[Command]) -> list[types.Field]:
    info = types.type_info(kind)
    assert isinstance(info, types.StructType)
    return [one for one in info.fields if one.name != "uuid"]


@st.composite
def _pairs(draw: st.DrawFn, kind: type[Command]) -> Pairs:
    """The fields of a valid command, without `uuid` and `action`."""
    pairs = []
    for one in _fields(kind):
        if one.required or draw(st.booleans()):
            by_type = of_type(one.type)
            known = KNOWN.get(one.name)
            # One in eight is made from its type alone: it is valid, but seldom exists on the site.
            by_name = known is not None and draw(st.integers(0, 7)) > 0
            value = draw(known if by_name and known is not None else by_type)
            pairs.append((json.dumps(one.encode_name), value))
    return _fitting(kind, pairs)


def _fitting(kind: type[Command], pairs: Pairs) -> Pairs:
    """Leave out fields that do not go with others, and add the one that is missing."""
    given = dict(pairs)
    if kind is SayConvinced:
        for name, by in (('"message"', '"message"'), ('"username"', '"reason"')):
            if given['"by"'] != by:
                given.pop(name, None)
    elif kind is SetCorrect:
        if '"choice"' not in given:
            given.setdefault('"choices"', '["A"]')
        else:
            given.pop('"choices"', None)
    return list(given.items())


UUID = '"uuid"'
ACTION = '"action"'


@st.composite
def _named(draw: st.DrawFn, kinds: tuple[type[Command], ...]) -> tuple[type[Command], str, Pairs]:
    """A valid command: its type, its uuid, its fields in any order."""
    kind = draw(st.sampled_from(kinds))
    # The sender replaces `<uuid>`, which makes it unique.
    uuid = "<uuid>" + draw(text(nul=False, most=20))
    pairs = draw(_pairs(kind))
    tag = str(kind.__struct_config__.tag)
    named = [(UUID, json.dumps(uuid)), (ACTION, json.dumps(tag)), *pairs]
    return kind, uuid, draw(st.permutations(named)) if draw(st.booleans()) else named


@st.composite
def valid(draw: st.DrawFn, kinds: tuple[type[Command], ...]) -> Case:
    """A command as the types have it."""
    kind, uuid, pairs = draw(_named(kinds))
    return Case(_object(pairs), uuid, str(kind.__struct_config__.tag))


@st.composite
def nearly_valid(draw: st.DrawFn, kinds: tuple[type[Command], ...]) -> Case:
    """A command with one thing wrong, or odd."""
    kind, uuid, pairs = draw(_named(kinds))
    action = str(kind.__struct_config__.tag)
    pairs = list(pairs)
    what = draw(
        st.sampled_from(["value", "value", "missing", "extra", "twice", "action", "uuid", "name"])
    )
    own = [index for index, (name, _) in enumerate(pairs) if name not in {UUID, ACTION}]
    if what in {"value", "missing", "twice", "name"} and not own:
        what = "extra"
    index = draw(st.sampled_from(own)) if own else 0
    nasty = NASTY | ANY_JSON
    if what == "extra":
        name = draw(st.sampled_from(["from", "user", "seq", "kind", "timestamp", "role", "id"]))
        taken = {one.encode_name for one in _fields(kind)}
        pairs.insert(draw(st.integers(0, len(pairs))), (json.dumps(name), draw(ANY_JSON)))
        return Case(_object(pairs), uuid, action, refused=name not in taken)
    if what == "missing":
        name, _ = pairs.pop(index)
        required = {json.dumps(one.encode_name) for one in _fields(kind) if one.required}
        return Case(_object(pairs), uuid, action, refused=name in required)
    if what == "value":
        pairs[index] = (pairs[index][0], draw(nasty))
    elif what == "twice":
        pairs.insert(draw(st.integers(0, len(pairs))), (pairs[index][0], draw(nasty)))
    elif what == "name":
        pairs[index] = (draw(quoted(text(most=70)) | NASTY), pairs[index][1])
    elif what == "action":
        pairs = [(a, draw(quoted(text()) | NASTY) if a == ACTION else b) for a, b in pairs]
    else:
        pairs = [(a, draw(quoted(text(most=70)) | NASTY) if a == UUID else b) for a, b in pairs]
    return Case(_object(pairs), None if what == "uuid" else uuid)


@st.composite
def broken(draw: st.DrawFn, kinds: tuple[type[Command], ...]) -> Case:
    """A command whose text was damaged, or something else altogether."""
    _, uuid, pairs = draw(_named(kinds))
    frame = _object(pairs)
    at = draw(st.integers(0, len(frame)))
    end = draw(st.integers(at, min(at + 20, len(frame))))
    what = draw(
        st.sampled_from(["cut", "without", "with", "changed", "wrapped", "other", "padded"])
    )
    match what:
        case "cut":
            frame = frame[:at]
        case "without":
            frame = frame[:at] + frame[end:]
        case "with":
            frame = frame[:at] + draw(NASTY | text()) + frame[at:]
        case "changed":
            frame = frame[:at] + draw(text(most=5)) + frame[end:]
        case "wrapped":
            before, after = draw(st.sampled_from(["[]", ('{"a":', "}"), ("\ufeff", ""), ("", ",")]))
            frame = before + frame + after
        case "padded":
            padding = draw(st.sampled_from([" ", "\n", "\t", "\x00"]))
            frame = frame + padding * draw(st.integers(0, 30_000))
        case _:
            frame = draw(NASTY | ANY_JSON | text())
    return Case(frame, uuid)


def cases(kinds: tuple[type[Command], ...]) -> st.SearchStrategy[Case]:
    """Of six frames two are nearly valid or broken."""
    return st.one_of(*[valid(kinds)] * 4, nearly_valid(kinds), broken(kinds))
