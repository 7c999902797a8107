"""Pictures that the texts of a question cite: `![alternative text](picture:KEY)`, and in files
`![alternative text](file:NAME)`. Pure, without Django."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from rooms.peer.content import QuestionContent

FILE, PICTURE = "file:", "picture:"
_CITED = re.compile(r"(\]\([ \t]*<?)((?:file|picture):[A-Za-z0-9._-]+)(?=>?[ \t]*[)\"'])")


def cited(content: QuestionContent) -> set[str]:
    """Return what the texts of a content cite, each with its `file:` or `picture:`."""
    return {found[2] for text in _texts(content) for found in _CITED.finditer(text)}


def cite(content: QuestionContent, names: Mapping[str, str]) -> QuestionContent:
    """Return the content with other names for the pictures; those that `names` lacks stay."""

    def renamed(text: str) -> str:
        return _CITED.sub(lambda found: found[1] + names.get(found[2], found[2]), text)

    return _with_texts(content, renamed) if names else content


def _texts(content: QuestionContent) -> Iterator[str]:
    yield from (content.prompt, content.explanation, content.follow_up)
    for choice in content.choices:
        yield from (choice.text, choice.feedback)


def _with_texts(content: QuestionContent, change: Callable[[str], str]) -> QuestionContent:
    return replace(
        content,
        prompt=change(content.prompt),
        explanation=change(content.explanation),
        follow_up=change(content.follow_up),
        choices=tuple(
            replace(one, text=change(one.text), feedback=change(one.feedback))
            for one in content.choices
        ),
    )
