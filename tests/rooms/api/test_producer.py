"""`POST /api/peer/messages/`: peer messages from programs."""

import pytest
from django.conf import settings

from rooms.models import ClassSession, Message
from tests.rooms.api.conftest import refusal
from tests.rooms.cast import body

PATH = "peer/messages/"


def message(**changes):
    return {
        "type": "text",
        "message": "I chose B",
        "course_name": "physics",
        "div_id": "force",
        **changes,
    }


def control(name, **changes):
    return message(type="control", message=name, **changes)


@pytest.fixture
def ines(school, questions, api):
    return api(school.ines)


@pytest.fixture
def talking(school, api, ines):
    """A class in which `ada` and `bea` are partners, and `carl` has none."""
    assert ines.post(PATH, control("enableVote"))[0] == 201
    for name, choice in (("ada", "A"), ("bea", "B")):
        api(school.person(name)).post("courses/physics/vote/", {"choice": choice})
    ines.post(PATH, control("stopVote"))
    ines.post("courses/physics/control/", {"action": "make_partners"})
    assert ines.post(PATH, control("enableChat"))[0] == 201


def test_a_text_goes_to_the_partners(school, api, talking):
    status, answer = api(school.ada).post(PATH, message(time="12:00"))
    stored = Message.objects.filter(kind="text").get()
    assert (status, answer) == (201, body(stored))
    assert (stored.text, stored.sender, stored.room.kind) == ("I chose B", school.ada, "partners")
    assert api(school.bea).get(f"rooms/{stored.room_id}/messages/")[1]["results"] == [answer]


@pytest.mark.parametrize("to", ["bea", ["bea"], [], None])
def test_partners_may_be_named(school, api, talking, to):
    assert api(school.ada).post(PATH, message(to=to))[0] == 201


@pytest.mark.parametrize("to", ["carl", ["bea", "carl"], "ada", "nobody", ""])
def test_others_are_no_partners(school, api, talking, to):
    code = "invalid_message_format" if to == "" else "no_partner"
    assert api(school.ada).refused(PATH, message(to=to))[1] == code
    assert not Message.objects.filter(kind="text").exists()


def test_without_partners(school, api, talking):
    assert api(school.carl).post(PATH, message()) == (
        409,
        {"error_code": "no_partner", "error_message": "Could not find a partner for you"},
    )


def test_without_a_class(school, api):
    assert api(school.ada).refused(PATH, message()) == (409, "no_partner")


def test_the_sender_may_be_named_and_not_forged(school, api, talking):
    ada = api(school.ada)
    assert ada.post(PATH, message(**{"from": "ada"}))[0] == 201
    assert ada.refused(PATH, message(**{"from": "bea"})) == (403, "permission_denied")
    assert Message.objects.filter(kind="text").count() == 1


def test_a_broadcast_goes_to_the_course(school, api, ines):
    status, answer = ines.post(PATH, message(broadcast=True, div_id=""))
    assert (status, answer["room"], answer["kind"]) == (201, str(school.room.id), "text")
    _, page = api(school.carl).get(f"rooms/{school.room.id}/messages/")
    assert page["results"] == [answer]


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
def test_broadcasts_and_steps_are_for_who_leads_the_course(school, questions, api, who):
    caller = api(school.person(who))
    for sent in (message(broadcast=True), control("enableVote"), control("dance")):
        assert caller.refused(PATH, sent) == (403, "permission_denied")
    assert not Message.objects.exists()


@pytest.mark.parametrize("who", ["ivan", "zoe"])
def test_texts_of_strangers(school, api, talking, who):
    assert api(school.person(who)).refused(PATH, message()) == (403, "permission_denied")


def test_steps_through_a_question(school, ines, api, talking):
    api(school.ada).post(PATH, message())
    phases = []
    for name in ("enableRevote", "countDownAndStop", "stopVote", "reveal", "enableNext"):
        status, answer = ines.post(PATH, control(name))
        assert (status, answer["text"], answer["kind"]) == (201, name, "control")
        assert answer == body(Message.objects.filter(kind="control").last())
        phases.append(ClassSession.objects.get().phase)
    assert phases == ["revote", "revote", "revote_closed", "revealed", "idle"]


def test_a_step_in_the_wrong_phase(ines):
    assert ines.refused(PATH, control("reveal")) == (409, "illegal_transition")


def test_a_step_for_a_question_that_does_not_run(school, ines, talking):
    assert ines.refused(PATH, control("enableRevote", div_id="work")) == (
        409,
        "illegal_transition",
    )
    assert ines.post(PATH, control("enableRevote", div_id=""))[0] == 201


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "image"}, "invalid_message_format"),
        ({"message": 5}, "invalid_message_format"),
        ({"message": " "}, "empty_text"),
        ({"message": "a\0"}, "invalid_message_format"),
        ({"message": "a" * 4001}, "text_too_long"),
        ({"course_name": "a b"}, "invalid_message_format"),
        ({"broadcast": 1}, "invalid_message_format"),
        ({"broadcast": True, "to": "bea"}, "invalid_message_format"),
        ({"sender": "bea"}, "invalid_message_format"),
        ({"to": {"bea": 1}}, "invalid_message_format"),
        ({"type": "control", "message": "dance"}, "invalid_message_format"),
        ({"type": "control", "message": "enableVote", "to": "ada"}, "invalid_message_format"),
        ({"type": "control", "message": "enableVote", "div_id": "x"}, "invalid_message_format"),
    ],
)
def test_bodies_that_are_refused(school, ines, changes, code):
    assert ines.refused(PATH, message(**{"broadcast": True, **changes})) == (400, code)
    assert not Message.objects.exists()


@pytest.mark.parametrize("field", ["type", "message", "course_name", "div_id"])
def test_fields_that_must_be_there(ines, field):
    sent = message(broadcast=True)
    del sent[field]
    status, answer = ines.post(PATH, sent)
    assert refusal(status, answer) == (400, "invalid_message_format")
    assert f"`{field}`" in answer["error_message"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [(message(broadcast=True), 201), (message(), 409), (control("reveal"), 409)],
    ids=["broadcast", "to nobody", "step"],
)
def test_the_rate_is_that_of_messages(school, ines, monkeypatch, sent, status):
    monkeypatch.setitem(settings.PEERCHAT, "MESSAGE_BURST", 2)
    monkeypatch.setitem(settings.PEERCHAT, "MESSAGE_RATE", 0.01)
    assert [ines.post(PATH, sent)[0] for _ in range(3)] == [status, status, 429]


@pytest.mark.parametrize("text", ["", " ", "a" * 4001])
def test_a_text_is_checked_before_partners_are_looked_for(school, api, text):
    code = "empty_text" if not text.strip() else "text_too_long"
    assert api(school.ada).refused(PATH, message(message=text)) == (400, code)
    assert api(school.ivan).refused(PATH, message(message=text)) == (403, "permission_denied")
