"""Every relation to the users has a rule, and every text in which people write is searched."""

from django.db import models

from accounts.models import User
from rooms.actions import person_moves, persons, scrubbing, stand_ins
from rooms.models import Message, Room
from tests.rooms.school import post


def test_each_relation_to_the_users_has_a_rule():
    known = {name for name, _ in persons.relations()}
    assert known == set(persons.RULES)


def test_each_rule_names_a_course_that_can_be_asked_for(school):
    for name, field in persons.relations():
        rule = persons.RULES[name]
        if rule.course:
            found = person_moves.of(field.model, field.name, school.ada, rule.course, school.course)
            assert isinstance(found.count(), int)


# Fields for texts that no student writes, with the reason why nobody is named there.
OTHERS = {
    "Course": "slug title export_key: those who lead name no students there",
    "Question": "the content of questions",
    "QuestionVersion": "the content of questions",
    "Choice": "the content of questions",
    "RightAnswer": "answers",
    "UseLog": "sid act div_id course_id: changed with the ids beside them",
}


def test_texts_by_people_are_searched():
    """A new text of a student must be added to those that are searched."""
    searched = {(model, field) for model, fields, _, _ in scrubbing.TEXTS for field in fields}
    missing = []
    for model in {field.model for _, field in persons.relations()} - {User}:
        if model._meta.app_label != "peerchat_rooms" or model.__name__ in OTHERS:
            continue
        for field in model._meta.concrete_fields:
            if type(field) in (models.TextField, models.CharField) and not field.choices:
                missing.append((model.__name__, field.name))
    told = {(model.__name__, field) for model, field in searched}
    # What has a fixed form, or ends with the person.
    fixed = {
        *(("Room", "pair"), ("Message", "uuid"), ("Message", "pseudonym"), ("Pseudonym", "name")),
        *(("Vote", "choice"), ("Draft", "choice"), ("Take", "first_choice")),
        *(("Take", "second_choice"), ("Enrollment", "seat"), ("Guest", "device")),
        *(("Guest", "link"), ("Exclusion", "code"), ("Exclusion", "device")),
        *(("Invitation", "digest"), ("Invitation", "failure"), ("Reminder", "failure")),
        *(("QuestionFile", "key"), ("QuestionFile", "name"), ("QuestionFile", "format")),
        *(("Picture", "key"), ("Picture", "content_type"), ("Picture", "digest")),
        *(("Picture", "source_digest"), ("ClassSession", "control_message")),
        *(("Report", "pseudonym"), ("Block", "pseudonym")),
        # The uuid of a command, for the seconds in which a round closes.
        ("ClassSession", "closing"),
        # By its rule, it has no names.
        *(("AuditEntry", "act"), ("AuditEntry", "course_slug"), ("AuditEntry", "detail")),
        ("TryOut", "language"),
    }
    assert set(missing) - told - fixed == set()


def test_a_move_within_a_course_leaves_the_others(school):
    other = Room.objects.get(course=school.other_course)
    post(school.ada, school.room, "here")
    Message.objects.create(
        room=other,
        seq=1,
        sender=school.ada,
        uuid="u",
        text="there",
        created_at=school.ada.date_joined,
    )
    stand_in = stand_ins.make(course=school.course)
    persons.move(source=school.ada, target=stand_in, course=school.course)
    assert list(Message.objects.filter(sender=stand_in).values_list("text", flat=True)) == ["here"]
    assert list(Message.objects.filter(sender=school.ada).values_list("text", flat=True)) == [
        "there"
    ]
