"""Types of the fields of frames, and their bounds."""

from typing import Annotated

from msgspec import Meta

TEXT_LIMIT = 4000
"""Characters in a message, after trimming."""
RATIONALE_LIMIT = 1000
"""Characters in the rationale of a vote, after trimming."""
RESUME_LIMIT = 500
"""Missed messages that `resume` sends of one room. If more are missing, it resets the room."""
PAGE_LIMIT = 100
"""Messages in one page of history."""
DEFAULT_PAGE = 20
"""Messages in a page if the client names no limit."""
SEND_TO_LIMIT = 100
"""Sockets that one `send_to` may name."""
DATA_DEPTH = 100
"""Nesting depth of arrays and objects in the data that clients send to each other."""
ANSWER_LIMIT = 200
"""Characters in an answer."""
CHOICE_LIMIT = 500
"""Characters in the text of a choice."""
MOST_CHOICES = 26
"""Choices of a question, one for each letter."""
MOST_RIGHT = 50
"""Right answers to a question that asks for a short text."""
SECONDS_LIMIT = 3600
"""The longest time limit of a vote, in seconds."""

# PostgreSQL stores no U+0000; a lone surrogate cannot be encoded at all and is refused by msgspec.
_NO_NUL = r"^[^\x00]*\Z"

Uuid = Annotated[str, Meta(min_length=1, max_length=64, pattern=_NO_NUL)]
RoomId = Annotated[str, Meta(max_length=36)]
Slug = Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[-a-zA-Z0-9_]+\Z")]
Username = Annotated[str, Meta(min_length=1, max_length=254, pattern=_NO_NUL)]
ArgumentId = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[0-9a-f]+\Z")]
ConnectionId = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(pattern=_NO_NUL)]
# 2**53 - 1, the largest integer that every JSON client represents exactly. The database's integers
# are larger.
Seq = Annotated[int, Meta(ge=0, le=9007199254740991)]
Page = Annotated[int, Meta(ge=1, le=PAGE_LIMIT)]
Answer = Annotated[str, Meta(max_length=ANSWER_LIMIT)]
"""A letter, several letters, a number or a short text, whatever the question asks for."""
Seconds = Annotated[float, Meta(ge=1, le=SECONDS_LIMIT)]
Epoch = Seq | None
Letter = Annotated[str, Meta(max_length=1, pattern=r"^[A-Z]\Z")]
GroupNumber = Annotated[int, Meta(ge=1, le=100_000)]
RoundNumber = Annotated[int, Meta(ge=1, le=2)]
Moment = Annotated[float, Meta(ge=0, le=1e11)]
"""A time in seconds since the epoch."""
