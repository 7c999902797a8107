"""The audit tells what staff look at and change in the admin."""

import re

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry

from rooms.actions import audit, persons
from rooms.admin.watching import Watched
from rooms.models import AuditEntry, Enrollment, Message, Question, Vote
from tests.rooms.admin.conftest import change_question, make_question, url


def entries():
    found = AuditEntry.objects.exclude(act="marks").order_by("pk")
    return [(one.act, one.detail, one.course and one.course.slug) for one in found]


def test_looks_at_people_are_noted(admin_client, admin_user, taught):
    vote = Vote.objects.first()
    for _ in range(2):
        admin_client.get(url(Vote, "changelist"))
    admin_client.get(url(Vote, "changelist"), {"round__session__course__id__exact": taught.pk})
    admin_client.get(url(Vote, "change", vote.pk))
    message = Message.objects.first()
    admin_client.get(url(Message, "change", message.pk))
    admin_client.get(url(Question, "changelist"))
    admin_client.get(url(AuditEntry, "changelist"))
    assert entries() == [
        ("admin.view", "vote", None),
        ("admin.view", "vote", taught.slug),
        ("admin.view", f"vote {vote.pk}", taught.slug),
        ("admin.view", f"message {message.pk}", taught.slug),
    ]
    assert AuditEntry.objects.get(detail=f"vote {vote.pk}").subject == vote.user
    assert AuditEntry.objects.get(detail="vote", course=None).actor == admin_user


def test_the_audit_is_in_words(admin_client, admin_user, taught):
    audit.record(actor=admin_user, act="marks.view", course=taught)
    audit.record(actor=admin_user, act="flags.view", course=taught)
    entry = AuditEntry.objects.get(act="marks.view")
    row = r'class="field-done[^"]*">(?:<bdi>)?{}<'
    for path, query in (("changelist", {}), ("changelist", {"act": "marks.view"})):
        page = admin_client.get(url(AuditEntry, path), query).content.decode()
        assert re.search(row.format("looked at marks"), page)
        assert bool(re.search(row.format("read flagged messages"), page)) is not bool(query)
        assert 'href="?act=flags.view">read flagged messages' in page
    page = admin_client.get(url(AuditEntry, "change", entry.pk)).content.decode()
    assert "looked at marks" in page
    assert "marks.view" not in page


def test_changes_are_noted(admin_client, admin_user, taught, question, django_user_model):
    change_question(admin_client, question, prompt="Which one?")
    other = django_user_model.objects.create_user("dora")
    added = {"user": other.pk, "course": taught.pk, "role": "student"}
    assert admin_client.post(url(Enrollment, "add"), added).status_code == 302
    place = Enrollment.objects.get(user=other)
    gone = admin_client.post(url(Enrollment, "delete", place.pk), {"post": "yes"})
    assert gone.status_code == 302
    told = [one for one in entries() if not one[0].endswith("view")]
    assert told == [
        ("admin.change", f"question {question.pk}", taught.slug),
        ("admin.add", f"enrollment {place.pk}", taught.slug),
        ("admin.delete", f"enrollment {place.pk}", taught.slug),
    ]
    assert AuditEntry.objects.get(act="admin.delete").subject == other


def test_many_rows_that_are_deleted_at_once_are_noted(admin_client, taught, question):
    other = make_question(taught.__class__.objects.create(slug="optics", title="Optics"))
    spare = Question.objects.create(course=other.course, slug="spare", prompt="?")
    chosen = {"action": "delete_selected", "_selected_action": [other.pk, spare.pk], "post": "yes"}
    admin_client.post(url(Question, "changelist"), chosen)
    gone = [one for one in entries() if one[0] == "admin.delete"]
    assert sorted(gone) == sorted(
        ("admin.delete", f"question {one.pk}", "optics") for one in (other, spare)
    )


def test_nobody_is_noted_by_their_id(admin_user, django_user_model):
    other = django_user_model.objects.create_user("dora")
    LogEntry.objects.log_actions(admin_user.pk, [other], CHANGE, "", single_object=True)
    entry = AuditEntry.objects.get(act="admin.change")
    assert (entry.actor, entry.subject, entry.detail) == (admin_user, other, "user")


def test_each_list_of_people_is_watched():
    about = {field.model for _, field in persons.relations()}
    for model, one in admin.site._registry.items():
        if model in about and model._meta.app_label == "peerchat_rooms":
            assert isinstance(one, Watched), model
