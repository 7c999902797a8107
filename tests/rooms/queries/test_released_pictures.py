"""Pictures of questions that no class was asked, but that were released."""

import pytest
from django.utils import timezone

from rooms.models import Picture, Question, Release
from rooms.queries.pictures import for_member, for_members
from rooms.queries.releases import GRACE
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, answer, release

BEFORE, AFTER, OTHER = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture
def of(school):
    make_question(school.course, "force")
    Question.objects.update(
        prompt=f"Which? ![a lift](picture:{BEFORE})", explanation=f"![forces](picture:{AFTER})"
    )
    for key in (BEFORE, AFTER, OTHER):
        Picture.objects.create(
            course=school.course,
            key=key,
            content_type="image/png",
            width=1,
            height=1,
            size=1,
            digest=key,
            source_digest=key,
        )
    return release(school)


def seen(school, name):
    user = school.person(name)
    found = {key for key in (BEFORE, AFTER, OTHER) if for_member(user, "physics", key)}
    many = {
        key
        for key in (BEFORE, AFTER, OTHER)
        if user.pk in for_members([user.pk], "physics", key)[1]
    }
    assert found == many, "a rush is answered alike"
    return found


def test_students_see_what_is_released_and_of_the_answer_what_is_revealed(school, of):
    answer(school, "ada", of, "A", "B")
    assert seen(school, "ada") == {BEFORE, AFTER}
    assert seen(school, "bea") == {BEFORE}
    assert seen(school, "zoe") == set()
    over = timezone.now() - GRACE
    Release.objects.update(opens_at=over - GRACE, due_at=over)
    assert seen(school, "bea") == {BEFORE, AFTER}


def test_who_is_to_answer_again_sees_no_picture_of_the_answer(school, of):
    over = timezone.now() - GRACE
    Release.objects.update(opens_at=over - GRACE, due_at=over)
    later = release(school)
    assert seen(school, "bea") == {BEFORE}
    answer(school, "bea", later, "A", "B")
    assert seen(school, "bea") == {BEFORE, AFTER}


@pytest.mark.parametrize("when", ["later", "withdrawn"])
def test_nothing_is_seen_that_is_not_open(school, of, when):
    now = timezone.now()
    later = {"opens_at": now + DAY, "due_at": None}
    Release.objects.update(**(later if when == "later" else {"withdrawn_at": now}))
    assert seen(school, "bea") == set()
