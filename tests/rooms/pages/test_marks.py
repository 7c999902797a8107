"""The pages of marks: who sees what, and what instructors change."""

import csv
import io
import zipfile

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from rooms.actions.course_making import copy_course
from rooms.actions.course_settings import archive_course
from rooms.models import AuditEntry, ClassSession, Guest, MarkRules
from rooms.queries import marks
from tests.rooms.api.conftest import Caller, refusal
from tests.rooms.term import ask, hold

PAGE = "/courses/physics/marks/"
RULES = {
    "first_vote": "1",
    "second_vote": "0",
    "message": "0",
    "right_first": "1",
    "right_second": "0",
    "dropped": "0",
    "dropped_of": "question",
    "enough": "50",
    "full_mark": "12.5",
    "released": "0",
    "shows_students": "on",
}


@pytest.fixture
def api():
    return Caller


@pytest.fixture
def term(school):
    """Ada is right twice, Bea is wrong once; Carl was not there."""
    return hold_class(school)


def hold_class(school, **fields):
    session = hold(school, **fields)
    ask(session, "force", {school.ada: "B", school.bea: "A"}, {school.ada: "B"})
    return session


def test_who_sees_marks(school, term, client):
    for name, status in (("zoe", 404), ("ivan", 404), ("ada", 404), ("tess", 200), ("ines", 200)):
        client.force_login(school.person(name))
        assert client.get(PAGE).status_code == status
        pk = school.enrollment(school.bea).pk
        assert client.get(f"{PAGE}{pk}/").status_code == status
        assert client.get(f"{PAGE}?format=csv").status_code == status
    assert client.get(f"{PAGE}{school.enrollment(school.tess).pk}/").status_code == 404
    assert client.get(f"{PAGE}{10**30}/").status_code == 404
    client.force_login(school.tess)
    assert client.post(PAGE, RULES).status_code == 404


def test_new_rules_change_all_marks(school, term, client):
    client.force_login(school.ines)
    page = client.get(PAGE).content.decode()
    # Two votes are possible; nobody had partners.
    assert "<strong>100</strong>" in page
    assert client.post(PAGE, RULES).status_code == 302
    page = client.get(PAGE).content.decode()
    assert "<strong>12.50</strong>" in page
    rows = [one.mark for one in marks.of(school.course)]
    assert [float(one.mark) for one in rows] == [12.5, 12.5, 0.0]
    changed = AuditEntry.objects.get(act="marks.rules")
    assert (changed.actor, changed.course) == (school.ines, school.course)
    assert changed.detail == (
        "second_vote: 1 → 0; message: 1 → 0; right_first: 0 → 1; enough: 100 → 50; "
        "full_mark: 100.00 → 12.50"
    )
    client.post(PAGE, RULES)
    assert AuditEntry.objects.filter(act="marks.rules").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"first_vote": "0", "right_first": "0"}, {"enough": "0"}, {"full_mark": "many"}]
)
def test_rules_that_make_no_sense(school, client, wrong):
    client.force_login(school.ines)
    answer = client.post(PAGE, {**RULES, **wrong})
    assert answer.status_code == 400
    assert 'value="12.5"' in answer.content.decode() or "full_mark" in wrong
    assert not MarkRules.objects.exists()


def test_an_archived_course_keeps_its_rules(school, term, client):
    archive_course(user=school.ines, course="physics")
    client.force_login(school.ines)
    assert client.post(PAGE, RULES).status_code == 400
    page = client.get(PAGE)
    assert page.status_code == 200
    assert b"rules-form" not in page.content
    assert not MarkRules.objects.exists()


def test_files_have_no_formulas(school, term, client):
    type(school.ada).objects.filter(pk=school.ada.pk).update(display_name="=1+1")
    client.force_login(school.tess)
    answer = client.get(f"{PAGE}?format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == ["'=1+1", "Bea", "Carl"]
    assert rows[0]["mark"] == "100"
    assert (rows[1]["mark"], rows[1]["percent"], rows[1]["points"]) == ("50", "50", "1")
    assert (rows[0]["second_vote"], rows[0]["second_vote_possible"]) == ("1", "1")
    book = client.get(f"{PAGE}?format=xlsx")
    with zipfile.ZipFile(io.BytesIO(book.content)) as file:
        sheet = file.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    acts = AuditEntry.objects.order_by("pk").values_list("act", "detail", "actor")
    assert list(acts) == [
        ("marks.export", "csv", school.tess.pk),
        ("marks.export", "xlsx", school.tess.pk),
    ]


def test_what_a_mark_is_made_of(school, term, client):
    client.force_login(school.ines)
    client.get(PAGE)
    page = client.get(f"{PAGE}{school.enrollment(school.bea).pk}/").content.decode()
    assert "1 of 2 points, 50 %" in page
    assert page.count('aria-label="done"') == 1
    seen = AuditEntry.objects.filter(act="marks.view").order_by("pk")
    assert list(seen.values_list("subject", flat=True)) == [None, school.bea.pk]


def test_guests_of_the_same_name_are_told_apart(school, term, client):
    client.force_login(school.ines)
    pages = PAGE, f"{PAGE}{school.enrollment(school.bea).pk}/"
    assert not any("Guest" in client.get(page).content.decode() for page in pages)
    Guest.objects.create(user=school.bea, made_at=timezone.now())
    for page in pages:
        assert client.get(page).content.decode().count("Guest <bdi>bea</bdi>") == 1


def test_a_nameless_class_is_only_in_the_sum(school, client):
    hold_class(school, has_pseudonyms=True, lecturers_know=False)
    client.force_login(school.ines)
    page = client.get(f"{PAGE}{school.enrollment(school.bea).pk}/").content.decode()
    assert 'data-testid="nameless"' in page
    assert 'aria-label="done"' not in page
    assert "force" not in page
    client.force_login(school.bea)
    page = client.get("/courses/physics/my-marks/").content.decode()
    assert page.count('aria-label="done"') == 1


def test_students_see_their_own_if_they_may(school, term, client, api):
    client.force_login(school.bea)
    assert "1 of 2 points, 50 %" in client.get("/courses/physics/my-marks/").content.decode()
    status, mark = api(school.bea).get("courses/physics/marks/mine/")
    assert (status, mark["mark"], mark["share"]) == (200, "50.00", 0.5)
    assert [part["done"] for part in mark["parts"]] == [["first_vote"]]
    assert not AuditEntry.objects.exists()
    MarkRules.objects.create(course=school.course, shows_students=False)
    page = client.get("/courses/physics/my-marks/").content.decode()
    assert "marks-hidden" in page
    assert "points" not in page
    for path in ("mine", "rules"):
        refused = refusal(*api(school.bea).get(f"courses/physics/marks/{path}/"))
        assert refused == (403, "permission_denied")
    client.force_login(school.zoe)
    assert client.get("/courses/physics/my-marks/").status_code == 404
    client.force_login(school.tess)
    assert client.get("/courses/physics/my-marks/").url == PAGE


def test_nothing_is_told_while_the_class_is_at_the_question(school, term, client):
    MarkRules.objects.create(course=school.course, right_first=1)
    ClassSession.objects.update(
        ended_at=None, phase="vote_closed", current_round=term.rounds.get(number=1)
    )
    client.force_login(school.ada)
    page = client.get("/courses/physics/my-marks/").content.decode()
    assert "no-mark" in page
    assert "mark-parts" not in page


def test_programs_get_the_same_marks(school, term, api):
    ines = api(school.ines)
    status, listed = ines.get("courses/physics/marks/")
    assert status == 200
    assert [(one["username"], one["mark"]) for one in listed["results"]] == [
        ("ada", "100.00"),
        ("bea", "50.00"),
        ("carl", "0.00"),
    ]
    assert AuditEntry.objects.filter(act="marks.view", actor=school.ines).count() == 1
    status, rules = ines.patch("courses/physics/marks/rules/", {"enough": 50, "full_mark": "6.00"})
    assert (status, rules["enough"], rules["full_mark"]) == (200, 50, "6.00")
    assert ines.get("courses/physics/marks/")[1]["results"][1]["mark"] == "6.00"
    for wrong in ({"enough": 0}, {"full_mark": "0"}, {"full_mark": "NaN"}, {"first": 1}):
        refused = refusal(*ines.patch("courses/physics/marks/rules/", wrong))
        assert refused == (400, "invalid_message_format")
    for name in ("tess", "ada"):
        refused = refusal(*api(school.person(name)).patch("courses/physics/marks/rules/", {}))
        assert refused == (403, "permission_denied")
    assert api(school.ada).get("courses/physics/marks/")[0] == 403


def test_whoever_could_reach_nothing_has_no_mark(school, term, client, api):
    school.course.enrollments.update(joined_at=timezone.now())
    _, listed = api(school.ines).get("courses/physics/marks/")
    assert [one["mark"] for one in listed["results"]] == ["100.00", "100.00", None]


def test_a_copy_of_the_course_has_its_rules(school):
    MarkRules.objects.create(course=school.course, enough=60)
    Group.objects.get(name="Lecturers").user_set.add(school.ines)
    copy = copy_course(user=school.ines, course="physics", title="Physics", slug="physics-27")
    assert MarkRules.of(copy).enough == 60
    assert MarkRules.objects.count() == 2
