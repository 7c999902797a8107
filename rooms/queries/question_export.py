"""Questions of a course as a file."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import ModuleType

from django.utils.translation import gettext

from rooms import formats_said
from rooms.formats import EmbeddedPicture, Exported, gift, moodle, yaml_
from rooms.models import Course, Picture, Question
from rooms.peer.citations import FILE, PICTURE, cite, cited
from rooms.peer.content import QuestionContent
from rooms.queries.pictures import stored_bytes
from rooms.wire.errors import InvalidMessageFormat

PICTURE_BYTES = 20_000_000
"""The most bytes of the pictures in a file."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format that is written. `module` has its `write` and `losses`."""

    name: str
    module: ModuleType
    extension: str
    content_type: str


FORMATS = {
    "yaml": Format("YAML", yaml_, "yaml", "application/yaml; charset=utf-8"),
    "gift": Format("GIFT", gift, "gift.txt", "text/plain; charset=utf-8"),
    "moodle": Format("Moodle XML", moodle, "xml", "application/xml; charset=utf-8"),
}
"""The formats that are written, by their codes, the lossless one first."""


@dataclass(frozen=True, slots=True)
class Export:
    """A file with questions: its name and bytes, and by questions what it could not hold."""

    name: str
    content_type: str
    data: bytes
    count: int
    lost: Sequence[tuple[Question, list[str]]]


def export(course: Course, format: str, slugs: Collection[str] | None = None) -> Export:  # noqa: A002
    """Return the prepared questions of a course, in their order, as a file in one of `FORMATS`.

    With `slugs`, it has those of them only. Raises InvalidMessageFormat, with a sentence in the
    language of the page, if there is no such question, or if the pictures are too large together.
    """
    found = Question.objects.filter(course=course, quick=False).prefetch_related("choices")
    if slugs is not None:
        # PostgreSQL refuses U+0000, which no slug has.
        found = found.filter(slug__in=[slug for slug in slugs if "\0" not in slug])
    questions = list(found)
    if slugs is not None and len(questions) < len(set(slugs)):
        raise InvalidMessageFormat(gettext("The course has no such question."))
    wanted = FORMATS[format]
    exported = _exported(course, questions)
    lost = [
        (question, [formats_said.sentence(note) for note in notes])
        for question, one in zip(questions, exported, strict=True)
        if (notes := wanted.module.losses(one))
    ]
    return Export(
        name=f"{course.slug}.{wanted.extension}",
        content_type=wanted.content_type,
        data=wanted.module.write(exported),
        count=len(questions),
        lost=lost,
    )


def _exported(course: Course, questions: Sequence[Question]) -> list[Exported]:
    contents = [question.content for question in questions]
    pictures = _pictures(course, contents)
    return [
        _one(question, content, pictures)
        for question, content in zip(questions, contents, strict=True)
    ]


def _one(
    question: Question, content: QuestionContent, pictures: dict[str, EmbeddedPicture]
) -> Exported:
    used = sorted(pictures.keys() & cited(content))
    return Exported(
        content=cite(content, {name: FILE + pictures[name].name for name in used}),
        is_draft=question.is_draft,
        pictures=tuple(pictures[name] for name in used),
    )


def _pictures(course: Course, contents: Sequence[QuestionContent]) -> dict[str, EmbeddedPicture]:
    """Return the pictures that contents cite, by their citations."""
    names = {name for content in contents for name in cited(content) if name.startswith(PICTURE)}
    keys = [name.removeprefix(PICTURE) for name in names]
    found: dict[str, EmbeddedPicture] = {}
    left = PICTURE_BYTES
    for picture in Picture.objects.filter(course=course, key__in=keys).order_by("pk"):
        try:
            data = stored_bytes(picture)
        except OSError:
            # The storage lost the file, which shall not keep the rest here.
            continue
        left -= len(data)
        if left < 0:
            told = gettext(
                "The pictures of these questions have more than %(size)s MB together. Export fewer"
                " questions at once."
            )
            raise InvalidMessageFormat(told % {"size": PICTURE_BYTES // 1_000_000})
        kind = picture.content_type.rpartition("/")[2]
        found[PICTURE + picture.key] = EmbeddedPicture(f"{picture.key}.{kind}", data)
    return found
