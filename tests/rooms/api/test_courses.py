"""Courses, the class and votes over HTTP, one request after the other."""

import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from rooms.models import ClassSession, Enrollment, Message, Question, UseLog, Vote
from tests.pace import patient
from tests.rooms.api.conftest import refusal


@pytest.fixture
def lead(school, questions, api):
    """Sends a control command as the instructor; gives the reply."""
    ines = api(school.ines)

    def send(action, **fields):
        status, body = ines.post("courses/physics/control/", {"action": action, **fields})
        assert status == 200, body
        assert body.pop("status") == "success"
        assert body.pop("uuid")
        assert body.pop("action") == action
        return body

    return send


@pytest.fixture
def vote(school, api):
    def cast(who, choice, **fields):
        return api(school.person(who)).post("courses/physics/vote/", {"choice": choice, **fields})

    return cast


def results(answer):
    status, body = answer
    assert status == 200, body
    return body["results"]


def test_courses(school, api):
    assert api(school.tess).get("courses/") == (
        200,
        {
            "next": None,
            "previous": None,
            "results": [
                {
                    "course": "physics",
                    "title": "Physics",
                    "role": "assistant",
                    "room": str(school.room.id),
                }
            ],
        },
    )
    assert results(api(school.zoe).get("courses/")) == []


@pytest.mark.parametrize("who", ["ivan", "zoe"])
@pytest.mark.parametrize("of", ["questions", "state", "votes", "partners", "sessions", "uselog"])
def test_courses_of_others_are_like_those_that_are_not(school, api, who, of):
    stranger = api(school.person(who))
    assert stranger.get(f"courses/physics/{of}/") == stranger.get(f"courses/nothing/{of}/")
    assert refusal(*stranger.get(f"courses/physics/{of}/")) == (403, "permission_denied")


def test_a_whole_question(school, api, lead, vote):
    assert lead("start_question", question="force") == {"phase": "vote", "epoch": 1}
    for who, choice in (("ada", "A"), ("bea", "B"), ("carl", "A")):
        assert vote(who, choice, confidence=2, rationale=" because ") == (
            200,
            {"round": 1, "choice": choice, "cast_at": pytest.approx(time.time(), abs=patient(5))},
        )
    assert vote("ada", "B")[0] == vote("ada", "A", confidence=4)[0] == 200
    assert lead("stop_vote") == {"phase": "vote_closed", "epoch": 2}
    assert refusal(*vote("ada", "B")) == (409, "round_closed")
    assert lead("make_partners") == {"phase": "vote_closed", "epoch": 2, "groups": 1}
    none = {"course": "physics", "room": None, "partners": []}
    assert api(school.ada).get("courses/physics/partners/") == (
        200,
        {**none, "epoch": 2, "revision": 3},
    )
    assert lead("enable_chat") == {"phase": "discuss", "epoch": 3}
    _, partners = api(school.ada).get("courses/physics/partners/")
    said = {"confidence": 2, "rationale": " because"}
    assert sorted(partners["partners"], key=lambda partner: partner["username"]) == [
        {"username": "bea", "display_name": "Bea", "choice": "B", **said},
        {"username": "carl", "display_name": "Carl", "choice": "A", **said},
    ]
    assert api(school.ada).post(f"rooms/{partners['room']}/messages/", {"text": "hi"})[0] == 201
    lead("start_revote")
    for who in ("ada", "bea"):
        assert vote(who, "B") == (
            200,
            {"round": 2, "choice": "B", "cast_at": pytest.approx(time.time(), abs=patient(5))},
        )
    lead("stop_vote")
    lead("reveal")
    status, state = api(school.ada).get("courses/physics/state/")
    assert status == 200
    assert state.pop("server_time") == pytest.approx(time.time(), abs=patient(5))
    assert [one.pop("cast_at") for one in state["votes"]] == [
        vote.cast_at.timestamp() for vote in Vote.objects.filter(user=school.ada).order_by("round")
    ]
    assert state == {
        "course": "physics",
        "message": "reveal",
        "phase": "revealed",
        "epoch": 6,
        "revision": 7,
        "question": {
            "question": "force",
            "prompt": "What is force?",
            "kind": "single",
            "choices": [{"choice": letter, "text": f"choice {letter}"} for letter in "ABCD"],
        },
        "round": 2,
        "deadline": None,
        "votes": [
            {"choice": "A", "confidence": 4, "rationale": ""},
            {"choice": "B", "confidence": None, "rationale": ""},
        ],
        "draft": None,
        "muted_until": None,
        "room": partners["room"],
        "partners": partners["partners"],
        "group": 1,
        "correct": "B",
        "histograms": [{"A": 2, "B": 1, "C": 0, "D": 0}, {"A": 0, "B": 2, "C": 0, "D": 0}],
    }
    figures = lead("figures")
    assert figures["votes"] == [3, 2]
    assert figures["gain"] == 1.0
    mine = results(api(school.ada).get("courses/physics/votes/"))
    assert [(v["question"], v["round"], v["choice"], v["confidence"]) for v in mine] == [
        ("force", 2, "B", None),
        ("force", 1, "A", 4),
    ]
    assert mine[1]["session"] == ClassSession.objects.get().pk
    rows = list(UseLog.objects.filter(event="vote").order_by("pk").values_list("sid", "act"))
    assert rows[:2] == [("ada", "A:vote1"), ("bea", "B:vote1")]


def test_classes_and_their_counts(school, api, lead, vote):
    lead("start_question", question="force")
    vote("ada", "A")
    vote("bea", "B")
    lead("stop_vote")
    # An edit changes nothing of what was asked.
    Question.objects.filter(slug="force").update(prompt="What is a force?")
    lead("next_question", question="work")
    (told,) = results(api(school.ines).get("courses/physics/sessions/"))
    session = ClassSession.objects.get()
    first, second = session.rounds.order_by("pk")
    choices = [{"choice": letter, "text": f"choice {letter}"} for letter in "ABCD"]
    assert told == {
        "session": session.pk,
        "started_at": session.started_at.timestamp(),
        "ended_at": None,
        "phase": "vote",
        "epoch": 3,
        "rounds": [
            {
                "question": "force",
                "prompt": "What is force?",
                "kind": "single",
                "choices": choices,
                "round": 1,
                "correct": "B",
                "opened_at": first.opened_at.timestamp(),
                "closed_at": first.closed_at.timestamp(),
                "votes": 2,
                "histogram": {"A": 1, "B": 1},
                "right": ["B"],
            },
            {
                "question": "work",
                "prompt": "What is work?",
                "kind": "single",
                "choices": choices,
                "round": 1,
                "correct": "B",
                "opened_at": second.opened_at.timestamp(),
                "closed_at": None,
                "votes": 0,
                "histogram": {},
                "right": ["B"],
            },
        ],
    }
    (students,) = results(api(school.ada).get("courses/physics/sessions/"))
    for round_ in told["rounds"]:
        del round_["correct"], round_["votes"], round_["histogram"], round_["right"]
    assert students == told


def test_students_see_what_was_revealed(school, api, lead):
    def seen(who):
        return [
            (question["question"], question["correct"])
            for question in results(api(school.person(who)).get("courses/physics/questions/"))
        ]

    everything = [("force", "B"), ("work", "B")]
    assert seen("ines") == seen("tess") == everything
    assert seen("ada") == []
    lead("start_question", question="force")
    lead("stop_vote")
    assert seen("ada") == []
    lead("reveal")
    assert seen("ada") == [("force", "B")]
    lead("next_question", question="work")
    assert seen("ada") == [("force", "B")]
    # A question that was left without being revealed stays hidden.
    lead("stop_vote")
    lead("next_question")
    assert seen("ada") == [("force", "B")]
    # One that is posed again is hidden again, until it is revealed again.
    lead("start_question", question="force")
    assert seen("ada") == []
    assert seen("ines") == everything


def test_titles_are_for_those_who_lead_the_course(school, api, lead):
    Question.objects.filter(slug="force").update(title="Newton's third law")
    lead("start_question", question="force")
    lead("stop_vote")
    lead("reveal")

    def titles(who):
        found = results(api(school.person(who)).get("courses/physics/questions/"))
        return [one.get("title") for one in found]

    assert titles("ines") == titles("tess") == ["Newton's third law", None]
    assert titles("ada") == [None]


def test_a_question_in_full(school, api, lead):
    assert results(api(school.ines).get("courses/physics/questions/", limit=1)) == [
        {
            "question": "force",
            "prompt": "What is force?",
            "kind": "single",
            "choices": [{"choice": letter, "text": f"choice {letter}"} for letter in "ABCD"],
            "correct": "B",
            "quick": False,
            "right": ["B"],
        }
    ]


def test_asking_for_the_state_closes_the_round_that_is_due(school, api, lead, vote):
    lead("start_question", question="force", seconds=60)
    assert api(school.ada).get("courses/physics/state/")[1]["phase"] == "vote"
    ClassSession.objects.update(deadline=timezone.now() - timedelta(seconds=1))
    assert refusal(*vote("ada", "A")) == (409, "round_closed")
    _, state = api(school.ada).get("courses/physics/state/")
    assert (state["phase"], state["message"], state["epoch"]) == ("vote_closed", "stopVote", 2)


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
def test_only_who_leads_the_course_moves_it(school, questions, api, who):
    caller = api(school.person(who))
    for command in ({"action": "start_question", "question": "force"}, {"action": "figures"}):
        assert caller.refused("courses/physics/control/", command) == (403, "permission_denied")
    assert not ClassSession.objects.exists()


def test_an_assistant_may(school, questions, api):
    status, _ = api(school.tess).post(
        "courses/physics/control/", {"action": "start_question", "question": "force"}
    )
    assert status == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_message_format")),
        ([], (400, "invalid_message_format")),
        ({"action": 5}, (400, "invalid_message_format")),
        ({"action": "dance"}, (400, "unknown_action")),
        ({"action": "new_message", "room": "x", "text": "y"}, (400, "unknown_action")),
        ({"action": "stop_vote", "uuid": ""}, (400, "invalid_message_format")),
        ({"action": "stop_vote", "course": "physics"}, (400, "invalid_message_format")),
        ({"action": "start_question"}, (400, "invalid_message_format")),
        ({"action": "start_question", "question": "none"}, (400, "invalid_message_format")),
        ({"action": "make_partners", "group_size": 9}, (400, "invalid_message_format")),
        ({"action": "announce", "text": " "}, (400, "empty_text")),
        ({"action": "announce", "text": "a\0b"}, (400, "invalid_message_format")),
        ({"action": "stop_vote"}, (409, "illegal_transition")),
        (
            {"action": "start_question", "question": "force", "epoch": 7},
            (409, "illegal_transition"),
        ),
    ],
)
def test_control_commands_that_are_refused(school, questions, api, body, expected):
    assert api(school.ines).refused("courses/physics/control/", body) == expected
    assert not Message.objects.exists()


def test_a_refused_step_names_the_phase_that_stands(school, api, lead):
    lead("start_question", question="force")
    status, body = api(school.ines).post("courses/physics/control/", {"action": "reveal"})
    assert (status, body["phase"], body["epoch"]) == (409, "vote", 1)


def test_a_command_that_comes_again_does_nothing(school, api, lead):
    command = {"action": "start_question", "question": "force", "uuid": "one"}
    ines = api(school.ines)
    first = ines.post("courses/physics/control/", command)
    assert first == (
        200,
        {
            "uuid": "one",
            "action": "start_question",
            "status": "success",
            "phase": "vote",
            "epoch": 1,
        },
    )
    assert ines.post("courses/physics/control/", command) == first
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, (400, "invalid_message_format")),
        ({"choice": 1}, (400, "invalid_message_format")),
        ({"choice": "Z"}, (400, "invalid_choice")),
        ({"choice": "\0"}, (400, "invalid_choice")),
        ({"choice": "A", "confidence": 6}, (400, "invalid_message_format")),
        ({"choice": "A", "rationale": "a\0"}, (400, "invalid_message_format")),
        ({"choice": "A", "rationale": "a" * 1001}, (400, "text_too_long")),
        ({"choice": "A", "course": "physics"}, (400, "invalid_message_format")),
        ({"choice": "A", "round": 3}, (400, "invalid_message_format")),
        ({"choice": "A", "round": 2}, (409, "round_closed")),
        ({"choice": "A", "question": "work"}, (409, "round_closed")),
    ],
)
def test_votes_that_are_refused(school, api, lead, body, expected):
    lead("start_question", question="force")
    assert api(school.ada).refused("courses/physics/vote/", body) == expected
    assert not Vote.objects.exists()


@pytest.mark.parametrize("who", ["tess", "ines", "ivan", "zoe"])
def test_only_students_vote(school, lead, vote, who):
    lead("start_question", question="force")
    assert refusal(*vote(who, "A")) == (403, "permission_denied")


def test_voting_too_fast(school, lead, vote, monkeypatch):
    monkeypatch.setitem(settings.PEERCHAT, "VOTE_BURST", 2)
    monkeypatch.setitem(settings.PEERCHAT, "VOTE_RATE", 0.01)
    lead("start_question", question="force")
    assert [vote("ada", "A")[0] for _ in range(3)] == [200, 200, 429]
    assert vote("bea", "A")[0] == 200


def test_who_is_taken_out_of_the_course_is_a_stranger(school, api):
    ada = api(school.ada)
    Enrollment.objects.get(user=school.ada).delete()
    assert refusal(*ada.get("courses/physics/state/")) == (403, "permission_denied")


def test_a_quick_question_is_asked_marked_and_kept(school, api, lead, vote):
    asked = lead("quick_question", choices=["up", ""], seconds=60)
    assert asked == {"phase": "vote", "epoch": 1, "question": "quick-1"}
    assert vote("ada", "B")[0] == 200
    assert lead("set_correct", choice="B") == {"phase": "vote", "epoch": 1}
    assert results(api(school.ada).get("courses/physics/questions/")) == []
    *_, listed = results(api(school.ines).get("courses/physics/questions/"))
    assert (listed["question"], listed["quick"], listed["correct"]) == ("quick-1", True, "B")
    lead("stop_vote")
    lead("reveal")
    assert lead("set_correct", choice="A") == {"phase": "revealed", "epoch": 4}
    assert api(school.ada).get("courses/physics/state/")[1]["correct"] == "A"
    for who in ("ada", "ivan"):
        refused = api(school.person(who)).post("courses/physics/questions/quick-1/keep/", {})
        assert refusal(*refused) == (403, "permission_denied")
    status, kept = api(school.tess).post("courses/physics/questions/quick-1/keep/", {})
    assert (status, kept["quick"], kept["correct"]) == (200, False, "A")
    refused = api(school.tess).post("courses/physics/questions/none/keep/", {})
    assert refusal(*refused) == (400, "invalid_message_format")
