"""The admin of staff who lead a course: nothing of another course, answers least of all."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.forms import ModelChoiceField
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from accounts.models import FailedLogin, Token, User
from rooms.admin.scope import BELONGS
from rooms.models import (
    Choice,
    ClassSession,
    Course,
    Enrollment,
    Pseudonym,
    Question,
    UseLog,
    Worker,
)
from tests.rooms.admin.conftest import change_question, form_of, make_question, teach, url

pytestmark = pytest.mark.django_db

OURS = ("peerchat", "peerchat_accounts", "peerchat_rooms")
ADMINS = {
    model: model_admin
    for model, model_admin in admin.site._registry.items()
    if model._meta.app_label in OURS
}
# They belong to no course: the permissions for them are for the whole site.
OF_THE_SITE = {User, Token, FailedLogin}
SCOPED = sorted(ADMINS.keys() - OF_THE_SITE, key=lambda model: model.__name__)
EDITABLE = [Course, Enrollment, Question]
HEBREW = "אדה"


def rows():
    """The keys of all rows by model, without those of the use log that belong to no course."""
    found = {model: set(model.objects.values_list("pk", flat=True)) for model in SCOPED}
    found[UseLog] -= set(UseLog.objects.filter(course_id="").values_list("pk", flat=True))
    return found


@pytest.fixture
def mine(taught, lead):
    """The rows of the course that is led, by model."""
    return rows()


@pytest.fixture
def others(mine):
    """The rows of another course, by model. Each of its names and texts has the word `zebra`."""
    other = Course.objects.create(slug="zebra101", title="zebra")
    teach(other, make_question(other, "Which zebra?"), ("zebra1", "zebra2", "zebra3"))
    return {model: found - mine[model] for model, found in rows().items()}


@pytest.fixture
def lead(course):
    """An instructor of the course who may do everything that permissions allow."""
    user = User.objects.create_user("lead", is_staff=True)
    Enrollment.objects.create(course=course, user=user, role="instructor")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label__in=OURS))
    return user


@pytest.fixture
def desk(client, lead):
    client.force_login(lead)
    return client


def test_every_model_says_to_which_course_it_belongs():
    of_rooms = set(apps.get_app_config("peerchat_rooms").get_models())
    assert BELONGS.keys() == of_rooms
    assert ADMINS.keys() - OF_THE_SITE <= of_rooms


def test_a_list_has_the_rows_of_the_course_alone(desk, mine, others):
    for model in SCOPED:
        assert others[model]
        response = desk.get(url(model, "changelist"))
        listed = {item.pk for item in response.context["cl"].result_list}
        assert listed == (set() if model is Worker else mine[model]), model
        assert "zebra" not in response.content.decode(), model


def test_the_pages_of_other_objects_do_not_exist(desk, others):
    for model in SCOPED:
        pk = min(others[model])
        for view in ("change", "history", "delete"):
            page = url(model, view, pk)
            # Django refuses first what nobody may do with any object.
            for response in (desk.get(page), desk.post(page, {"post": "yes"})):
                assert response.status_code in (302, 403), page
                assert response.status_code == 403 or response.url == reverse("admin:index")
    assert {model: others[model] - found for model, found in rows().items()} == {
        model: set() for model in SCOPED
    }


def test_the_pages_of_the_course_open_and_offer_nothing_of_another(desk, mine, others):
    for model in SCOPED:
        pages = [url(model, "change", pk) for pk in mine[model] if model is not Worker]
        offered = set()
        for page in (url(model, "add"), *pages):
            response = desk.get(page)
            assert response.status_code == (
                403 if "/add/" in page and model not in EDITABLE else 200
            )
            assert "zebra" not in response.content.decode(), page
            for name, field in fields_of(response):
                if isinstance(field, ModelChoiceField) and field.queryset.model in others:
                    offered.add(name)
                    pks = set(field.queryset.values_list("pk", flat=True))
                    assert not pks & others[field.queryset.model], (page, name)
        assert ("course" in offered) == (model in (Enrollment, Question)), model


def fields_of(response):
    """The fields of all forms of a page, if it has any, without the keys of its rows."""
    if "adminform" not in response.context:
        return []
    forms = [response.context["adminform"].form]
    for inline in response.context["inline_admin_formsets"]:
        forms += inline.formset.forms
    return [item for form in forms for item in form.fields.items() if item[0] != "id"]


def test_the_selected_rows_of_another_course_stay(desk, others):
    for model in EDITABLE:
        picked = list(others[model])
        form = {"action": "delete_selected", "_selected_action": picked, "post": "yes"}
        desk.post(url(model, "changelist"), form)
        assert others[model] <= rows()[model]


def test_a_list_changes_no_row_of_another_course(desk, others):
    for model, field, value in ((Enrollment, "role", "assistant"), (Question, "position", 7)):
        pk = min(others[model])
        form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "_save": "Save"}
        form |= {"form-0-id": pk, f"form-0-{field}": value}
        desk.post(url(model, "changelist"), form)
        assert getattr(model.objects.get(pk=pk), field) != value, model


def test_a_form_changes_no_choice_of_another_course(desk, question, others):
    theirs = Choice.objects.exclude(question=question).first()
    changes = {"choices__0__id": theirs.pk, "choices__0__text": "taken"}
    change_question(desk, question, **changes)
    assert Choice.objects.get(pk=theirs.pk).text == theirs.text
    assert not Choice.objects.filter(text="taken", question=theirs.question).exists()


def test_a_course_is_found_by_typing_if_it_is_led(desk, others):
    asked = {"app_label": "peerchat_rooms", "model_name": "question", "field_name": "course"}
    found = [
        [
            one["text"]
            for one in desk.get(reverse("admin:autocomplete"), asked | term).json()["results"]
        ]
        for term in ({"term": "phys"}, {"term": "zebra"}, {})
    ]
    assert found == [["Physics 101"], [], ["Physics 101"]]


def test_nothing_is_added_to_another_course(desk, others):
    stranger = User.objects.create_user("stranger")
    (course,) = others[Course]
    for model in (Enrollment, Question):
        data = form_of(desk.get(url(model, "add"))) | new_question() | {"user": stranger.pk}
        response = desk.post(url(model, "add"), data | {"course": course, "role": "student"})
        assert "course" in response.context["adminform"].errors, model
        assert rows()[model] == others[model] | {
            item.pk for item in model.objects.exclude(course=course)
        }


def test_staff_who_lead_no_course_see_nothing(desk, lead, mine):
    request = RequestFactory().get("/")
    Enrollment.objects.filter(user=lead).delete()
    for role in (None, "student"):
        if role:
            Enrollment.objects.create(course=Course.objects.get(), user=lead, role=role)
        # A permission, once it was asked for, stays with the user that was read.
        request.user = User.objects.get(pk=lead.pk)
        for model in SCOPED:
            seen = ADMINS[model].get_changelist_instance(request).result_list
            assert not seen, (role, model)
            assert ADMINS[model].has_view_permission(request), (role, model)
    # So it is on a page.
    assert not desk.get(url(Enrollment, "changelist")).context["cl"].result_list


def test_pseudonyms_stay_such_if_the_course_wants_it(desk, admin_client, mine):
    ClassSession.objects.update(lecturers_know=False)
    page = url(Pseudonym, "changelist")
    assert not desk.get(page).context["cl"].result_list
    assert desk.get(url(Pseudonym, "change", min(mine[Pseudonym]))).status_code == 302
    # Superusers run the site, and read its database anyway.
    assert admin_client.get(page).context["cl"].result_list


def new_question():
    choices = {f"choices-{row}-text": text for row, text in enumerate(("up", "down"))}
    return {
        "slug": "scoped",
        "prompt": "Why?",
        "kind": "single",
        "choices-0-is_correct": "on",
    } | choices


def test_the_right_to_questions_is_enough_to_add_one(desk, lead, course, others):
    of_questions = Permission.objects.filter(codename__endswith="_question")
    lead.user_permissions.set(of_questions)
    page = desk.get(url(Question, "add"))
    # Its search would be refused to those who may not view courses.
    assert "admin-autocomplete" not in page.content.decode()
    (offered,) = page.context["adminform"].form.fields["course"].queryset
    data = form_of(page) | new_question() | {"course": offered.pk}
    assert desk.post(url(Question, "add"), data).status_code == 302
    made = Question.objects.get(slug="scoped")
    assert (made.course, made.choices.count()) == (course, 2)
    lead.user_permissions.set(of_questions.filter(codename="view_question"))
    assert desk.get(url(Question, "add")).status_code == 403
    seen = desk.get(url(Question, "change", made.pk))
    (inline,) = seen.context["inline_admin_formsets"]
    assert len(inline.formset.forms) == 2
    assert not inline.has_add_permission
    assert not inline.has_change_permission


def test_those_who_make_a_course_lead_it(desk, lead):
    data = form_of(desk.get(url(Course, "add"))) | {"title": "Optics", "slug": "optics"}
    assert desk.post(url(Course, "add"), data).status_code == 302
    made = Course.objects.get(slug="optics")
    assert made.enrollments.get().role == "instructor"
    assert desk.get(url(Course, "change", made.pk)).status_code == 200


# --- the direction of texts ----------------------------------------------------------------------


def test_a_list_isolates_what_people_wrote(admin_client):
    course = Course.objects.create(slug="physics101", title=HEBREW)
    names = (f"{HEBREW}1", f"{HEBREW}2", f"{HEBREW}3")
    teach(course, make_question(course, HEBREW), names)
    token = Token.objects.create(user=User.objects.get(username=names[0]), digest="0")
    FailedLogin.objects.create(username=names[0], times=1, last_at=token.created_at)
    for model in ADMINS.keys() - {Worker}:
        page = admin_client.get(url(model, "changelist")).content.decode()
        table = page[page.index('id="result_list"') :]
        table = re.sub(r'aria-label="[^"]*"', "", table[: table.index("</table>")])
        assert HEBREW in table, model
        assert HEBREW not in re.sub(r"<bdi>.*?</bdi>", "", table), model
        assert "sortable column-" in table, model


def test_no_mute_tells_whose_a_pseudonym_is(desk, taught):
    muted = Enrollment.objects.exclude(role="instructor").first()
    until = timezone.now() + timedelta(hours=1)
    Enrollment.objects.filter(pk=muted.pk).update(muted_until=until)

    def shown():
        page = desk.get(url(Enrollment, "change", muted.pk)).content.decode()
        (row,) = (
            desk.get(url(Enrollment, "changelist")).context["cl"].result_list.filter(pk=muted.pk)
        )
        column = admin.site.get_model_admin(Enrollment).muted(row)
        assert (f"{localtime(until):%H:%M}" in page) is (column is not None)
        return column

    assert shown() == until
    ClassSession.objects.update(has_pseudonyms=True, lecturers_know=True)
    assert shown() == until
    ClassSession.objects.update(lecturers_know=False, ended_at=timezone.now())
    assert shown() is None
    for lookup in ("muted_until__isnull", "muted_until__gt"):
        answer = desk.get(url(Enrollment, "changelist"), {lookup: "0"})
        assert answer.status_code in (302, 400), lookup
