"""Plans what a file of questions does to a course, question by question."""

import unicodedata
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from accounts.people import User
from rooms import flaws, formats_said
from rooms.conf import limits
from rooms.formats import EmbeddedPicture, FileRefused, Item, detect
from rooms.models import Course, Picture, Question, QuestionFile
from rooms.peer.citations import FILE, PICTURE, cite
from rooms.peer.cleaning import clean
from rooms.peer.content import STORABLE, Problem, QuestionContent, problems
from rooms.pictures import Drawn, Refusal, redraw_all
from rooms.pictures import digest as digest_of
from rooms.pictures import sentence as why_no_picture
from rooms.wire.errors import InvalidMessageFormat, Unavailable

LIFETIME = timedelta(days=1)
"""How long a file can be imported after its preview."""
MOST_PICTURES = 200
"""Pictures of a file, each of which is drawn anew."""
PLACEHOLDER = 32
"""Characters of the key of a picture that is not stored yet."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its format and questions, and its pictures by their digests."""

    format: str
    items: Sequence[Item]
    drawn: Mapping[str, Drawn | Refusal]


class Outcome(StrEnum):
    """Says what becomes of a question in a file."""

    NEW = "new"
    DRAFT = "draft"
    HERE = "here"
    REPEATED = "repeated"
    REFUSED = "refused"


@dataclass(slots=True)
class Planned:
    """A question of a file and what becomes of it.

    `number` is its place in the file, from 1. `content` is as it will be stored, except that
    pictures which the course does not have are cited by a part of their digest. `why` says why it
    is refused, or what a draft lacks.
    """

    number: int
    item: Item
    outcome: Outcome
    content: QuestionContent | None = None
    why: tuple[str, ...] = ()

    @property
    def line(self) -> int:
        """Return the line to look at, from 1, or 0 in files without lines."""
        refused = self.item.refused
        return (refused.line if refused and refused.line else self.item.line) or 0

    @property
    def is_new(self) -> bool:
        """Return whether the import would add it."""
        return self.outcome in (Outcome.NEW, Outcome.DRAFT)

    @property
    def sentence(self) -> str:
        """Return what happens, for people."""
        match self.outcome:
            case Outcome.NEW:
                return gettext("Is added.")
            case Outcome.DRAFT:
                return " ".join([gettext("Is added as a draft."), *self.why])
            case Outcome.HERE:
                return gettext("Is in the course already.")
        return " ".join(self.why)

    @property
    def notes(self) -> list[str]:
        """Return what the question loses on its way, in sentences."""
        return [formats_said.sentence(note) for note in self.item.notes]


@dataclass(slots=True)
class Plan:
    """Holds what a file would do: each of its questions, in the order of the file."""

    questions: list[Planned] = field(default_factory=list)

    def having(self, *outcomes: Outcome) -> list[Planned]:
        return [planned for planned in self.questions if planned.outcome in outcomes]

    @property
    def new(self) -> list[Planned]:
        """Return the questions that the import would add."""
        return [planned for planned in self.questions if planned.is_new]

    @property
    def refused(self) -> list[Planned]:
        return self.having(Outcome.REFUSED)

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of questions of each outcome."""
        return {outcome.value: len(self.having(outcome)) for outcome in Outcome}


def read(data: bytes, *, name: str = "", format: str = "") -> Source:  # noqa: A002
    """Return the questions of a file, with its pictures drawn anew.

    `format` is one of `detect.FORMATS`, or empty for one that is to be found out, also by the
    `name` of the file. Call it outside of transactions, as pictures take their time. Raises
    InvalidMessageFormat, with a sentence in the language of the page, for what cannot be read, and
    Unavailable if too many others send pictures.
    """
    most = limits["UPLOAD_BYTES"]
    if len(data) > most:
        told = gettext("The file is larger than %(size)s MB.")
        raise InvalidMessageFormat(told % {"size": f"{most / 1_000_000:g}"})
    try:
        read_as, found = detect.read_any(data, name=name, format=format or None)
    except FileRefused as refused:
        raise InvalidMessageFormat(formats_said.sentence(refused)) from None
    files = {digest_of(one.data): one.data for item in found for one in item.pictures}
    if len(files) > MOST_PICTURES:
        told = gettext("The file has %(count)s pictures. At most %(limit)s are possible at once.")
        raise InvalidMessageFormat(told % {"count": len(files), "limit": MOST_PICTURES})
    try:
        drawn = redraw_all(list(files.values()))
    except TimeoutError:
        raise Unavailable from None
    return Source(read_as, found, dict(zip(files, drawn, strict=True)))


def plan(course: Course, source: Source, chosen: Collection[int] | None = None) -> Plan:
    """Return what would happen to each question of a file, without doing it.

    `chosen` has the numbers of those that are looked at; without it all are. The course has a
    question already if one of its prepared questions asks the same, whatever its title and tags.
    The number of queries does not depend on that of the questions.
    """
    pictures = _Pictures(course, source)
    prepared = Question.objects.filter(course=course, quick=False).prefetch_related("choices")
    here = {_sense(question.content) for question in prepared.iterator(chunk_size=500)}
    seen: dict[Hashable, Planned] = {}
    found = []
    for number, item in enumerate(source.items, start=1):
        if chosen is not None and number not in chosen:
            continue
        planned = _look(number, item, pictures)
        if planned.is_new:
            assert planned.content is not None
            sense = _sense(planned.content)
            if sense in here:
                planned.outcome, planned.why = Outcome.HERE, ()
            elif sense in seen:
                planned.outcome = Outcome.REPEATED
                planned.why = (_repeats(seen[sense]),)
            seen.setdefault(sense, planned)
        found.append(planned)
    return Plan(found)


class _Pictures:
    """The pictures of a file, and those that the course has already."""

    def __init__(self, course: Course, source: Source) -> None:
        self._drawn = source.drawn
        digests = set(self._drawn)
        digests |= {one.digest for one in self._drawn.values() if isinstance(one, Drawn)}
        same = Q(digest__in=digests) | Q(source_digest__in=digests)
        self._keys: dict[str, str] = {}
        if digests:
            for picture in Picture.objects.filter(same, course=course):
                self._keys |= dict.fromkeys((picture.digest, picture.source_digest), picture.key)

    def cite(self, item: Item, content: QuestionContent) -> QuestionContent:
        """Return the content with the keys of its pictures, or what stands for them."""
        return cite(content, {FILE + one.name: PICTURE + self._key(one) for one in item.pictures})

    def problems(self, item: Item) -> tuple[str, ...]:
        """Return why pictures of a question cannot be taken."""
        found = [(one.name, self._drawn[digest_of(one.data)]) for one in item.pictures]
        return tuple(
            gettext("Picture “%(name)s”: %(sentence)s")
            % {"name": name, "sentence": why_no_picture(drawn)}
            for name, drawn in found
            if isinstance(drawn, Refusal)
        )

    def _key(self, picture: EmbeddedPicture) -> str:
        digest = digest_of(picture.data)
        drawn = self._drawn[digest]
        own = drawn.digest if isinstance(drawn, Drawn) else digest
        return self._keys.get(digest) or self._keys.get(own) or own[:PLACEHOLDER]


def _look(number: int, item: Item, pictures: _Pictures) -> Planned:
    if item.content is None:
        assert item.refused is not None
        # The pages that show it show the line, too.
        told = formats_said.sentence(replace(item.refused, line=None))
        return Planned(number, item, Outcome.REFUSED, why=(told,))
    content = clean(pictures.cite(item, item.content))
    found = problems(content)
    refused = [problem for problem in found if problem.flaw not in STORABLE]
    if why := (*pictures.problems(item), *_told(refused)):
        return Planned(number, item, Outcome.REFUSED, content, why)
    outcome = Outcome.DRAFT if found or item.is_draft else Outcome.NEW
    return Planned(number, item, outcome, content, _told(found))


def _told(found: Sequence[Problem]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(flaws.sentence(problem) for problem in found))


def _repeats(earlier: Planned) -> str:
    if earlier.line:
        return gettext("Is the same question as in line %(line)s.") % {"line": earlier.line}
    return gettext("Is the same as question %(number)s.") % {"number": earlier.number}


def _sense(content: QuestionContent) -> Hashable:
    """Return what two contents have in common that ask the same."""
    one = clean(content)
    return (
        one.kind,
        _plain(one.prompt),
        tuple((_plain(c.text), c.is_correct, _plain(c.feedback)) for c in one.choices),
        (one.number, one.tolerance, _plain(one.unit)),
        frozenset(map(_plain, one.accepted)),
        _plain(one.explanation),
        _plain(one.follow_up),
    )


def _plain(text: str) -> str:
    """Return a text without differences that nobody sees."""
    return unicodedata.normalize("NFC", "\n".join(map(str.rstrip, text.strip().splitlines())))


def kept_file(user: User, course: Course, key: str) -> QuestionFile | None:
    """Return the file whose preview a user saw, unless it was replaced or is too old."""
    if "\0" in key:
        # PostgreSQL refuses it.
        return None
    since = timezone.now() - LIFETIME
    mine = QuestionFile.objects.filter(user=user, course=course, key=key, made_at__gt=since)
    return mine.first()
