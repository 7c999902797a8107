"""Simulated students vote and talk on questions of every kind."""

import pytest
from django.db.models import Q

from rooms.actions import bots, tryouts
from rooms.models import ClassSettings, Message, Partner, Vote
from rooms.queries import presence
from rooms.queries.classroom import class_session, votes_of
from rooms.wire.commands import (
    EnableChat,
    MakePartners,
    Reveal,
    StartQuestion,
    StartRevote,
    StopVote,
)
from tests.rooms.actions.test_tryouts import HOST, Played
from tests.rooms.kinds import KINDS, ask_all
from tests.rooms.school import make_school

pytestmark = pytest.mark.django_db(transaction=True)


def test_simulated_students_answer_questions_of_every_kind(transactional_db):
    school = make_school()
    ask_all(school.course)
    # They say what the course of the lecturer requires.
    ClassSettings.objects.create(
        course=school.course, asks_confidence="required", asks_reason="required"
    )
    made = tryouts.start(user=school.ines, course="physics", language="de")
    played = Played(school, made)
    assert [one.content for one in made.course.questions.all()] == [
        one.content for one in KINDS.values()
    ]
    played.play(later=10.0)
    assert len(presence.online_students(made.course)) == 30
    for kind, asked in KINDS.items():
        played.act(StartQuestion, question=kind)
        played.play(later=60.0)
        found = votes_of(class_session(made.course))
        assert found.votes == [28, 0]
        assert not Vote.objects.filter(Q(confidence=None) | Q(rationale="")).exists()
        assert len(found.counts[0]) > 1
        assert all(found.key.canonical(answer) == answer for answer in found.counts[0])
        if asked.correct is None:
            assert found.right_votes is None
        else:
            assert 0.4 <= found.right_votes[0] / 28 <= 0.65
        played.act(StopVote)
        played.act(MakePartners)
        played.act(EnableChat)
        room = Partner.objects.filter(group__round__question__slug=kind).first().group.room
        played.play(later=60.0)
        said = Message.objects.filter(room__partner_group__round__question__slug=kind, kind="text")
        assert any(
            answer in text
            for text in said.values_list("text", flat=True)
            for answer in found.counts[0]
        )
        assert room.messages.exists()
        played.act(StartRevote)
        played.play(later=60.0)
        played.act(StopVote)
        again = votes_of(class_session(made.course))
        assert again.votes == [28, 28]
        if asked.correct is not None:
            assert again.right_votes[1] > again.right_votes[0]
        played.act(Reveal)
    assert bots.play(troupe=played.troupe, worker=HOST)
