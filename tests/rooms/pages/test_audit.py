"""Each page, file and endpoint that tells what single students did leaves an entry in the audit."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from rooms.actions import audit
from rooms.models import AuditEntry, ClassSession, Enrollment, Flag, Message, Pseudonym
from rooms.ratelimit import exports as limit
from tests.rooms.the_class import make_the_class

PAGES, API = "/courses/statics/", "/api/courses/statics/"


@pytest.fixture
def made(db):
    limit.reset()
    made = make_the_class()
    made.course.audit.all().delete()
    return made


def noted(made, client, path, post=None):
    """The acts and details that one look leaves."""
    client.force_login(made.ines)
    answer = client.get(path) if post is None else client.post(path, post)
    assert answer.status_code == 200
    if answer.streaming:
        list(answer)
    entries = AuditEntry.objects.filter(actor=made.ines, course=made.course)
    return list(entries.values_list("act", "detail"))


@pytest.mark.parametrize(
    ("path", "act"),
    [
        (f"{PAGES}marks/", "marks.view"),
        (f"{PAGES}marks/?format=csv", "marks.export"),
        (f"{PAGES}marks/?format=xlsx", "marks.export"),
        (f"{API}marks/", "marks.view"),
        (f"{API}export/?names=real", "export.download"),
        (f"{API}uselog/", "uselog.download"),
    ],
)
def test_looks_are_noted(made, client, path, act):
    assert [one for one, _ in noted(made, client, path)] == [act]


def test_a_look_at_one_student_names_them(made, client):
    place = Enrollment.objects.get(course=made.course, user=made.students["ada"])
    noted(made, client, f"{PAGES}marks/{place.pk}/")
    assert AuditEntry.objects.get(act="marks.view").subject == made.students["ada"]


def test_reasons_are_noted_once_they_have_names(made, client):
    path = f"{PAGES}results/questions/{next(iter(made.rounds))}/"
    assert noted(made, client, path) == []
    (entry,) = noted(made, client, f"{path}?names=1")
    assert entry[0] == "results.view"


def test_the_log_says_with_which_names(made, client):
    noted(made, client, f"{API}uselog/?as=jsonl&names=pseudonyms")
    assert AuditEntry.objects.get().detail == "jsonl, pseudonyms"


def test_the_dashboard_is_noted_once_in_ten_minutes(made, client):
    """Groups with the answers of their members, flagged messages, and whose pseudonyms are."""
    session = ClassSession.objects.get(pk=made.rounds[next(iter(made.rounds))].session_id)
    Pseudonym.objects.create(session=session, user=made.students["ada"], name="Blue otter")
    message = Message.objects.filter(kind="text").first()
    Flag.objects.create(message=message, user=made.students["ben"], raised_at=timezone.now())
    for _ in range(3):
        for path in ("flags", "pseudonyms"):
            noted(made, client, f"{API}{path}/")
    acts = sorted(AuditEntry.objects.values_list("act", flat=True))
    assert acts == ["flags.view", "pseudonyms.view"]
    AuditEntry.objects.update(at=timezone.now() - timedelta(minutes=11))
    noted(made, client, f"{API}flags/")
    assert AuditEntry.objects.filter(act="flags.view").count() == 2


def test_sums_are_not_noted(made, client):
    for path in (f"{PAGES}results/", f"{API}results/", f"{PAGES}exports/", f"{PAGES}care/"):
        assert noted(made, client, path) == []


def test_old_entries_go(made, capsys, settings):
    settings.PEERCHAT = {"AUDIT_DAYS": 30}
    for days in (31, 29):
        audit.record(actor=made.ines, act="marks.export", course=made.course, detail=str(days))
        at = timezone.now() - timedelta(days=days)
        AuditEntry.objects.filter(detail=str(days)).update(at=at)
    call_command("apply_retention")
    assert AuditEntry.objects.count() == 2
    assert "too old: 1" in capsys.readouterr().out
    call_command("apply_retention", "--yes")
    assert [one.detail for one in AuditEntry.objects.all()] == ["29"]
