"""Making, changing, ordering, copying and deleting the prepared questions of a course.

What a class was asked stays as it was, whatever happens here: see `actions.questions`.
"""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Max
from msgspec import UNSET, UnsetType

from accounts.people import User
from rooms import flaws, permissions
from rooms.actions import tell
from rooms.actions.lineage import keep_lineage
from rooms.actions.pictures import copied_content
from rooms.actions.questions import begin_edit, was_asked
from rooms.actions.twins import check_twin, keep_twins
from rooms.models import Choice, Course, Question
from rooms.peer.cleaning import clean
from rooms.peer.content import LETTERS, STORABLE, Problem, QuestionContent, problems
from rooms.queries import question_names
from rooms.queries.slugs import find_question
from rooms.wire.errors import (
    EditConflict,
    FlawedQuestion,
    InvalidMessageFormat,
    QuestionWasAsked,
    TooManyQuestions,
)

MOST_QUESTIONS = 5_000
"""Questions of a course, with the quick ones."""


@transaction.atomic
def create_question(
    *,
    user: User,
    course: str,
    content: QuestionContent,
    is_draft: bool,
    twin_of: str | None = None,
) -> Question:
    """Add a question to a course, as the last of the prepared ones.

    It gets a slug from its title or its prompt. A content with problems becomes a draft. `twin_of`
    is the slug of the question whose idea it tests again. Raises PermissionDenied for those who do
    not lead the course, CourseArchived, FlawedQuestion for what not even a draft may have, also for
    an original that cannot be one, and TooManyQuestions.
    """
    course_ = _lock(user, course)
    original = check_twin(course_, twin_of)
    made = store_content(course_, content, is_draft=is_draft)
    if original is not None:
        made.twin_of = original
        made.save(update_fields=["twin_of"])
    return made


@transaction.atomic
def save_question(
    *,
    user: User,
    course: str,
    question: str,
    edit: int,
    content: QuestionContent,
    is_draft: bool,
    slug: str | None = None,
    twin_of: str | None | UnsetType = UNSET,
) -> Question:
    """Give a question another content, and perhaps another slug.

    `edit` is that of the question which the user has changed. A content with problems makes it a
    draft. A slug of a question that had no words yet follows its words once it is ready. A quick
    question becomes a prepared one. `twin_of` is the slug of the question that it is the twin of,
    or None for no twin, and stays as it is if it is left out. Nothing changes if it is all like
    this already.

    Raises as `create_question` does, EditConflict if somebody has changed the question since, and
    InvalidMessageFormat for a slug that it cannot have, or if the course has no such question.
    """
    course_ = _lock(user, course)
    found = _question(course_, question)
    content = clean(content)
    is_draft = _check(content) or is_draft
    wanted = found.slug if slug is None else slug
    original = found.twin_of
    keeps_twin = isinstance(twin_of, UnsetType) or twin_of == (original and original.slug)
    if keeps_twin and (found.content, found.is_draft, found.slug) == (content, is_draft, wanted):
        return found
    if found.edit != edit:
        raise EditConflict
    if not keeps_twin:
        original = check_twin(course_, twin_of or None, found)
    if slug is None and not is_draft and question_names.is_placeholder(found.slug):
        taken = question_names.taken_slugs(course_) - {found.slug}
        wanted = question_names.proposed_slug(content, taken)
    if wanted != found.slug:
        _check_slug(wanted, course_, found)
    begin_edit(question=found)
    if found.quick:
        found.quick, found.position = False, _next_position(course_)
    found.set_content(content)
    found.twin_of = original
    found.is_draft, found.slug, found.edit = is_draft, wanted, found.edit + 1
    found.save()
    _set_choices(found, content)
    tell.questions_changed(course_)
    return _question(course_, wanted)


@transaction.atomic
def delete_question(*, user: User, course: str, question: str) -> None:
    """Delete a question that no class was asked and that was not released.

    Raises PermissionDenied for those who do not lead the course, CourseArchived, QuestionWasAsked,
    and InvalidMessageFormat if the course has no such question.
    """
    found = _question(_lock(user, course), question)
    if was_asked(found):
        raise QuestionWasAsked
    found.delete()


@transaction.atomic
def order_questions(*, user: User, course: str, questions: Sequence[str]) -> None:
    """Put prepared questions of a course into this order, in the places that they have now.

    So those not named stay where they are. Raises PermissionDenied for those who do not lead the
    course, CourseArchived, and InvalidMessageFormat for a slug that none of them has, or that is
    repeated.
    """
    course_ = _lock(user, course)
    named = set(questions)
    if len(named) != len(questions):
        raise InvalidMessageFormat("`questions`: A question is named twice.")
    prepared = list(course_.questions.filter(quick=False))
    by_slug = {one.slug: one for one in prepared}
    if not by_slug.keys() >= named:
        raise InvalidMessageFormat("`questions`: The course has no such question.")
    following = iter(questions)
    ordered = [by_slug[next(following)] if one.slug in named else one for one in prepared]
    moved = []
    for position, one in enumerate(ordered):
        if one.position != position:
            one.position = position
            moved.append(one)
    if moved:
        Question.objects.bulk_update(moved, ["position"], batch_size=500)
        tell.questions_changed(course_)


@transaction.atomic
def copy_questions(
    *, user: User, source: str, questions: Sequence[str], target: str
) -> list[Question]:
    """Add copies of questions to a course, which may be their own, as the last ones there.

    Raises PermissionDenied for those who do not lead both courses, CourseArchived if the target is
    archived, TooManyQuestions, and InvalidMessageFormat if the source has no such question.
    """
    origin = permissions.leading(user, source).course
    course = permissions.leading(user, target).course
    # Locked in the order in which everybody locks courses, so that nobody waits for each other.
    _locked(origin, course)
    permissions.in_use(course)
    permissions.leading(user, source)
    permissions.leading(user, target)
    found = origin.questions.filter(slug__in=questions).prefetch_related("choices")
    by_slug = {one.slug: one for one in found}
    if by_slug.keys() != set(questions):
        raise InvalidMessageFormat("`questions`: The course has no such question.")
    return copy_into(course, [by_slug[slug] for slug in questions])


@transaction.atomic
def duplicate_question(*, user: User, course: str, question: str) -> Question:
    """Add a copy of a question to its course, right after it, and the copy of a quick one last.

    Raises as `copy_questions` does.
    """
    (made,) = copy_questions(user=user, source=course, questions=[question], target=course)
    slugs = list(made.course.questions.filter(quick=False).values_list("slug", flat=True))
    if question in slugs:
        here = slugs.index(question) + 1
        order_questions(
            user=user, course=course, questions=[*slugs[:here], made.slug, *slugs[here:-1]]
        )
    return made


def copy_into(course: Course, questions: Iterable[Question]) -> list[Question]:
    """Add copies of questions, of whatever course, to a course, with the pictures that they cite.

    They have the same slugs where no question of the course has them. The copies of a question and
    of its twin are twins, and a copy has the lineage of its original. The caller holds the lock of
    the course. Raises TooManyQuestions and TooManyPictures.
    """
    found = list(questions)
    copies = _insert(
        course,
        [copied_content(one.content, one.course, course) for one in found],
        [one.is_draft for one in found],
        [one.slug for one in found],
    )
    keep_twins(found, copies)
    keep_lineage(zip(found, copies, strict=True))
    return copies


def store_content(course: Course, content: QuestionContent, *, is_draft: bool) -> Question:
    """Add one question to a course; see `store_contents`."""
    return store_contents(course, [content], drafts=[is_draft])[0]


def store_contents(
    course: Course, contents: Sequence[QuestionContent], *, drafts: Sequence[bool]
) -> list[Question]:
    """Add questions to a course, as the last ones, by a few statements however many they are.

    `drafts` tells for each whether it becomes a draft, as those with problems do in any case.
    Raises FlawedQuestion for what not even a draft may have, and TooManyQuestions. The caller holds
    the lock of the course, in a transaction, and has checked that it may be changed.
    """
    cleaned = [clean(content) for content in contents]
    flawed = [_check(content) for content in cleaned]
    return _insert(course, cleaned, [any(pair) for pair in zip(flawed, drafts, strict=True)])


def lock_course(*, user: User, course: str) -> Course:
    """Lock a course that the user leads and may change, until the transaction ends.

    No class of it is asked a question meanwhile. Raises PermissionDenied and CourseArchived.
    """
    return _lock(user, course)


def _check(content: QuestionContent) -> bool:
    """Return whether a content can only be a draft. Raises FlawedQuestion if not even that."""
    found = problems(content)
    refused = [one for one in found if one.flaw not in STORABLE]
    if refused:
        told = " ".join(f"`{one.field}`: {flaws.sentence(one)}" for one in refused)
        raise FlawedQuestion(told, problems=[_shown(one) for one in refused])
    return bool(found)


def _shown(problem: Problem) -> dict[str, str | int | None]:
    return {
        "field": problem.field,
        "flaw": problem.flaw.value,
        "index": problem.index,
        "limit": problem.limit,
        "message": flaws.sentence(problem),
    }


def _check_slug(slug: str, course: Course, question: Question) -> None:
    problem = question_names.problem(slug, course, question)
    if problem is not None:
        raise InvalidMessageFormat(f"`slug`: {problem}")


def _lock(user: User, course: str) -> Course:
    found = permissions.leading(user, course).course
    locked = _locked(found)[0]
    # Somebody else may have taken the role away meanwhile.
    permissions.leading(user, locked.slug)
    permissions.in_use(locked)
    return locked


def _locked(*courses: Course) -> list[Course]:
    found = Course.objects.filter(pk__in={course.pk for course in courses}).order_by("pk")
    return list(found.select_for_update(no_key=True))


def _question(course: Course, slug: str) -> Question:
    found = find_question(course, slug)
    if found is None:
        raise InvalidMessageFormat("The course has no such question.")
    return found


def _next_position(course: Course) -> int:
    last = course.questions.filter(quick=False).aggregate(last=Max("position"))["last"]
    return 0 if last is None else int(last) + 1


def _insert(
    course: Course,
    contents: Sequence[QuestionContent],
    drafts: Sequence[bool],
    slugs: Sequence[str] | None = None,
) -> list[Question]:
    if course.questions.count() + len(contents) > MOST_QUESTIONS:
        raise TooManyQuestions(f"A course has {MOST_QUESTIONS} questions at most.")
    taken = question_names.taken_slugs(course)
    first = _next_position(course)
    made = []
    for number, (content, is_draft) in enumerate(zip(contents, drafts, strict=True)):
        slug = slugs[number] if slugs is not None else ""
        if not slug or slug in taken or slug in question_names.RESERVED:
            slug = question_names.proposed_slug(content, taken)
        taken.add(slug)
        question = Question(course=course, slug=slug, position=first + number, is_draft=is_draft)
        question.set_content(content)
        made.append(question)
    made = Question.objects.bulk_create(made, batch_size=500)
    Choice.objects.bulk_create(
        (
            choice
            for question, content in zip(made, contents, strict=True)
            for choice in _choices(question, content)
        ),
        batch_size=1000,
    )
    tell.questions_changed(course)
    return made


def _choices(question: Question, content: QuestionContent) -> list[Choice]:
    return [
        Choice(
            question=question,
            letter=letter,
            text=one.text,
            is_correct=one.is_correct,
            feedback=one.feedback,
        )
        for letter, one in zip(LETTERS, content.choices, strict=False)
    ]


def _set_choices(question: Question, content: QuestionContent) -> None:
    wanted = _choices(question, content)
    stored = {choice.letter: choice for choice in question.choices.all()}
    question.choices.exclude(letter__in=[choice.letter for choice in wanted]).delete()
    for choice in wanted:
        if choice.letter in stored:
            choice.pk = stored[choice.letter].pk
    Choice.objects.bulk_update(
        [choice for choice in wanted if choice.pk], ["text", "is_correct", "feedback"]
    )
    Choice.objects.bulk_create([choice for choice in wanted if not choice.pk])
