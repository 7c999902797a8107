"""Contents of questions, as random as they may be, for all formats that are written and read."""

from dataclasses import replace

from hypothesis import strategies as st

from rooms.formats import EmbeddedPicture, Exported
from rooms.peer.content import LETTERS, ChoiceContent, Kind, QuestionContent

# What the formats give a meaning to comes up far too seldom by chance.
_PIECES = st.sampled_from(
    [
        *("{", "}", "~", "=", "#", "####", ":", "::", "\\", "\\\\", "\\n", "%50%", "%-100%", "//"),
        *("[html]", "[markdown]", "$CATEGORY: x", "\n", "\n\n", "->", "T", "TRUE", "$x^2$", "\\nu"),
        *("<b>", "</p>", "&amp;", "'", '"', "- ", "? ", "null", "~", "yes", "1", "|", "&x", "*x"),
        *("A) ", "ANSWER: A", "ä", "שלום", "🎓", "```\ncode\n```", " ", "\t", "]]>", "{#", "@@"),
    ]
)
_ANY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
texts = st.lists(st.one_of(_PIECES, _ANY), max_size=8).map("".join)
"""Texts with anything in them but NUL."""


def _line(text: str) -> str:
    return " ".join(text.split())


def _block(text: str) -> str:
    return "\n".join(text.splitlines()).strip()


lines = texts.map(_line)
"""Texts on one line without blanks around them, as titles, tags and short answers are."""
blocks = texts.map(_block)
"""Texts of several lines without blanks around them, as editors leave them."""
_numbers = st.floats(allow_nan=False, allow_infinity=False, width=32).map(float)


@st.composite
def contents(draw, text=blocks, line=lines):
    """Draw a content that a class can be asked, or nearly."""
    kind = draw(st.sampled_from(Kind))
    choices = ()
    if kind.has_choices:
        count = draw(st.integers(2, 6))
        right = _right(draw, kind, count)
        choices = tuple(
            # The letter keeps them apart.
            ChoiceContent(f"{draw(text)}{LETTERS[n]}", n in right, draw(text))
            for n in range(count)
        )
    is_number = kind == Kind.NUMBER
    number = draw(st.none() | _numbers) if is_number else None
    return QuestionContent(
        kind=kind,
        title=draw(line),
        prompt=draw(text),
        choices=choices,
        number=number,
        tolerance=abs(draw(_numbers)) if number is not None else 0.0,
        unit=draw(line)[:20].strip() if is_number else "",
        accepted=tuple(draw(_several(line))) if kind == Kind.TEXT else (),
        explanation=draw(text),
        follow_up=draw(text),
        tags=tuple(draw(_several(line.map(lambda tag: " ".join(tag[:40].split()))))),
    )


def _several(line):
    return st.lists(line.filter(bool), max_size=4, unique=True)


def _right(draw, kind, count):
    if kind == Kind.POLL:
        return set()
    if kind == Kind.SINGLE:
        return {draw(st.integers(0, count - 1))}
    return draw(st.sets(st.integers(0, count - 1), min_size=1))


@st.composite
def exported(draw, text=blocks, line=lines):
    """Draw a question, perhaps with a picture, perhaps a draft."""
    content = draw(contents(text=text, line=line))
    pictures = ()
    if draw(st.booleans()):
        pictures = (EmbeddedPicture("dot-1.png", b"\x89PNG" + draw(st.binary(max_size=90))),)
        prompt = f"{content.prompt}\n\n![A dot](file:dot-1.png)".strip()
        content = replace(content, prompt=prompt)
    return Exported(content=content, is_draft=draw(st.booleans()), pictures=pictures)
