"""Rules for texts that people write: what shows, what reorders, and which names look alike.

All lengths are in code points, as `len` counts them.
"""

import re
import unicodedata

# Characters that show nothing although their category says otherwise: the combining grapheme
# joiner, fillers of Hangul, vowels of Khmer, the blank of Braille, and variation selectors.
_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
# Signs that stand before Arabic and other numbers, and show although they count as formats.
_SEEN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp", "Zs"))

# Embeddings and overrides, which end with PDF, and isolates, which end with PDI.
_EMBEDDING = frozenset("\u202a\u202b\u202d\u202e")
_ISOLATE = frozenset("\u2066\u2067\u2068")
_PDF, _PDI = "\u202c", "\u2069"
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# The characters that end a paragraph for the bidirectional algorithm.
_PARAGRAPH = re.compile("([\n\r\x1c-\x1e\x85\u2029])")
_BLANK_LINES = re.compile("\\A\\s*[\n\r\u2028\u2029]")


def shows(text: str) -> bool:
    """Return whether anything of a text can be seen."""
    return any(
        character not in _BLANK and unicodedata.category(character) not in _UNSEEN
        for character in text
    )


def seen(text: str) -> str:
    """Return a text without marks of direction, joiners, soft hyphens and others that do not show.

    Keyboards and word processors add them. White space and control characters stay.
    """
    return text if text.isascii() else "".join(filter(_is_seen, text))


def _is_seen(character: str) -> bool:
    if character in _BLANK:
        return False
    return unicodedata.category(character) != "Cf" or character in _SEEN


def trimmed(text: str) -> str:
    """Return a text without blank lines before it and white space after it.

    The first line keeps its indent, which means something in code.
    """
    return _BLANK_LINES.sub("", text.rstrip())


def balanced(text: str) -> str:
    """Return a text whose bidirectional controls act within each of its paragraphs alone.

    Ends of nothing are dropped, and what a paragraph leaves open is closed at its end.
    """
    if not _REORDERING.search(text):
        return text
    return "".join(map(_balanced, _PARAGRAPH.split(text)))


def _balanced(paragraph: str) -> str:
    kept: list[str] = []
    ends: list[str] = []
    for character in paragraph:
        if character in _EMBEDDING:
            ends.append(_PDF)
        elif character in _ISOLATE:
            ends.append(_PDI)
        elif character == _PDF:
            # An isolate hides the embeddings around it.
            if not ends or ends[-1] != _PDF:
                continue
            ends.pop()
        elif character == _PDI:
            if _PDI not in ends:
                continue
            # It also ends the embeddings within its isolate.
            while ends.pop() != _PDI:
                pass
        kept.append(character)
    return "".join([*kept, *reversed(ends)])


def plain_name(name: str) -> str:
    """Return a name on one line, without the controls that reorder what stands around it."""
    return " ".join(_REORDERING.sub("", name).split())


def has_controls(name: str) -> bool:
    """Return whether a name has controls that reorder what stands around it."""
    return _REORDERING.search(name) is not None


def name_key(name: str) -> str:
    """Return what all names that could be taken for this one have in common."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)
