"""The pages on data: those of a course, those of oneself, and the one that tells what is stored."""

import json
import re
from pathlib import Path

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from rooms import audit_said, ratelimit
from rooms.actions import persons, reports
from rooms.actions.course_settings import archive_course
from rooms.models import (
    AuditEntry,
    Block,
    Consent,
    Deletion,
    Enrollment,
    Message,
    Report,
    Retention,
    StandIn,
)
from rooms.queries import stored, stored_fields
from tests.rooms.school import post
from tests.words import has_word


def client_of(user):
    client = Client()
    client.force_login(user)
    return client


def at(name, *arguments):
    return reverse(f"peerchat:{name}", args=arguments)


LEADERS = ("care", "reports", "audit")


@pytest.mark.parametrize("name", LEADERS)
def test_pages_of_a_course_are_for_those_who_lead_it(school, name):
    for user in (school.ada, school.ivan, school.zoe):
        assert client_of(user).get(at(name, "physics")).status_code == 404
    assert client_of(school.ines).get(at(name, "physics")).status_code == 200
    assistants = 404 if name == "audit" else 200
    assert client_of(school.tess).get(at(name, "physics")).status_code == assistants
    assert Client().get(at(name, "physics")).status_code == 302


def test_retention_and_deletion(school):
    client, place = client_of(school.ines), at("care", "physics")

    def do(**given):
        return client.post(place, given)

    given = {"keep-ends_on": "2026-02-28", "keep-keep_days": "30", "keep-afterwards": "delete"}
    assert do(do="retain", **given).status_code == 302
    assert Retention.objects.get().keep_days == 30
    bad = do(do="retain", **{**given, "keep-keep_days": "-1"})
    assert bad.status_code == 400
    assert b"2026-02-28" in bad.content
    assert do(do="keep").status_code == 302
    assert not Retention.objects.exists()
    assert do(do="archive").status_code == 302
    wrong = do(do="delete", **{"delete-title": "Physic"})
    assert wrong.status_code == 400
    assert b"not the title" in wrong.content
    assert do(do="delete", **{"delete-title": "Physics"}).status_code == 302
    assert Deletion.objects.get().asked_by == school.ines
    assert b"call-off" in client.get(place).content
    assert do(do="call_off").status_code == 302
    assert do(do="nonsense").status_code == 400
    assert client_of(school.tess).post(place, {"do": "restore"}).status_code == 404
    told = client.get(at("audit", "physics")).content.decode()
    assert "deletion of the course" in told
    assert "changed how long the data is kept" in told


def test_reports_are_read_and_settled(school):
    said = post(school.bea, school.room, "<b>You</b> fool")
    made = reports.report(user=school.ada, course="physics", message=said.pk, reason="abuse")
    client = client_of(school.ines)
    page = client.get(at("reports", "physics")).content.decode()
    assert "&lt;b&gt;You&lt;/b&gt; fool" in page
    assert "Bea" in page
    assert AuditEntry.objects.filter(act="report.view", actor=school.ines).count() == 1
    assert client.post(at("reports", "physics"), {"report": made.pk}).status_code == 302
    assert "fool" not in client.get(at("reports", "physics")).content.decode()
    assert "fool" in client.get(at("reports", "physics"), {"show": "settled"}).content.decode()
    assert client.post(at("reports", "physics"), {"report": "x"}).status_code == 404


def test_a_student_consents_reports_and_blocks(school):
    client, place = client_of(school.ada), at("consents", "physics")
    assert client.post(place, {"do": "research", "given": "yes"}).status_code == 302
    assert client.post(place, {"do": "reasons", "given": "yes"}).status_code == 302
    mine = Enrollment.objects.get(user=school.ada)
    assert mine.in_research_since
    assert mine.shares_reasons_since
    assert client.post(place, {"do": "report", "text": "Help"}).status_code == 400
    wrong = client.post(place, {"do": "report", "other": "zoe", "text": "Help"})
    assert wrong.status_code == 400
    assert b"Help" in wrong.content
    given = {"do": "report", "other": "bea", "reason": "spam", "text": "Help"}
    assert client.post(place, given).status_code == 302
    assert Report.objects.get().about == school.bea
    assert client.post(place, {"do": "block", "other": "bea"}).status_code == 302
    assert "Bea" in client.get(place).content.decode()
    # The other is not told.
    assert not has_word(client_of(school.bea).get(place).content.decode(), "Ada")
    assert client_of(school.zoe).get(place).status_code == 404


def test_a_message_in_the_chat_leads_to_a_report(school):
    said = post(school.bea, school.room, "Nasty words")
    other = post(school.bea, school.make_room(school.bea, school.carl), "Between us")
    client, place = client_of(school.ada), at("consents", "physics")
    assert b"Nasty words" in client.get(place, {"message": said.pk}).content
    for wrong in (other.pk, "none"):
        assert b"reported-message" not in client.get(place, {"message": wrong}).content
        given = {"do": "report", "message": wrong, "reason": "spam"}
        assert client.post(place, given).status_code == 400
    for do in ("report", "block"):
        given = {"do": do, "message": said.pk, "reason": "spam"}
        assert client.post(place, given).status_code == 302
    assert Report.objects.get().message == said
    assert Block.objects.get().blocked == school.bea


def test_my_data_has_mine_and_nobody_elses(school):
    post(school.ada, school.room, "Words of Ada")
    post(school.bea, school.room, "Words of Bea")
    reports.report(user=school.bea, course="physics", about="ada", reason="spam", text="secret")
    client = client_of(school.ada)
    assert "Physics" in client.get(at("my_data")).content.decode()
    answer = client.get(at("my_data_download"))
    text = answer.content.decode()
    told = json.loads(text)
    assert told["account"]["username"] == "ada"
    assert "password" not in told["account"]
    assert [one["text"] for one in told["tables"]["peerchat_rooms.Message.sender"]] == [
        "Words of Ada"
    ]
    assert "Words of Bea" not in text
    assert "secret" not in text
    assert told["tables"]["peerchat_rooms.UseLog.user"]


def test_my_data_has_no_words_of_those_whom_one_only_judged(school):
    said = post(school.bea, school.room, "Words of Bea")
    Message.objects.filter(pk=said.pk).update(removed_at=timezone.now(), removed_by=school.tess)
    made = reports.report(
        user=school.bea, course="physics", about="ada", reason="spam", text="secret"
    )
    reports.settle(user=school.tess, course="physics", report=made.pk)
    text = client_of(school.tess).get(at("my_data_download")).content.decode()
    tables = json.loads(text)["tables"]
    assert tables["peerchat_rooms.Message.removed_by"][0]["id"] == str(said.pk)
    assert tables["peerchat_rooms.Report.settled_by"][0]["id"] == made.pk
    assert "Words of Bea" not in text
    assert "secret" not in text


def test_downloads_have_a_rate(school, settings):
    settings.PEERCHAT = {"EXPORT_BURST": 1, "EXPORT_RATE": 0.001}
    for path in (at("my_data_download"), f"{at('marks', 'physics')}?format=csv"):
        ratelimit.exports.reset()
        client = client_of(school.ines)
        assert client.get(path).status_code == 200
        assert client.get(path).status_code == 429
    ratelimit.exports.reset()


def test_somebody_erases_themselves(school):
    school.ada.set_password("a good password")
    school.ada.save()
    post(school.ada, school.room, "Hello")
    client = client_of(school.ada)
    place = at("erase_me")
    assert client.get(place).status_code == 200
    wrong = {"username": "ada", "password": "another"}
    assert client.post(place, wrong).status_code == 400
    assert client.post(place, {"username": "bea", "password": "a good password"}).status_code == 400
    assert User.objects.filter(username="ada").exists()
    done = client.post(place, {"username": "ada", "password": "a good password"})
    assert b"You are erased" in done.content
    assert not User.objects.filter(username="ada").exists()
    assert client.get(at("my_data")).status_code == 302


def test_the_only_instructor_is_told_what_to_do(school):
    page = client_of(school.ines).get(at("erase_me")).content.decode()
    assert "Hand the course over first" in page
    assert "erase-form" not in page


def test_superusers_erase_people_in_the_admin(school, django_user_model):
    root = django_user_model.objects.create_superuser("root", password="x")
    client = client_of(root)
    place = reverse("admin:peerchat_accounts_user_changelist")
    post(school.ada, school.room, "Hello")
    given = {"action": "erase", "_selected_action": [school.ada.pk, school.ines.pk], "index": 0}
    asked = client.post(place, given).content.decode()
    assert "Ada" in asked
    assert User.objects.filter(username="ada").exists()
    told = client.post(place, {**given, "apply": "yes"}, follow=True).content.decode()
    assert "1 person was erased" in told
    assert "Hand the course over first" in told
    assert StandIn.objects.count() == 1
    assert User.objects.filter(username="ines").exists()


def test_each_table_is_told_with_a_sentence(school):
    told = {one.label.split(".")[1]: one for one in stored.tables()}
    missing = [name for name, one in told.items() if not one.why]
    assert missing == []
    left = set(stored.WHY) - set(told) - {"User"}
    assert left == set()
    for model in apps.get_app_config("peerchat_rooms").get_models():
        fields = dict(told[model.__name__].fields)
        for field in model._meta.concrete_fields:
            if not field.primary_key:
                assert fields[str(field.verbose_name)]
    page = client_of(school.ada).get(at("stored")).content.decode()
    assert "how sure you were, from 1 to 5" in page
    assert "one of: Student, Assistant, Instructor" in page


def test_each_text_about_people_is_told_with_a_sentence():
    """Of other fields, their type tells enough."""
    about = {field.model for _, field in persons.relations()}
    missing = [
        f"{model._meta.object_name}.{field.name}"
        for model in about
        if model._meta.app_label.startswith("peerchat_")
        for field in model._meta.concrete_fields
        if not field.primary_key and stored_fields.meaning(field) == "a text"
    ]
    assert missing == []
    known = {
        f"{model._meta.object_name}.{field.name}"
        for app in stored.APPS
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.concrete_fields
    }
    assert set(stored_fields.FIELDS) - known == set()


def consents_of(user):
    page = client_of(user).get(at("consents", "physics")).content.decode()
    return [
        re.search(rf'value="(yes|no)"><button[^>]* value="{one}"', page)[1]
        for one in ("reasons", "research")
    ]


def test_the_page_of_consents_tells_what_holds_and_what_was_said_before(school):
    client, place = client_of(school.ada), at("consents", "physics")
    assert consents_of(school.ada) == ["yes", "yes"]
    assert "What I said before" not in client.get(place).content.decode()
    client.post(place, {"do": "research", "given": "yes"})
    # What the buttons would say next, and the record.
    assert consents_of(school.ada) == ["yes", "no"]
    assert "What I said before" in client.get(place).content.decode()
    archive_course(user=school.ines, course="physics")
    refused = client.post(place, {"do": "reasons", "given": "yes"})
    assert refused.status_code == 400
    assert b"archived" in refused.content
    assert client.post(place, {"do": "research", "given": "no"}).status_code == 302
    assert consents_of(school.ada) == ["yes", "yes"]
    assert [one.withdrawn_at is None for one in Consent.objects.all()] == [False]
    # Those who lead have nothing to consent to.
    told = client_of(school.ines).get(place).content.decode()
    assert "consent-research" not in told
    assert client_of(school.ines).post(place, {"do": "research"}).status_code == 400
    assert client.post(place, {"do": "nonsense"}).status_code == 400
    assert Client().get(place).status_code == 302


def test_a_block_ends_on_the_page_where_it_began(school):
    client, place = client_of(school.ada), at("consents", "physics")
    client.post(place, {"do": "block", "other": "bea"})
    block = Block.objects.get().pk
    client_of(school.bea).post(place, {"do": "unblock", "block": block})
    for wrong in ("", "x", "9" * 30):
        client.post(place, {"do": "unblock", "block": wrong})
    assert Block.objects.exists()
    client.post(place, {"do": "unblock", "block": block})
    assert not Block.objects.exists()


def test_each_act_of_the_audit_has_words():
    words = Path(audit_said.__file__)
    subjects = {act.partition(".")[0] for act in audit_said.ACTS}
    act = re.compile(rf"\"((?:{'|'.join(subjects)})\.[a-z_]+)\"")
    sources = [path.read_text() for path in words.parent.rglob("*.py") if path != words]
    noted = {found for source in sources for found in act.findall(source)} - {"course.csv"}
    assert noted == set(audit_said.ACTS)
    recorded = re.compile(r"\bact=\"([a-z_]+\.[a-z_]+)\"")
    assert {one for source in sources for one in recorded.findall(source)} <= noted


def test_no_report_is_said_in_words(school):
    page = client_of(school.ines).get(at("care", "physics")).content.decode()
    assert "No report is open." in page
    reports.report(user=school.ada, course="physics", about="bea", reason="spam", text="Adverts")
    page = client_of(school.ines).get(at("care", "physics")).content.decode()
    assert "1 report is open." in page
    assert "No report is open." not in page
