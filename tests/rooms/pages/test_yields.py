"""The page on the yield of pairings."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from rooms.actions.questions import version_of
from rooms.models import (
    Choice,
    ClassSession,
    Partner,
    PartnerGroup,
    Question,
    Room,
    Round,
    Vote,
)
from tests.rooms.school import EVERYBODY

PAGE = "/courses/physics/pairing/yields/"


@pytest.fixture
def talked(school):
    """Ada and Bea talked about a question: Bea was right, and convinced Ada."""
    now = timezone.now()
    question = Question.objects.create(course=school.course, slug="force", prompt="Which force?")
    for letter in "AB":
        Choice.objects.create(
            question=question, letter=letter, text=letter, is_correct=letter == "B"
        )
    session = ClassSession.objects.create(
        course=school.course, controller=school.ines, started_at=now, changed_at=now
    )
    shared = {"session": session, "question": question, "version": version_of(question)}
    first = Round.objects.create(**shared, number=1, opened_at=now, closed_at=now)
    second = Round.objects.create(**shared, number=2, first=first, opened_at=now, closed_at=now)
    room = Room.objects.create(course=school.course, kind="partners")
    group = PartnerGroup.objects.create(
        round=first,
        number=1,
        room=room,
        formed_at=now,
        method="different_answers",
        size=2,
        voters=2,
        is_mixed=True,
        right=1,
    )
    for user, before, after in ((school.ada, "A", "B"), (school.bea, "B", "B")):
        Partner.objects.create(group=group, round=first, user=user)
        Vote.objects.create(round=first, user=user, choice=before, cast_at=now)
        Vote.objects.create(round=second, user=user, choice=after, cast_at=now)
    return question


@pytest.fixture
def tess(school):
    client = Client()
    client.force_login(school.tess)
    return client


def rows(client, **query):
    answer = client.get(PAGE, {"format": "csv", **query})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_only_those_who_lead_the_course_see_it(school, talked):
    for name in EVERYBODY:
        client = Client()
        client.force_login(school.person(name))
        for query in ({}, {"format": "csv"}):
            status = 200 if name in ("tess", "ines") else 404
            assert client.get(PAGE, query).status_code == status


def test_what_a_pair_gained(school, talked, tess):
    # The class voted twice on another question without talking about it, which counts for nothing.
    again = {"session": ClassSession.objects.get(), "question": talked}
    again |= {"version": version_of(talked), "opened_at": timezone.now()}
    alone = Round.objects.create(**again, number=1, closed_at=timezone.now())
    Round.objects.create(**again, number=2, first=alone, closed_at=timezone.now())
    page = tess.get(PAGE).content.decode()
    assert "different answers" in page
    assert "50 % → 100 %" in page
    assert "1 question is counted." in page
    (answers, *_) = rows(tess)
    assert answers == {
        "by": "answers",
        "make": "different",
        "groups": "1",
        "students": "2",
        "right_before": "0.5000",
        "right_after": "1.0000",
        "change": "0.5000",
        "change_margin_95": "0.9800",
        "changed_answer": "0.5000",
        "normalised_gain": "1.0000",
    }


def test_questions_and_days_are_chosen(school, talked, tess):
    today = timezone.localdate()
    assert rows(tess, question="force", since=today, until=today)
    assert rows(tess, since=today + timedelta(days=1)) == []
    assert rows(tess, until=today - timedelta(days=1)) == []
    ends = {"since": "0001-01-01", "until": "9999-12-31"}
    assert rows(tess, **ends)
    for one in ({"until": ends["since"]}, {"since": ends["until"]}):
        assert rows(tess, **one) == []
    for wrong in ({"question": "no-such"}, {"since": "yesterday"}):
        page = tess.get(PAGE, wrong)
        assert page.status_code == 200
        assert 'role="alert"' in page.content.decode()


def test_nothing_to_compare(school, talked, tess):
    Vote.objects.filter(round__number=2).delete()
    assert "Nothing can be compared yet" in tess.get(PAGE).content.decode()
