import re
from datetime import timedelta
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from rooms.actions.enrollment import enroll
from rooms.actions.questions import version_of
from rooms.actions.session import control
from rooms.admin.courses import INLINE_ROWS
from rooms.models import (
    AuditEntry,
    Block,
    Bookmark,
    Choice,
    ClassSession,
    ClassSettings,
    Connection,
    Consent,
    Conviction,
    Course,
    Deletion,
    Draft,
    Enrollment,
    Exclusion,
    Flag,
    FormerGroup,
    FormerSlug,
    Guest,
    Invitation,
    JoinCode,
    KnownAddress,
    MarkRules,
    Membership,
    Mention,
    Message,
    NightPair,
    PairingMember,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    Question,
    QuestionFile,
    QuestionVersion,
    Release,
    Reminder,
    Report,
    Retention,
    RightAnswer,
    Room,
    RosterEntry,
    Round,
    Screen,
    Seed,
    ShownArgument,
    ShownReason,
    StandIn,
    Take,
    TryOut,
    TryOutStudent,
    UseLog,
    Vote,
    Worker,
)
from rooms.queries import classroom
from rooms.wire.commands import Reveal, StartQuestion, StopVote
from tests.rooms.admin.conftest import change_question, form_of, url

pytestmark = pytest.mark.django_db

HISTORY = [
    AuditEntry,
    ClassSession,
    ClassSettings,
    Connection,
    Conviction,
    Deletion,
    Draft,
    Exclusion,
    Flag,
    FormerSlug,
    Guest,
    Invitation,
    JoinCode,
    KnownAddress,
    MarkRules,
    Membership,
    Mention,
    Message,
    PairingRule,
    Partner,
    PartnerGroup,
    Picture,
    Pseudonym,
    QuestionVersion,
    Release,
    Report,
    Retention,
    RightAnswer,
    Room,
    RosterEntry,
    Round,
    Screen,
    Take,
    UseLog,
    Vote,
    Worker,
]
EDITABLE = [Course, Enrollment, Question]
SEEN = sorted([*HISTORY, *EDITABLE], key=lambda model: model.__name__)


def errors_of(response):
    return str(response.context["errors"])


def test_every_model_is_in_the_admin():
    registered = {
        model for model in admin.site._registry if model._meta.app_label == "peerchat_rooms"
    }
    # Choices, seeds and members of rules are within what they belong to; files, try-outs, what can
    # be undone, and what the hall or a student is shown come and go by themselves.
    elsewhere = {
        Choice,
        FormerGroup,
        PairingMember,
        QuestionFile,
        Seed,
        ShownArgument,
        TryOut,
        TryOutStudent,
    }
    elsewhere |= {NightPair, Reminder, ShownReason}
    # What people decided for themselves, and who stands in for somebody, is nobody's to look up.
    elsewhere |= {Block, Bookmark, Consent, StandIn}
    assert registered | elsewhere == set(apps.get_app_config("peerchat_rooms").get_models())
    assert registered == set(SEEN)


# Each of these goes through all models, as the course takes longer to make than a page.


def listed(model, user, query):
    """Return the rows of a list of the admin with this query, without the page around them."""
    request = RequestFactory().get(url(model, "changelist") + query)
    request.user = user
    return list(admin.site.get_model_admin(model).get_changelist_instance(request).result_list)


def test_lists_show_search_and_filter(admin_client, admin_user, taught):
    for model in SEEN:
        shows_searches_and_filters(model, admin_client, admin_user)


def shows_searches_and_filters(model, admin_client, admin_user):
    response = admin_client.get(url(model, "changelist"))
    assert response.status_code == 200
    assert len(response.context["cl"].result_list) == model.objects.count() > 0
    model_admin = admin.site.get_model_admin(model)
    if model is not Worker:
        assert model_admin.search_fields
        assert admin_client.get(url(model, "changelist"), {"q": "ada"}).status_code == 200
    together = {}
    for spec in response.context["cl"].filter_specs:
        *choices, last = spec.choices(response.context["cl"])
        for choice in (*choices, last):
            # A filter that does not work raises an exception.
            assert len(listed(model, admin_user, choice["query_string"])) <= model.objects.count()
        together |= dict(parse_qsl(last["query_string"].removeprefix("?")))
    if together:
        # One page with all of its filters, as each page takes long.
        filtered = admin_client.get(url(model, "changelist"), together)
        assert filtered.status_code == 200, (model, together)


def test_every_column_that_is_computed_sorts_or_says_it_does_not(admin_user, taught):
    for model in SEEN:
        columns = len(admin.site.get_model_admin(model).list_display)
        for column in range(1, columns + 1):
            found = listed(model, admin_user, f"?o={column}")
            assert len(found) == model.objects.count(), (model, column)


def test_pages_of_objects_open(admin_client, taught):
    for model in SEEN:
        response = admin_client.get(url(model, "change", model.objects.first().pk))
        assert response.status_code == 200, model


def test_lists_do_not_query_row_by_row(
    admin_client, taught, question, django_assert_max_num_queries
):
    session = ClassSession.objects.get()
    now = timezone.now()
    tomorrow = now + timedelta(days=1)
    room = Room.objects.get(kind="partners")
    for number in range(8):
        user = User.objects.create_user(f"more{number}")
        later = now + timedelta(seconds=number)
        enrolled = Enrollment.objects.create(course=taught, user=user)
        RosterEntry.objects.create(course=taught, user=user, enrollment=enrolled, added_at=later)
        Invitation.objects.create(
            course=taught,
            user=user,
            kind="mail",
            digest=f"{number + 10**6:064}",
            made_at=later,
            expires_at=later,
        )
        more = Question.objects.create(course=taught, slug=f"q{number}", prompt="?")
        version = version_of(more)
        RightAnswer.objects.create(version=version, name=uuid4(), given_by=user, given_at=later)
        other = Course.objects.create(slug=f"c{number}", title=f"Course {number}")
        FormerSlug.objects.create(course=other, slug=f"f{number}", left_at=later)
        JoinCode.objects.create(course=other, code=f"BBBBB{number}", made_at=later)
        Guest.objects.create(user=user, made_at=later)
        Exclusion.objects.create(course=taught, code="", user=user, removed_at=later)
        KnownAddress.objects.create(course=other, address="192.0.2.1")
        Screen.objects.create(course=other)
        Picture.objects.create(course=other, width=3, height=2, size=9, made_by=user)
        ClassSession.objects.create(course=other, started_at=now, changed_at=now, controller=user)
        round_ = Round.objects.create(
            session=session, question=question, version=version, number=1, opened_at=later
        )
        Vote.objects.create(round=round_, user=user, choice="A", cast_at=later)
        Draft.objects.create(round=round_, user=user, choice="A", sent_at=later)
        own = Room.objects.create(course=other, kind="partners")
        group = PartnerGroup.objects.create(round=round_, number=1, room=own, formed_at=later)
        Partner.objects.create(group=group, round=round_, user=user)
        message = Message.objects.create(
            room=room, seq=number + 2, sender=user, uuid="u", text="?", created_at=later
        )
        Mention.objects.create(message=message, user=user)
        Flag.objects.create(message=message, user=user, raised_at=later)
        Conviction.objects.create(round=round_, user=user, by="nothing", said_at=later)
        Pseudonym.objects.create(session=session, user=user, name=f"Fox {number}")
        ClassSettings.objects.create(course=other)
        MarkRules.objects.create(course=other)
        Retention.objects.create(course=other, ends_on=later)
        Deletion.objects.create(course=other, asked_by=user, asked_at=now, due_at=tomorrow)
        release = Release.objects.create(
            course=taught,
            question=more,
            version=version,
            name=uuid4(),
            released_by=user,
            released_at=later,
            opens_at=later,
        )
        Take.objects.create(release=release, user=user, started_at=later)
        Report.objects.create(
            course=taught, reporter=user, about=session.controller, reason="spam", made_at=later
        )
        AuditEntry.objects.create(
            at=later,
            actor=user,
            act="marks.view",
            course=other,
            course_slug=other.slug,
            subject=session.controller,
        )
        rule = PairingRule.objects.create(course=other, kind="never")
        rule.members.create(user=user)
        UseLog.objects.create(timestamp=later, sid=user.username, event="join", act="")
        Worker.objects.create(seen_at=later)
        Connection.objects.create(
            id=f"7d444840-9dc0-11d1-b245-5ffdce74fa0{number}",
            worker=Worker.objects.latest("seen_at"),
            user=user,
            opened_at=later,
        )
    for model in SEEN:
        with django_assert_max_num_queries(15):
            response = admin_client.get(url(model, "changelist"))
        assert len(response.context["cl"].result_list) > 8, model


def test_history_is_read_only(admin_client, taught):
    for model in HISTORY:
        pk = model.objects.first().pk
        before = list(model.objects.order_by("pk").values())
        selected = {"action": "delete_selected", "_selected_action": [pk], "post": "yes"}
        assert admin_client.get(url(model, "add")).status_code == 403, model
        assert admin_client.post(url(model, "change", pk), {}).status_code == 403, model
        deleted = admin_client.post(url(model, "delete", pk), {"post": "yes"})
        assert deleted.status_code == 403, model
        admin_client.post(url(model, "changelist"), selected)
        assert list(model.objects.order_by("pk").values()) == before, model


def test_a_course_that_was_taught_cannot_be_deleted(admin_client, taught):
    admin_client.post(url(Course, "delete", taught.pk), {"post": "yes"})
    assert Course.objects.filter(pk=taught.pk).exists()
    assert Message.objects.count() == 1


def test_a_student_who_voted_cannot_be_deleted(admin_client, taught):
    ada = User.objects.get(username="ada")
    admin_client.post(
        reverse("admin:peerchat_accounts_user_delete", args=[ada.pk]), {"post": "yes"}
    )
    assert User.objects.filter(pk=ada.pk).exists()


def test_a_course_made_by_mistake_can_be_deleted(admin_client, course, question):
    response = admin_client.post(url(Course, "delete", course.pk), {"post": "yes"})
    assert response.status_code == 302
    assert not Course.objects.exists()
    assert not Room.objects.exists()


def test_a_course_where_something_was_said_cannot_be_deleted(admin_client, admin_user, course):
    room = course.rooms.get()
    Message.objects.create(
        room=room, seq=1, sender=admin_user, uuid="u", text="Hello", created_at=timezone.now()
    )
    admin_client.post(url(Course, "delete", course.pk), {"post": "yes"})
    assert Course.objects.exists()


@pytest.mark.parametrize("selected", [False, True])
def test_the_course_of_a_rehearsal_goes_with_its_people(admin_client, admin_user, taught, selected):
    enroll(course=taught, users=[admin_user])
    for name in ("ada", "ben"):
        number = {"ada": 1, "ben": 2}[name]
        User.objects.filter(username=name).update(username=f"physics101-{number}")
    lead = User.objects.create_user("physics101-instructor")
    enroll(course=taught, users=[lead], role="instructor")
    # Somebody whom a rehearsal made, and who is somewhere else since.
    enroll(course=Course.objects.create(slug="optics", title="Optics"), users=[lead])
    post = {"post": "yes"}
    page = url(Course, "delete", taught.pk)
    admin_client.post(page, post)
    assert Course.objects.filter(pk=taught.pk).exists()  # it has a title of its own

    Course.objects.filter(pk=taught.pk).update(title="Rehearsal")
    if selected:
        page = url(Course, "changelist")
        post |= {"action": "delete_selected", "_selected_action": [taught.pk]}
        asked = admin_client.post(page, {key: post[key] for key in post if key != "post"})
    else:
        asked = admin_client.get(page)
    assert "with everything in it and the 2 users made for it" in asked.content.decode()
    assert admin_client.post(page, post).status_code == 302
    assert [course.slug for course in Course.objects.all()] == ["optics"]
    left = set(User.objects.values_list("username", flat=True))
    assert left == {"admin", "carol", "physics101-instructor"}
    assert not Vote.objects.exists()
    assert not Message.objects.exists()


def test_those_who_may_not_see_are_shown_nothing(client, taught):
    clerk = User.objects.create_user("clerk", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_course"))
    client.force_login(clerk)
    assert client.get(url(Course, "changelist")).status_code == 200
    assert client.get(url(Message, "changelist")).status_code == 403
    assert client.get(url(Vote, "changelist")).status_code == 403


# Courses and enrolments


def test_making_a_course_with_its_people(admin_client):
    user = User.objects.create_user("ada")
    data = form_of(admin_client.get(url(Course, "add")))
    data |= {"title": "Optics", "slug": "optics"}
    data |= {"enrollments-0-user": user.pk, "enrollments-0-role": "instructor"}
    assert admin_client.post(url(Course, "add"), data).status_code == 302
    course = Course.objects.get(slug="optics")
    assert course.enrollments.get().role == "instructor"
    assert Membership.objects.get().room.kind == "course"


def test_a_role_is_changed_on_the_page_of_the_course(admin_client, taught):
    page = url(Course, "change", taught.pk)
    data = form_of(admin_client.get(page))
    data["enrollments-0-role"] = "assistant"
    assert admin_client.post(page, data).status_code == 302
    assert taught.enrollments.filter(role="assistant").count() == 1


def test_unenrolling_takes_the_memberships_along(admin_client, taught):
    page = url(Course, "change", taught.pk)
    data = form_of(admin_client.get(page))
    data["enrollments-0-DELETE"] = "on"
    assert admin_client.post(page, data).status_code == 302
    left = taught.enrollments.get().user
    assert set(Membership.objects.values_list("user", flat=True)) == {left.pk}


def test_unenrolling_many_takes_their_memberships_along(admin_client, taught):
    picked = list(taught.enrollments.values_list("pk", flat=True))
    admin_client.post(
        url(Enrollment, "changelist"),
        {"action": "delete_selected", "_selected_action": picked, "post": "yes"},
    )
    assert not taught.enrollments.exists()
    assert not Membership.objects.exists()


def test_a_large_course_links_to_its_enrolments(admin_client, course):
    for number in range(INLINE_ROWS + 1):
        user = User.objects.create(username=f"s{number}")
        Enrollment.objects.create(course=course, user=user)
    page = url(Course, "change", course.pk)
    response = admin_client.get(page)
    assert response.context["inline_admin_formsets"] == []
    link = re.search(r'href="([^"]*enrollment[^"]*course__id[^"]*)"', response.content.decode())
    assert link is not None
    listed = admin_client.get(link[1])
    assert listed.context["cl"].result_count == INLINE_ROWS + 1
    assert admin_client.post(page, form_of(response) | {"title": "New"}).status_code == 302
    assert course.enrollments.count() == INLINE_ROWS + 1


def test_user_and_course_of_an_enrolment_stay(admin_client, taught):
    enrollment = taught.enrollments.first()
    other = User.objects.create_user("other")
    page = url(Enrollment, "change", enrollment.pk)
    admin_client.post(page, {"user": other.pk, "course": taught.pk, "role": "assistant"})
    before = enrollment.user_id
    enrollment.refresh_from_db()
    assert (enrollment.user_id, enrollment.role) == (before, "assistant")


@pytest.mark.parametrize("view", ["course", "user"])
def test_people_and_courses_are_found_by_typing(view, admin_client, taught):
    found = admin_client.get(
        reverse("admin:autocomplete"),
        {
            "app_label": "peerchat_rooms",
            "model_name": "enrollment",
            "field_name": view,
            "term": {"course": "phys", "user": "ada"}[view],
        },
    ).json()
    assert len(found["results"]) == 1


# Questions


def test_making_a_question(admin_client, course):
    page = url(Question, "add")
    data = form_of(admin_client.get(page))
    data |= {"course": course.pk, "slug": "lift", "prompt": "Why?", "kind": "single"}
    for row, letter in enumerate("ABCD"):
        data[f"choices-{row}-text"] = f"Because of {letter}"
    data["choices-2-is_correct"] = "on"
    assert admin_client.post(page, data).status_code == 302
    question = Question.objects.get()
    assert question.choices.count() == 4
    assert question.choices.get(is_correct=True).letter == "C"


def test_another_choice_becomes_the_correct_one(admin_client, question):
    for old, new in ((0, 2), (2, 0), (1, 2)):
        question.choices.update(is_correct=False)
        question.choices.filter(letter="ABC"[old]).update(is_correct=True)
        changes = {f"choices__{old}__is_correct": None, f"choices__{new}__is_correct": "on"}
        assert change_question(admin_client, question, **changes).status_code == 302, (old, new)
        assert question.choices.get(is_correct=True).letter == "ABC"[new]


@pytest.mark.django_db(transaction=True)
def test_a_class_that_runs_keeps_the_question_as_it_was_asked(
    admin_client, admin_user, course, question
):
    def take(*commands):
        for command in commands:
            control(user=admin_user, course=course.slug, command=command)

    def asked():
        now = classroom.snapshot(admin_user, course.slug)
        return now.question.prompt, [one.text for one in now.question.choices], now.correct

    enroll(course=course, users=[admin_user], role="instructor")
    take(StartQuestion(uuid="1", question="lift"))
    changes = {
        "prompt": "Which force is larger?",
        "choices__0__is_correct": None,
        "choices__1__DELETE": "on",
        "choices__2__is_correct": "on",
        "choices__TOTAL_FORMS": 4,
        "choices__3__text": "Neither",
    }
    assert change_question(admin_client, question, **changes).status_code == 302
    take(StopVote(uuid="2"), Reveal(uuid="3"))
    assert asked() == (
        "Which force is greater?",
        ["Choice A", "Choice B", "Choice C"],
        "A",
    )
    take(StartQuestion(uuid="4", question="lift"), StopVote(uuid="5"), Reveal(uuid="6"))
    assert asked() == ("Which force is larger?", ["Choice A", "Choice C", "Neither"], "B")


REFUSED = [
    ({"choices__0__is_correct": None}, "Exactly one choice must be correct."),
    ({"choices__1__is_correct": "on"}, "Exactly one choice must be correct."),
    ({"choices__0__DELETE": "on"}, "Exactly one choice must be correct."),
    (
        {"choices__1__DELETE": "on", "choices__2__DELETE": "on"},
        "A question needs at least two choices.",
    ),
]


def test_a_question_that_cannot_be_asked_is_refused(admin_client, question):
    for changes, message in REFUSED:
        response = change_question(admin_client, question, **changes)
        assert response.status_code == 200, changes
        assert message in errors_of(response), changes
        assert question.choices.get(is_correct=True).letter == "A", changes
        assert question.choices.count() == 3, changes


def test_a_question_that_was_asked_stays_in_its_course(admin_client, taught, question):
    elsewhere = Course.objects.create(slug="chemistry", title="Chemistry")
    response = change_question(
        admin_client,
        question,
        course=elsewhere.pk,
        slug="other",
        prompt="Which force is larger?",
        choices__0__is_correct=None,
        choices__1__is_correct="on",
        choices__2__DELETE="on",
    )
    assert response.status_code == 302
    question.refresh_from_db()
    assert question.course == taught
    assert (question.slug, question.prompt) == ("other", "Which force is larger?")
    assert question.choices.get(is_correct=True).letter == "B"
    assert question.choices.count() == 2
    assert (
        admin_client.post(url(Question, "delete", question.pk), {"post": "yes"}).status_code == 403
    )


def test_a_question_that_was_not_asked_can_be_deleted(admin_client, question):
    page = url(Question, "delete", question.pk)
    assert admin_client.post(page, {"post": "yes"}).status_code == 302
    assert not Question.objects.exists()


def test_asked_questions_do_not_go_with_the_selection_of_others(admin_client, taught, question):
    other = Question.objects.create(course=taught, slug="other", prompt="?")
    admin_client.post(
        url(Question, "changelist"),
        {
            "action": "delete_selected",
            "_selected_action": [question.pk, other.pk],
            "post": "yes",
        },
    )
    assert Question.objects.count() == 2


def test_how_often_a_question_was_asked_counts_first_rounds(admin_client, taught):
    response = admin_client.get(url(Question, "changelist"))
    assert [listed.asked for listed in response.context["cl"].result_list] == [1]
