"""The answers to the questions of a course, which figures and marks are made of."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions.questions import version_of
from rooms.models import ClassSession, Message, Partner, PartnerGroup, Room, Round, Vote
from rooms.peer.posed import Answers, Ballot
from rooms.queries.posed import first_rounds, posed
from tests.rooms.cast import make_question

START = timezone.now() - timedelta(hours=1)


def at(seconds):
    return START + timedelta(seconds=seconds)


@pytest.fixture
def asked(school):
    """A class where Ada and Bea voted and talked, and Ada voted again; Carl came late."""
    question = make_question(school.course, "force")
    version = version_of(question)
    session = ClassSession.objects.create(
        course=school.course, started_at=START, changed_at=START, controller=school.ines
    )
    common = {"session": session, "question": question, "version": version}
    first = Round.objects.create(number=1, opened_at=at(0), closed_at=at(60), **common)
    second = Round.objects.create(
        number=2, first=first, opened_at=at(300), closed_at=at(360), **common
    )
    room = Room.objects.create(course=school.course, kind="partners", last_seq=3)
    group = PartnerGroup.objects.create(round=first, number=1, room=room, formed_at=at(61))
    for user in (school.ada, school.bea, school.carl):
        Partner.objects.create(group=group, round=first, user=user)
    for user, choice, confidence, rationale in (
        (school.ada, "A", 2, "It feels so"),
        (school.bea, "B", None, ""),
    ):
        Vote.objects.create(
            round=first,
            user=user,
            choice=choice,
            confidence=confidence,
            rationale=rationale,
            cast_at=at(10),
        )
    Vote.objects.create(round=second, user=school.ada, choice="B", confidence=5, cast_at=at(320))
    texts = ((school.ada, None), (school.ada, None), (school.bea, at(90)))
    for seq, (sender, removed_at) in enumerate(texts, 1):
        Message.objects.create(
            room=room,
            seq=seq,
            sender=sender,
            uuid=str(seq),
            text="Why?",
            created_at=at(70 + seq),
            removed_at=removed_at,
        )
    return first


def test_each_student_has_both_answers_the_group_and_the_messages(school, asked):
    (one,) = posed(first_rounds(school.course), messages=True)
    group = PartnerGroup.objects.get().pk
    assert (one.pk, one.slug, one.is_twice, one.is_release) == (asked.pk, "force", True, False)
    assert {answers.user: answers for answers in one.answers} == {
        school.ada.pk: Answers(
            user=school.ada.pk,
            first=Ballot(choice="A", right=False, confidence=2, seconds=10.0, has_reason=True),
            second=Ballot(choice="B", right=True, confidence=5, seconds=20.0, has_reason=False),
            group=group,
            messages=2,
        ),
        school.bea.pk: Answers(
            user=school.bea.pk,
            first=Ballot(choice="B", right=True, confidence=None, seconds=10.0, has_reason=False),
            group=group,
        ),
        school.carl.pk: Answers(user=school.carl.pk, group=group),
    }


def test_deleted_messages_count_as_they_were_noted(school, asked):
    Message.objects.all().delete()
    Partner.objects.filter(user=school.ada).update(messages=7)
    (one,) = posed(first_rounds(school.course), users=[school.ada.pk], messages=True)
    assert [answers.messages for answers in one.answers] == [7]


def test_an_open_round_does_not_count(school, asked):
    Round.objects.filter(number=2).update(closed_at=None)
    (one,) = posed(first_rounds(school.course))
    assert not one.is_twice
    assert all(answers.second is None for answers in one.answers)
    Round.objects.update(closed_at=None)
    assert list(posed(first_rounds(school.course))) == []


def test_rounds_are_chosen_by_class_question_and_time(school, asked):
    chosen = {"session": asked.session_id, "question": asked.question_id}
    for name, pk in chosen.items():
        assert first_rounds(school.course, **{name: pk}).exists()
        assert not first_rounds(school.course, **{name: pk + 1}).exists()
    assert first_rounds(school.course, since=START, until=at(1)).exists()
    assert not first_rounds(school.course, until=START).exists()
    assert not first_rounds(school.course, since=at(1)).exists()
    assert not first_rounds(school.other_course).exists()


def test_a_term_is_read_by_few_queries(school, asked, django_assert_num_queries):
    with django_assert_num_queries(3):
        list(posed(first_rounds(school.course), messages=True))
