"""The pages of questions outside class: releasing, answering, talking to a partner."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from rooms.actions.course_settings import archive_course
from rooms.actions.enrollment import enroll
from rooms.models import ClassSettings, Course, Message, NightPair, Release, Seed, Take
from rooms.queries.releases import GRACE
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, REASON, answer, release, share
from tests.rooms.school import EVERYBODY
from tests.words import has_word

RELEASES = "/courses/physics/releases/"
OUTSIDE = "/courses/physics/outside/"


def as_(school, name):
    client = Client()
    client.force_login(school.person(name))
    return client


@pytest.fixture
def question(school):
    return make_question(school.course, "force")


def test_from_release_to_the_result(school, question):
    ines, ada = as_(school, "ines"), as_(school, "ada")
    page = ines.get(RELEASES).content.decode()
    form = {
        "what": "question:force",
        "name": re.search(r'name="name" value="([^"]+)"', page)[1],
        "opens_at": "",
        "due_at": "2999-01-01T10:00",
        "reveals": "at_once",
    }
    refused = ines.post(RELEASES, form)
    assert refused.status_code == 400
    assert "within two years" in refused.content.decode()
    made = ines.post(RELEASES, {**form, "due_at": ""})
    of = Release.objects.get()
    assert made["Location"] == f"{RELEASES}{of.pk}/"
    own = made["Location"]
    seeds = {"do": "seeds", "seed_choice": ["A", "B"], "seed_text": ["", "The third law"]}
    assert ines.post(own, seeds).status_code == 302
    assert Seed.objects.get().text == "The third law"
    take = f"{OUTSIDE}{of.pk}/"
    assert "What is force?" in ada.get(OUTSIDE).content.decode()
    begin = ada.get(take).content.decode()
    assert "choice A" not in begin, "the time counts from the button on"
    assert not Take.objects.exists()
    ada.post(take, {"do": "begin"})
    assert "choice A" in ada.get(take).content.decode()
    assert ada.post(take, {"do": "answer", "reason": "Typed"}).status_code == 400
    wrong = ada.post(take, {"do": "answer", "choice": "Z", "reason": "Typed"})
    assert "Typed" in wrong.content.decode(), "what was typed is still there"
    ada.post(take, {"do": "answer", "choice": "A", "confidence": "4", "reason": "Guess"})
    between = ada.get(take).content.decode()
    assert "The third law" in between
    assert "Correct" not in between
    ada.post(take, {"do": "again", "choice": "B"})
    pick = ada.get(take).content.decode()
    shown = re.search(r'value="(reason:\d+)"', pick)[1]
    assert "Correct" not in pick
    ada.post(take, {"do": "pick", "convinced": shown})
    assert 'data-testid="second-verdict"' in ada.get(take).content.decode()
    told = ines.get(own).content.decode()
    assert "Right: 0 % before, 100 % after." in told
    assert "1 of 1 who saw it" in told
    ines.post(own, {"do": "withdraw"})
    assert ada.get(take).status_code == 404


def test_who_may_see_what(school, question):
    of = release(school, due=None)
    for name in EVERYBODY:
        client = as_(school, name)
        leads, is_in = name in ("tess", "ines"), name not in ("ivan", "zoe")
        for path in (RELEASES, f"{RELEASES}{of.pk}/"):
            assert client.get(path).status_code == (200 if leads else 404)
            assert client.post(path, {"do": "withdraw"}).status_code in (
                (302, 400) if leads else (404,)
            )
        Release.objects.update(withdrawn_at=None)
        for path in (OUTSIDE, f"{OUTSIDE}{of.pk}/"):
            assert client.get(path).status_code == (200 if is_in else 404)
        begun = client.post(f"{OUTSIDE}{of.pk}/", {"do": "begin"}).status_code
        assert begun == (302 if name in ("ada", "bea", "carl") else 400 if is_in else 404)
    assert Take.objects.count() == 3


def test_a_page_of_one_tells_nothing_of_the_answers_of_others(school, question):
    of = release(school, due=None)
    answer(school, "ada", of, "C", "D", reason=REASON)
    page = as_(school, "bea").get(f"{OUTSIDE}{of.pk}/").content.decode()
    answer(school, "bea", of, "A")
    between = as_(school, "bea").get(f"{OUTSIDE}{of.pk}/").content.decode()
    for told in (page, between):
        assert REASON not in told
        assert not has_word(told, "Ada")
    share(school, "ada")
    answer(school, "carl", of, "A")
    shown = as_(school, "carl").get(f"{OUTSIDE}{of.pk}/").content.decode()
    assert REASON in shown
    assert not has_word(shown, "Ada")


def test_partners_without_scripts(school, question):
    ClassSettings.objects.create(course=school.course, pairs_at_night=True)
    of = release(school)
    for name, choice in (("ada", "A"), ("bea", "B")):
        answer(school, name, of, choice)
    take, night = f"{OUTSIDE}{of.pk}/", f"{OUTSIDE}{of.pk}/partner/"
    ada, bea = as_(school, "ada"), as_(school, "bea")
    assert 'data-testid="night-wait"' in ada.get(take).content.decode()
    ada.post(night, {"do": "wait"})
    assert 'data-state="waiting"' in ada.get(take).content.decode()
    bea.post(night, {"do": "wait"})
    assert ada.post(night, {"do": "say", "text": "Why B?"}).status_code == 302
    assert ada.post(night, {"do": "say", "text": " "}).status_code == 400
    told = bea.get(take).content.decode()
    assert "Why B?" in told
    assert 'data-state="talking"' in told
    assert as_(school, "carl").post(night, {"do": "say", "text": "Me"}).status_code == 404
    ada.post(take, {"do": "again", "choice": "A"})
    ada.post(take, {"do": "pick", "convinced": "nothing"})
    assert 'data-state="talking"' not in ada.get(take).content.decode(), "it would load for ever"
    bea.post(night, {"do": "stop"})
    assert NightPair.objects.get().ended_at is not None
    assert 'data-state="ended"' in ada.get(take).content.decode()
    assert Message.objects.filter(text="Why B?").count() == 1


def test_the_end_shows_the_result_to_all(school, question):
    of = release(school)
    answer(school, "ada", of, "A")
    Release.objects.update(due_at=timezone.now())
    assert "Correct" not in as_(school, "ada").get(f"{OUTSIDE}{of.pk}/").content.decode()
    Release.objects.update(due_at=timezone.now() - GRACE)
    for name in ("ada", "bea"):
        assert "Correct" in as_(school, name).get(f"{OUTSIDE}{of.pk}/").content.decode()


def test_reminders_are_asked_for_on_the_list(school, question):
    school.ada.email = "ada@example.org"
    school.ada.save()
    ada = as_(school, "ada")
    assert 'data-testid="reminders-on"' in ada.get(OUTSIDE).content.decode()
    assert ada.post(OUTSIDE, {"reminders": "on"}).status_code == 302
    assert school.enrollment(school.ada).reminded_since is not None
    ada.post(OUTSIDE, {"reminders": "off"})
    assert school.enrollment(school.ada).reminded_since is None
    assert as_(school, "tess").post(OUTSIDE, {"reminders": "on"}).status_code == 404


def counted(client, *pages):
    """Return what pages tell of questions to answer: a number each, 0 if they tell nothing."""
    texts = [client.get(page).content.decode() for page in pages]
    found = [re.search(r"(\d+) questions? to answer", text) for text in texts]
    return [int(one[1]) if one else 0 for one in found]


def test_students_are_told_how_many_questions_they_can_still_answer(school, question):
    pages = ["/", "/courses/physics/", "/courses/physics/mine/", OUTSIDE]
    ada, ines = as_(school, "ada"), as_(school, "ines")
    assert counted(ada, *pages) == [0, 0, 0, 0]
    for name in ("energy", "heat", "light", "sound", "tides"):
        make_question(school.course, name)
    open_, begun, done = (release(school, name) for name in ("force", "energy", "heat"))
    release(school, "light", opens=DAY, due=2 * DAY)
    release(school, "sound", opens=-2 * DAY, due=DAY)
    Release.objects.filter(question__slug="sound").update(due_at=timezone.now())
    gone = release(school, "tides", due=None)
    Release.objects.filter(pk=gone.pk).update(withdrawn_at=timezone.now())
    answer(school, "ada", begun, "A")
    answer(school, "ada", done, "A", "B")
    answer(school, "bea", open_, "A", "B")
    assert counted(ada, *pages) == [2, 2, 2, 2]
    assert counted(ines, *pages) == [0, 0, 0, 0], "who leads the course answers nothing"
    assert counted(as_(school, "ivan"), "/") == [0]
    archive_course(user=school.ines, course="physics")
    assert counted(ada, *pages) == [0, 0, 0, 0]


def test_the_number_for_all_courses_takes_no_query_for_each(
    school, question, django_assert_num_queries
):
    ada = as_(school, "ada")
    ada.get("/")
    with CaptureQueriesContext(connection) as one:
        ada.get("/")
    for number in range(3):
        other = Course.objects.create(slug=f"other-{number}", title="Other")
        enroll(course=other, users=[school.ada])
    release(school)
    with django_assert_num_queries(len(one)):
        assert counted(ada, "/") == [1]
