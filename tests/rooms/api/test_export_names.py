"""The names in a download of the use log, after courses, questions and people got others."""

import csv
import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from rooms.actions import moderation, session, uselog
from rooms.actions.votes import Ballot, cast_vote
from rooms.api.export import Pseudonyms
from rooms.models import ClassSession, ClassSettings, Course, Enrollment
from rooms.wire.commands import NextQuestion, StartQuestion, StopVote
from tests.rooms.cast import make_question
from tests.rooms.school import post


def download(caller, **query):
    response = caller.client.get("/api/courses/physics/uselog/", query)
    assert response.status_code == 200
    rows = csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig")))
    return response, [(r["sid"], r["act"], r["div_id"], r["course_id"]) for r in rows]


def exported(caller, **query):
    """(sid, act, div_id, course_id) of each row, under the first slug of the course."""
    return download(caller, **query)[1]


@pytest.fixture
def talk(school):
    """Let ada and bea vote, post and start a direct room, and ines mute carl."""
    question = make_question(school.course, "force")
    session.control(
        user=school.ines, course="physics", command=StartQuestion(uuid="1", question="force")
    )
    cast_vote(ballot=Ballot(school.ada, "physics", "A"))
    direct = school.make_room(school.ada, school.bea, kind="direct")
    post(school.ada, direct, "Why: bea?")
    post(school.bea, school.room, "Hello")
    moderation.mute(user=school.ines, course="physics", username="carl", seconds=60)
    return question


def test_after_renames_all_is_found_under_the_names_of_today(school, api, talk):
    assert exported(api(school.ines)) == [
        ("ines", "start_question", "force", "physics"),
        ("ada", "A:vote1", "force", "physics"),
        ("ada", "to:bea:Why: bea?", "", "physics"),
        ("bea", "to:*:Hello", "", "physics"),
        ("ines", "mute:carl:60", "", "physics"),
    ]
    for item, slug in ((school.course, "physics-1"), (talk, "newton")):
        item.slug = slug
        item.save()
    for user, name in ((school.ada, "old-ada"), (school.bea, "ada"), (school.carl, "karl")):
        user.username = name
        user.save()
    post(school.ada, school.room, "Hello, too")
    response, rows = download(api(school.ines))
    assert response["Content-Disposition"] == 'attachment; filename="physics-1-uselog.csv"'
    assert rows == [
        ("ines", "start_question", "newton", "physics-1"),
        ("old-ada", "A:vote1", "newton", "physics-1"),
        ("old-ada", "to:ada:Why: bea?", "", "physics-1"),
        ("ada", "to:*:Hello", "", "physics-1"),
        ("ines", "mute:karl:60", "", "physics-1"),
        ("old-ada", "to:*:Hello, too", "", "physics-1"),
    ]


def test_a_person_keeps_the_pseudonym_when_others_get_the_name(school, api, talk):
    before = exported(api(school.ines), names="pseudonyms")
    names = Pseudonyms(school.course)
    people = ("ines", "ada", "ada", "bea", "ines")
    assert [sid for sid, *_ in before] == list(map(names.name, people))
    for user, name in ((school.ada, "old-ada"), (school.bea, "ada"), (school.carl, "bea")):
        user.username = name
        user.save()
    cast_vote(ballot=Ballot(school.carl, "physics", "B"))
    *again, last = exported(api(school.ines), names="pseudonyms")
    # The mute names carl, who has done nothing before, by the name that he votes under.
    assert again[:-1] == before[:-1]
    taken = names.name("bea")
    assert last[0] not in {taken, *(sid for sid, *_ in before)}
    assert again[-1][1] == f"mute:{last[0]}:60"


def test_where_lecturers_do_not_know_the_names_no_row_of_theirs_tells(school, api):
    """Neither rows that were exported with names before, nor those of which the name is known."""
    for slug in ("force", "work"):
        make_question(school.course, slug)

    def lead(kind, **fields):
        command = kind(uuid=uuid4().hex, **fields)
        session.control(user=school.ines, course="physics", command=command)

    def sids():
        return {act: sid for sid, act, _, _ in exported(api(school.ines))}

    lead(StartQuestion, question="force")
    cast_vote(ballot=Ballot(school.ada, "physics", "A"))
    assert sids()["A:vote1"] == "ada"
    ClassSettings.objects.create(course=school.course, has_pseudonyms=True, lecturer_knows=False)
    lead(StopVote)
    lead(NextQuestion, question="work")
    cast_vote(ballot=Ballot(school.ada, "physics", "B"))
    post(school.ada, school.room, "I said B")
    post(school.ada, school.make_room(school.ada, school.ines, kind="direct"), "I am Ada")
    found = sids()
    (direct,) = (sid for act, sid in found.items() if act.endswith("I am Ada"))
    assert direct == found["A:vote1"]
    assert found["to:*:I said B"] == found["B:vote1"] != direct
    # In the next class they are others again.
    lead(StopVote)
    ClassSession.objects.update(changed_at=timezone.now() - timedelta(hours=7))
    lead(NextQuestion)
    ClassSession.objects.update(changed_at=timezone.now() - timedelta(hours=7))
    lead(StartQuestion, question="force")
    cast_vote(ballot=Ballot(school.ada, "physics", "C"))
    assert len({sids()[f"{answer}:vote1"] for answer in "ABC"}) == 3
    # Afterwards people have the pseudonym of the course.
    end = ClassSession.objects.order_by("-pk")[:1].get()
    end.ended_at = timezone.now()
    end.save()
    ClassSettings.objects.update(has_pseudonyms=False)
    lead(StartQuestion, question="work")
    cast_vote(ballot=Ballot(school.ada, "physics", "D"))
    found = sids()
    assert found["D:vote1"] == found["A:vote1"] != found["C:vote1"]


def test_deleted_users_and_questions_keep_their_names(school, api):
    question = make_question(school.course, "force")
    uselog.record(
        [
            uselog.row(
                sid="ada",
                user=school.ada.pk,
                event="vote",
                act="A:vote1",
                div_id="force",
                question=question.pk,
                course_id="physics",
                course=school.course.pk,
            )
        ]
    )
    school.ada.delete()
    question.delete()
    assert exported(api(school.ines)) == [("ada", "A:vote1", "force", "physics")]


def test_rows_without_ids_are_found_by_every_slug_of_their_course(school, api):
    """Workers that run older code write such rows. Those from before the course are of others."""
    course = school.course
    uselog.record([uselog.row(sid="ada", event="join", act="1", course_id="physics")])
    course.slug = "physics-1"
    course.save()
    old = course.created_at - timedelta(days=1)
    uselog.record(
        [
            uselog.row(sid="ada", event="join", act="2", course_id="physics-1"),
            uselog.row(sid="zoe", event="join", act="0", course_id="physics-1", timestamp=old),
        ]
    )
    assert exported(api(school.ines)) == [
        ("ada", "1", "", "physics-1"),
        ("ada", "2", "", "physics-1"),
    ]
    school.enrollment(school.ines).delete()
    new = Course.objects.create(slug="physics", title="Physics for all")
    Enrollment.objects.create(course=new, user=school.ines, role="instructor")
    assert exported(api(school.ines)) == []
