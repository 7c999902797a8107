"""The pages of one's own questions: only what the class was shown, and only for oneself."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from rooms import ratelimit
from rooms.actions import takes
from rooms.actions.course_settings import archive_course
from rooms.models import (
    Bookmark,
    ClassSession,
    Enrollment,
    MarkRules,
    Membership,
    Message,
    Pseudonym,
    Question,
    QuestionVersion,
    Release,
    Round,
    Vote,
)
from rooms.queries.revealed import revealed_results
from tests.rooms.api.conftest import Caller, refusal
from tests.rooms.cast import make_question
from tests.rooms.outside import DAY, answer, release
from tests.rooms.term import ask, hold
from tests.words import has_word

PAGE = "/courses/physics/mine/"


def reveal(school, first, minute=20):
    """Store the message of the reveal, as the class was shown it."""
    room = school.room
    room.last_seq += 1
    room.save(update_fields=["last_seq"])
    asked = first.asked
    shown = dict.fromkeys(asked.letters, 0)
    Message.objects.create(
        room=room,
        seq=room.last_seq,
        sender=school.ines,
        uuid=f"reveal-{first.pk}",
        kind="control",
        text="reveal",
        created_at=first.opened_at + timedelta(minutes=minute),
        control={
            "question": {
                "question": first.question.slug,
                "result": {"order": [list(shown), list(shown)], "right": [asked.correct]},
            },
            "histograms": [{**shown, "A": 1, "B": 2}, {**shown, "B": 3}],
            "correct": asked.correct,
        },
    )


@pytest.fixture
def lesson(school):
    """A class with two questions: Ada talked with Bea about the first; Carl is in another group."""
    session = hold(school)
    force = ask(
        session,
        "force",
        {school.ada: "A5 It feels so", school.bea: "B2 By the law", school.carl: "B"},
        {school.ada: "B3 I see it now", school.bea: "B4"},
        groups=({school.ada: 2, school.bea: 1}, {school.carl: 1}),
    )
    QuestionVersion.objects.update(explanation="Because of inertia")
    lift = ask(session, "lift", {school.ada: "A5 Up is up", school.bea: "B"}, minute=30)
    reveal(school, force)
    reveal(school, lift)
    return force, lift


def text(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_one_did_and_what_came_of_it(school, lesson, client):
    client.force_login(school.ada)
    page = text(client, PAGE)
    assert page.count('data-testid="mine-row"') == 2
    page = text(client, f"{PAGE}{lesson[0].pk}/")
    for words in ("It feels so", "I see it now", "Because of inertia", "sure: 5 of 5"):
        assert words in page
    assert page.count('data-testid="own-vote"') == 2
    # Her own talk, but not that of the other group.
    assert page.count('class="mine-line"') == 3
    assert "Words of ada number 1" in page
    assert "Words of carl" not in page
    assert "67 % <small>(2)</small>" in page
    # Nobody lets others see their reasons.
    assert "By the law" not in page


@pytest.mark.parametrize("name", ["ada", "ines"])
def test_the_way_to_what_came_of_a_class(school, client, name):
    """It is one click from the class, where phones have no room for it in the head, and back."""
    client.force_login(getattr(school, name))
    there = "/courses/physics/results/" if name == "ines" else PAGE
    for page in (text(client, "/"), text(client, "/courses/physics/")):
        assert f'href="{there}"' in page
    assert f'href="{there}" data-testid="idle-more"' in text(client, "/courses/physics/")
    assert 'href="/courses/physics/consents/"' in text(client, PAGE)
    assert f'href="{PAGE}"' in text(client, "/courses/physics/consents/")


def test_reasons_of_those_who_share_them_now(school, lesson, client):
    shared = Enrollment.objects.filter(user__in=[school.ada, school.bea])
    shared.update(shares_reasons_since=timezone.now())
    client.force_login(school.carl)
    path = f"{PAGE}{lesson[0].pk}/"
    page = text(client, path)
    # For other answers than his own, and not by name.
    assert "It feels so" in page
    assert "By the law" not in page
    assert not has_word(page, "Ada")
    shared.update(shares_reasons_since=None)
    assert "It feels so" not in text(client, path)


def test_who_missed_it_is_not_told_while_it_is_open_outside_class(school, lesson, client, api):
    force, _ = lesson
    Vote.objects.filter(user=school.bea, round__question=force.question_id).delete()
    Enrollment.objects.filter(user=school.ada).update(shares_reasons_since=timezone.now())
    of = release(school, seeds=[("A", "It seems so")])
    client.force_login(school.bea)
    path = f"{PAGE}{force.pk}/"
    page = text(client, path)
    assert 'data-testid="withheld"' in page
    for words in ("Because of inertia", "It feels so", 'data-testid="bars"', "data-correct"):
        assert words not in page
    assert revealed_results(school.bea, "physics", "force") is None
    _, listed = api(school.bea).get("courses/physics/mine/")
    told = {one["question"]: one["revealed"] for one in listed["results"]}
    assert told == {"force": False, "lift": True}
    # Whoever answered in class knows it, as do those who lead.
    for user in (school.ada, school.ines):
        client.force_login(user)
        assert "Because of inertia" in text(client, path)
        assert revealed_results(user, "physics", "force") is not None
    client.force_login(school.bea)
    answer(school, "bea", of, "B", "B")
    assert "Because of inertia" not in text(client, path), "what convinced is asked before"
    takes.pick(user=school.bea, course="physics", release=of.pk, convinced="thought")
    page = text(client, path)
    assert "Because of inertia" in page
    assert "It feels so" in page


def test_an_earlier_release_does_not_tell_who_is_to_answer_again(school, client):
    make_question(school.course, "force")
    Question.objects.update(explanation="Because of inertia")
    earlier = release(school)
    answer(school, "ada", earlier, "A", "A")
    Release.objects.update(due_at=timezone.now() - DAY / 2)
    later = release(school)
    path = f"/courses/physics/outside/{earlier.pk}/"
    client.force_login(school.bea)
    assert "Because of inertia" not in text(client, path)
    found = client.get(f"/api{path}").json()
    assert (found["result"], found["question"]) == (None, None)
    client.force_login(school.ada)
    assert "Because of inertia" in text(client, path)
    client.force_login(school.bea)
    answer(school, "bea", later, "A", "A")
    assert "Because of inertia" in text(client, path)


def test_who_answered_once_is_not_told_what_was_right(school, client, api):
    """Neither by an earlier release that asks again, nor by a class that saw no result."""
    MarkRules.objects.create(course=school.course, right_first=5, released=100)
    ask(hold(school), "force", {school.bea: "B", school.carl: "A"})
    earlier = release(school)
    answer(school, "ada", earlier, "B")

    def own(user):
        client.force_login(user)
        page = text(client, "/courses/physics/my-marks/")
        found = api(user).get("courses/physics/marks/mine/")[1]
        assert f"of {found['possible']:g} points" in page
        return {(one["released"], "right_first" in one["done"]) for one in found["parts"]}

    assert own(school.bea) == {(False, False)}, "the class saw no result, and asks again outside"
    Release.objects.update(due_at=timezone.now() - DAY / 2)
    assert own(school.ada) == {(False, False), (True, True)}
    assert own(school.bea) == {(False, True)}
    later = release(school)
    assert own(school.ada) == {(False, False), (True, False)}
    assert own(school.bea) == {(False, False)}
    found = client.get(f"/api/courses/physics/outside/{earlier.pk}/").json()
    assert found["result"] is None
    answer(school, "ada", later, "A", "A")
    assert own(school.ada) == {(False, False), (True, True), (True, False)}


def test_the_list_of_questions_keeps_what_is_to_be_answered(school, lesson, api):
    Vote.objects.filter(user=school.bea, round__question=lesson[0].question_id).delete()
    release(school)

    def listed(user):
        found = api(user).get("courses/physics/questions/")[1]["results"]
        return [one["question"] for one in found]

    assert listed(school.bea) == ["lift"]
    assert listed(school.ada) == listed(school.ines) == ["force", "lift"]


def test_no_release_tells_what_the_class_is_asked_again(school, client):
    first = ask(hold(school), "force", {school.bea: "B"})
    of = release(school)
    answer(school, "ada", of, "A", "B")
    client.force_login(school.ada)
    path = f"/api/courses/physics/outside/{of.pk}/"
    assert client.get(path).json()["result"]["correct"] == "B"
    ClassSession.objects.update(ended_at=None, phase="vote", current_round=first)
    assert client.get(path).json()["result"] is None


def test_nothing_is_told_before_the_class_goes_on(school, lesson, client, api):
    force, lift = lesson
    second = Round.objects.get(first=force)
    ClassSession.objects.update(ended_at=None, phase="revote_closed", current_round=second)
    client.force_login(school.ada)
    page = text(client, PAGE)
    assert page.count('data-testid="mine-row"') == 1
    assert client.get(f"{PAGE}{force.pk}/").status_code == 404
    answer = client.post(f"{PAGE}{force.pk}/bookmark/", {"marked": "1"})
    assert answer.status_code == 404
    refused = refusal(*api(school.ada).put("courses/physics/bookmarks/force/", None))
    assert refused == (400, "invalid_message_format")
    _, listed = api(school.ada).get("courses/physics/mine/")
    assert [one["question"] for one in listed["results"]] == ["lift"]
    assert lift.question.slug == "lift"
    ClassSession.objects.update(phase="revealed")
    assert client.get(f"{PAGE}{force.pk}/").status_code == 200


def test_without_a_reveal_nobody_learns_what_is_right(school, lesson, client, api):
    Message.objects.filter(uuid=f"reveal-{lesson[0].pk}").delete()
    client.force_login(school.ada)
    page = text(client, f"{PAGE}{lesson[0].pk}/")
    assert "not-revealed" in page
    for words in ("Because of inertia", "Correct", 'data-testid="bars"', '"tag good"', ">wrong<"):
        assert words not in page
    _, listed = api(school.ada).get("courses/physics/mine/")
    assert [one["first"]["right"] for one in listed["results"]] == [False, None]


def test_the_pages_of_others_are_not_to_be_had(school, lesson, client):
    path = f"{PAGE}{lesson[0].pk}/"
    for name in ("zoe", "ivan"):
        client.force_login(school.person(name))
        assert client.get(PAGE).status_code == 404
        assert client.get(path).status_code == 404
        assert client.post(f"{path}bookmark/", {"marked": "1"}).status_code == 404
    client.force_login(school.ivan)
    assert client.get(f"/courses/chemistry/mine/{lesson[0].pk}/").status_code == 404
    # Those who lead see it as somebody who did nothing.
    client.force_login(school.ines)
    page = text(client, path)
    assert 'data-testid="missed"' in page
    assert 'data-testid="talk"' not in page
    assert client.get(f"{PAGE}{10**30}/").status_code == 404


def test_whoever_was_moved_away_does_not_read_on(school, lesson, client):
    Membership.objects.filter(user=school.ada, room__kind="partners").delete()
    client.force_login(school.ada)
    assert "Words of" not in text(client, f"{PAGE}{lesson[0].pk}/")


def test_partners_of_a_class_with_pseudonyms_have_no_names(school, lesson, client):
    session = ClassSession.objects.get()
    ClassSession.objects.update(has_pseudonyms=True)
    for user, name in ((school.ada, "Blue otter"), (school.bea, "Red heron")):
        Pseudonym.objects.create(session=session, user=user, name=name)
    Message.objects.filter(sender=school.bea).update(text="Why?")
    client.force_login(school.ada)
    page = text(client, f"{PAGE}{lesson[0].pk}/")
    assert "Red heron" in page
    assert not has_word(page, "Bea")


def test_what_to_look_at_again(school, lesson, client, api):
    _, listed = api(school.ada).get("courses/physics/mine/", show="again")
    assert [(one["question"], one["again"]) for one in listed["results"]] == [
        ("lift", "sure_wrong"),
        ("force", "unsure_right"),
    ]
    _, listed = api(school.carl).get("courses/physics/mine/", show="again")
    assert [(one["question"], one["again"]) for one in listed["results"]] == [("lift", "missed")]
    client.force_login(school.ada)
    assert "sure and wrong" in text(client, f"{PAGE}?show=again")
    assert client.get(f"{PAGE}?show=other").status_code == 404


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("FEELS", ["force"]),
        ("inertia", ["force"]),
        ("ada number", ["force"]),
        ("carl number", []),
        ("law", []),
        ("up  is", ["lift"]),
        ("feels up", []),
    ],
)
def test_search(school, lesson, api, words, found):
    QuestionVersion.objects.exclude(question__slug="force").update(explanation="")
    _, listed = api(school.ada).get("courses/physics/mine/", q=words)
    assert [one["question"] for one in listed["results"]] == found


def test_searches_are_limited(school, lesson, client, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "SEARCH_BURST", 1)
    ratelimit.searches.reset()
    client.force_login(school.ada)
    assert client.get(f"{PAGE}?q=force").status_code == 200
    assert client.get(f"{PAGE}?q=force").status_code == 429
    assert client.get(PAGE).status_code == 200
    ratelimit.searches.reset()


def test_bookmarks(school, lesson, client, api):
    client.force_login(school.ada)
    path = f"{PAGE}{lesson[0].pk}/bookmark/"
    for _ in range(2):
        assert client.post(path, {"marked": "1"}).status_code == 302
    assert Bookmark.objects.get().question.slug == "force"
    assert text(client, f"{PAGE}?show=marked").count('data-testid="mine-row"') == 1
    assert client.get(path).status_code == 405
    assert api(school.bea).get("courses/physics/mine/", show="marked")[1]["results"] == []
    assert api(school.ada).delete("courses/physics/bookmarks/force/")[0] == 204
    assert not Bookmark.objects.exists()
    assert api(school.ada).put("courses/physics/bookmarks/force/", None)[0] == 204
    archive_course(user=school.ines, course="physics")
    assert client.post(path, {"marked": "0"}).status_code == 404
    page = text(client, f"{PAGE}{lesson[0].pk}/")
    assert "It feels so" in page
    assert 'data-testid="bookmark"' not in page


def test_a_question_that_was_posed_twice_has_two_results(school, lesson, client):
    again = ask(ClassSession.objects.get(), "force", {school.ada: "A"}, minute=50)
    client.force_login(school.ada)
    assert "not-revealed" in text(client, f"{PAGE}{again.pk}/")
    assert "not-revealed" not in text(client, f"{PAGE}{lesson[0].pk}/")


def test_the_list_takes_few_queries(school, lesson, client, django_assert_max_num_queries):
    client.force_login(school.ada)
    with django_assert_max_num_queries(16):
        client.get(f"{PAGE}?q=force")


@pytest.fixture
def api():
    return Caller
