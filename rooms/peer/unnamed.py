"""Texts in which codes stand for the people that they mention. Pure, no I/O."""

import re
from collections.abc import Callable

# A username after an @, which may be an address, or a pseudonym. It begins wherever an @ is, as a
# name too many that is replaced does less harm than one that stays.
_MENTION = re.compile(r"@(~?[\w.+-][\w.@+-]{0,253})")
_END = re.compile(r"[.@+-]")


def unnamed(text: str, code_of: Callable[[str], str | None]) -> str:
    """Return a text with the code of each person that it mentions as @username.

    `code_of` tells the code of a username, or None if nobody has it. A name may end before a full
    stop, a hyphen, an @ or a plus sign.
    """
    if "@" not in text:
        return text
    return _MENTION.sub(lambda found: "@" + _coded(found[1], code_of), text)


def _coded(name: str, code_of: Callable[[str], str | None]) -> str:
    ends = [len(name), *(found.start() for found in reversed(list(_END.finditer(name))))]
    for end in filter(None, ends):
        code = code_of(name[:end])
        if code is not None:
            return code + name[end:]
    return name
