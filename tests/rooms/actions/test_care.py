"""Consents with their dates, reports, blocks, and courses that become anonymous or are deleted."""

import io
import uuid
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from rooms.actions import (
    anonymising,
    blocks,
    consents,
    course_deletion,
    joining,
    person_moves,
    persons,
    places,
    reports,
    retention,
)
from rooms.actions.course_settings import archive_course, restore_course
from rooms.actions.questions import version_of
from rooms.actions.rooms import open_direct_room
from rooms.models import (
    AuditEntry,
    Block,
    ClassSession,
    Consent,
    Conviction,
    Course,
    Deletion,
    Enrollment,
    Flag,
    Message,
    PairingRule,
    Partner,
    PartnerGroup,
    Pseudonym,
    Release,
    Report,
    Retention,
    Round,
    StandIn,
    Take,
    UseLog,
    Vote,
)
from rooms.peer.codes import code
from rooms.queries import care
from rooms.queries import reports as report_queries
from rooms.queries.arguments import arguments_for
from rooms.queries.pairing import rules_of
from rooms.wire.errors import (
    CourseArchived,
    IllegalTransition,
    InvalidMessageFormat,
    NoSuchMessage,
    PermissionDenied,
)
from tests.rooms import everything
from tests.rooms.cast import make_question
from tests.rooms.school import post

NOW = timezone.now()


def share(school, shared):
    places.share(user=school.ada, course="physics", shared=shared)


def test_consents_are_kept_with_their_dates(school):
    for shared in (True, True, False, True):
        share(school, shared)
    consents.research(user=school.ada, course="physics", given=True)
    records = Consent.objects.filter(user=school.ada)
    assert sorted((one.purpose, one.withdrawn_at is None) for one in records) == [
        ("reasons", False),
        ("reasons", True),
        ("research", True),
    ]
    assert school.enrollment(school.ada).in_research_since is not None
    with pytest.raises(PermissionDenied):
        consents.research(user=school.ines, course="physics", given=True)


def test_a_consent_can_be_withdrawn_in_an_archived_course(school):
    share(school, True)
    consents.research(user=school.ada, course="physics", given=True)
    archive_course(user=school.ines, course="physics")
    share(school, False)
    consents.research(user=school.ada, course="physics", given=False)
    assert not Consent.objects.filter(withdrawn_at=None).exists()
    for give in (
        lambda: share(school, True),
        lambda: consents.research(user=school.ada, course="physics", given=True),
    ):
        with pytest.raises(CourseArchived):
            give()


def test_a_block_keeps_two_apart_and_silent(school):
    direct = open_direct_room(user=school.ada, to="bea")
    post(school.ada, direct, "Hello")
    rule = PairingRule.objects.create(course=school.course, kind="fixed")
    for one in (school.ada, school.bea, school.carl):
        rule.members.create(user=one)
    made = blocks.block(user=school.ada, course="physics", username="bea")
    assert blocks.block(user=school.ada, course="physics", username="bea") == made
    rules = rules_of(school.course)
    assert frozenset((school.ada.pk, school.bea.pk)) in rules.never
    assert list(rules.fixed) == [(school.ada.pk, school.carl.pk)]
    for one in (school.ada, school.bea):
        with pytest.raises(PermissionDenied):
            post(one, direct, "Hello?")
    for one, to in ((school.ada, "bea"), (school.bea, "ada")):
        with pytest.raises(PermissionDenied):
            open_direct_room(user=one, to=to)
    assert not blocks.unblock(user=school.bea, course="physics", block=made.pk)
    assert blocks.unblock(user=school.ada, course="physics", block=made.pk)
    post(school.bea, direct, "Again")


@pytest.mark.parametrize("name", ["ines", "ada", "zoe", "nobody"])
def test_whom_nobody_blocks(school, name):
    with pytest.raises(InvalidMessageFormat):
        blocks.block(user=school.ada, course="physics", username=name)
    assert not Block.objects.exists()


def veil(school):
    session = ClassSession.objects.create(
        course=school.course,
        started_at=NOW - timedelta(hours=1),
        changed_at=NOW,
        controller=school.ines,
        has_pseudonyms=True,
        lecturers_know=False,
    )
    for name, user in (("Blue otter", school.ada), ("Red fox", school.bea)):
        Pseudonym.objects.create(session=session, user=user, name=name)
    return session


def test_a_pseudonym_stays_one_in_blocks_and_reports(school):
    direct = open_direct_room(user=school.ada, to="bea")
    veil(school)
    with pytest.raises(InvalidMessageFormat):
        blocks.block(user=school.ada, course="physics", username="bea")
    blocks.block(user=school.ada, course="physics", username="~red-fox")
    assert [name for _, name in report_queries.blocks_of(school.ada, school.course)] == ["Red fox"]
    assert frozenset((school.ada.pk, school.bea.pk)) in rules_of(school.course).never
    # A refused message would tell who the red fox is.
    assert not report_queries.write_no_more(*direct.memberships.values_list("user", flat=True))
    reports.report(user=school.ada, course="physics", about="~red-fox", reason="spam")
    (shown,) = report_queries.shown(
        school.course, report_queries.reports_for(school.ines, school.course)
    )
    assert (shown.about, shown.reporter) == ("Red fox", "Blue otter")


def test_nobody_compares_pseudonyms_with_names_after_the_class(school):
    session = veil(school)
    common = {"user": school.ada, "course": "physics"}
    hidden = blocks.block(**common, username="~red-fox")
    told = reports.report(**common, about="~red-fox", reason="spam")
    session.ended_at = NOW - timedelta(minutes=1)
    session.save()
    late = reports.report(user=school.bea, course="physics", about="~blue-otter", reason="abuse")
    assert late.made_at > session.ended_at
    # By its id, an answer would tell whose the pseudonym is.
    assert blocks.block(**common, username="bea").pk != hidden.pk
    assert reports.report(**common, about="bea", reason="spam").pk != told.pk
    names = {name for _, name in report_queries.blocks_of(school.ada, school.course)}
    assert names == {"Red fox", "Bea"}
    found = report_queries.shown(
        school.course, report_queries.reports_for(school.ines, school.course)
    )
    assert {(one.about, one.reporter) for one in found} == {
        ("Red fox", "Blue otter"),
        ("Blue otter", "Red fox"),
        ("Bea", "Ada"),
    }
    assert report_queries.write_no_more(school.ada.pk, school.bea.pk), "the block by name"


def test_reports(school):
    said = post(school.bea, school.room, "You are stupid")
    made = reports.report(
        user=school.ada, course="physics", message=said.pk, reason="abuse", text="See there"
    )
    again = reports.report(
        user=school.ada, course="physics", about="bea", reason="harassment", text="Again"
    )
    assert again.pk == made.pk
    again.refresh_from_db()
    assert (again.about, again.text, again.message) == (school.bea, "See there\nAgain", said)
    with pytest.raises(PermissionDenied):
        reports.settle(user=school.bea, course="physics", report=made.pk)
    reports.settle(user=school.tess, course="physics", report=made.pk)
    assert Report.objects.get().settled_by == school.tess
    assert AuditEntry.objects.filter(act="report.settle", actor=school.tess).exists()


def test_nobody_sees_reports_about_themselves(school):
    made = reports.report(user=school.ada, course="physics", about="tess", reason="other")
    assert not report_queries.reports_for(school.tess, school.course).exists()
    assert report_queries.reports_for(school.ines, school.course).get() == made
    with pytest.raises(PermissionDenied):
        reports.settle(user=school.tess, course="physics", report=made.pk)


def test_messages_of_other_rooms_cannot_be_reported(school):
    room = school.make_room(school.bea, school.carl)
    said = post(school.bea, room, "Between us")
    with pytest.raises(NoSuchMessage):
        reports.report(user=school.ada, course="physics", message=said.pk, reason="spam")


@pytest.fixture
def taught(school):
    """A question that two students voted and talked on, and one outside class."""
    question = make_question(school.course, "lift")
    session = ClassSession.objects.create(
        course=school.course, started_at=NOW, changed_at=NOW, controller=school.ines, ended_at=NOW
    )
    first = Round.objects.create(session=session, question=question, number=1, opened_at=NOW)
    room = school.make_room(school.ada, school.bea, kind="partners")
    group = PartnerGroup.objects.create(round=first, number=1, room=room, formed_at=NOW)
    for one, choice in ((school.ada, "A"), (school.bea, "B")):
        Vote.objects.create(round=first, user=one, choice=choice, cast_at=NOW, rationale="So")
        Partner.objects.create(group=group, round=first, user=one)
    for text in ("I am Ada", "as @ada said"):
        post(school.ada if "Ada" in text else school.bea, room, text)
    post(school.bea, room, "more")
    Release.objects.create(
        course=school.course,
        question=question,
        version=version_of(question),
        name=uuid.uuid4(),
        released_by=school.ines,
        released_at=NOW,
        opens_at=NOW,
    )
    return session


def keep(school, afterwards, days=0):
    return retention.keep_until(
        user=school.ines,
        course="physics",
        ends_on=timezone.localdate() - timedelta(days=10),
        keep_days=days,
        afterwards=afterwards,
    )


def applied(*arguments):
    out = io.StringIO()
    call_command("apply_retention", *arguments, stdout=out)
    return out.getvalue()


def test_a_course_becomes_anonymous(school, taught):
    Course.objects.filter(pk=school.course.pk).update(export_key="k")
    keep(school, "anonymise")
    before = {model: model.objects.count() for model in (Vote, Message, Partner, UseLog)}
    assert "3 people" in applied()
    assert Vote.objects.filter(user=school.ada).exists()
    applied("--yes")
    assert {model: model.objects.count() for model in before} == before
    assert not Vote.objects.filter(user__in=(school.ada, school.bea)).exists()
    assert not Message.objects.filter(sender__in=(school.ada, school.bea)).exists()
    stand_ins = {one.user for one in StandIn.objects.filter(course=school.course)}
    assert len(stand_ins) == 3
    places_left = Enrollment.objects.filter(course=school.course, role="student")
    assert {one.user for one in places_left} == stand_ins
    # Those who lead the course can still read it.
    assert school.enrollment(school.ines).leads
    texts = list(Message.objects.filter(kind="text").order_by("seq").values_list("text", flat=True))
    assert texts[0] == "I am …"
    assert texts[1].startswith("as @former-")
    assert Course.objects.get(pk=school.course.pk).export_key == ""
    assert User.objects.filter(username="ada").exists()
    assert "Nothing is due" in applied()
    assert code("k", school.ada.pk)


def test_what_was_written_can_go_as_well(school, taught):
    keep(school, "delete")
    applied("--yes")
    assert not Message.objects.filter(room__course=school.course).exists()
    assert not UseLog.objects.filter(in_course=school.course).exists()
    assert set(Vote.objects.values_list("rationale", flat=True)) == {""}
    assert sorted(Partner.objects.values_list("messages", flat=True)) == [1, 2]
    assert Retention.objects.get().applied_at is not None


def test_retention_waits_for_its_day(school, taught):
    keep(school, "delete", days=10)
    assert "Nothing is due" in applied("--yes")
    keep(school, "delete", days=9)
    assert "physics" in applied()
    with pytest.raises(PermissionDenied):
        retention.keep(user=school.tess, course="physics")
    retention.keep(user=school.ines, course="physics")
    assert "Nothing is due" in applied("--yes")


def test_the_end_of_the_calendar_breaks_nothing(school, taught):
    with pytest.raises(InvalidMessageFormat):
        retention.keep_until(
            user=school.ines,
            course="physics",
            ends_on=date.max,
            keep_days=1,
            afterwards="delete",
        )
    keep(school, "delete")
    assert "physics" in applied()


def test_whoever_keeps_a_course_longer_meanwhile_is_heard(school, taught):
    read = keep(school, "delete")
    keep(school, "delete", days=100)
    assert retention.apply(retention=read) == (0, 0)
    assert Message.objects.filter(room__course=school.course, kind="text").exists()


def delete_now():
    Deletion.objects.update(asked_at=NOW - timedelta(days=2), due_at=NOW - timedelta(days=1))
    out = io.StringIO()
    call_command("delete_courses", "--yes", stdout=out)
    return out.getvalue()


def test_a_course_is_deleted_after_its_delay(school, taught):
    with pytest.raises(IllegalTransition):
        course_deletion.ask(user=school.ines, course="physics", title="Physics")
    archive_course(user=school.ines, course="physics")
    with pytest.raises(InvalidMessageFormat):
        course_deletion.ask(user=school.ines, course="physics", title="Chemistry")
    with pytest.raises(PermissionDenied):
        course_deletion.ask(user=school.tess, course="physics", title="Physics")
    course_deletion.ask(user=school.ines, course="physics", title="Physics")
    out = io.StringIO()
    call_command("delete_courses", "--yes", stdout=out)
    assert "Nothing is due" in out.getvalue()
    assert course_deletion.call_off(user=school.ines, course="physics")
    course_deletion.ask(user=school.ines, course="physics", title="Physics")
    assert "physics: deleted" in delete_now()
    assert list(Course.objects.values_list("slug", flat=True)) == ["chemistry"]
    assert not UseLog.objects.filter(course_id="physics").exists()
    assert not Vote.objects.exists()
    assert User.objects.filter(username__in=("ada", "ines")).count() == 2
    kept = AuditEntry.objects.filter(act="course.delete").values_list("course_slug", "detail")
    assert ("physics", "deleted") in kept


def test_a_course_in_use_again_is_not_deleted(school):
    archive_course(user=school.ines, course="physics")
    course_deletion.ask(user=school.ines, course="physics", title="Physics")
    restore_course(user=school.ines, course="physics")
    # It is not deleted without a new delay when it is archived again.
    archive_course(user=school.ines, course="physics")
    delete_now()
    assert Course.objects.filter(slug="physics").exists()
    last = AuditEntry.objects.filter(act="course.delete").order_by("pk").last()
    assert last.detail == "called off"


def test_a_course_with_rows_in_all_tables_is_deleted(school):
    everything.make_person(school)
    # The other course of the person stays.
    Deletion.objects.all().delete()
    users = set(User.objects.values_list("pk", flat=True))
    others = {model: model.objects.count() for model in (Course, Release)}
    archive_course(user=school.ines, course="physics")
    course_deletion.ask(user=school.ines, course="physics", title="Physics")
    assert "physics: deleted" in delete_now()
    left = [
        (name, field.name)
        for name, field in persons.relations()
        if (path := persons.RULES[name].course)
        and field.model._base_manager.filter(**{f"{path}__isnull": False, path: school.course.pk})
    ]
    assert left == []
    assert not UseLog.objects.filter(in_course=school.course.pk).exists()
    assert set(User.objects.values_list("pk", flat=True)) == users
    assert {model: model.objects.count() for model in others} == {
        model: number - 1 for model, number in others.items()
    }


def test_a_course_with_rows_in_all_tables_becomes_anonymous(school):
    """Nothing of a student is left in it, and other courses and the lecturers are as before."""
    person = everything.make_person(school)
    others = Message.objects.exclude(room__course=school.course)
    before = list(others.order_by("pk").values())
    counts = {
        model: model.objects.count() for model in (Vote, Message, Partner, Conviction, Take, Flag)
    }
    keep(school, "anonymise")
    applied("--yes")
    for name, field in persons.relations():
        path = persons.RULES[name].course
        if path:
            rows = person_moves.of(field.model, field.name, person, path, school.course)
            assert not rows.exists(), name
    assert {model: model.objects.count() for model in counts} == counts
    assert list(others.order_by("pk").values()) == before
    assert User.objects.filter(pk=person.pk).exists()
    told = [m.text for m in Message.objects.filter(room__course=school.course)]
    assert not [text for text in told for name in ("zerlina", "zq@", "@quastel.z ") if name in text]
    log = UseLog.objects.filter(in_course=school.course).values_list("sid", "act")
    # Somebody else's username begins alike.
    told = [" ".join(row).replace("quastel.zz", "").lower() for row in log]
    assert not [line for line in told if "quastel.z" in line or "zerlina.old" in line]


def test_guests_of_a_course_that_becomes_anonymous_end(school):
    code = joining.open_joining(user=school.ines, course="physics")
    lola = joining.join_as_guest(code=code, name="Lola", device="d" * 40)
    other = joining.join_as_guest(code=code, name="Lolo", device="e" * 40)
    Enrollment.objects.create(course=school.other_course, user=other)
    post(lola, school.room, "hello")
    UseLog.objects.create(timestamp=NOW, sid=lola.username, event="login", act="login", user=lola)
    keep(school, "anonymise")
    applied("--yes")
    assert not User.objects.filter(pk=lola.pk).exists()
    assert User.objects.filter(pk=other.pk).exists()
    sids = set(UseLog.objects.values_list("sid", flat=True))
    assert lola.username not in sids
    assert UseLog.objects.get(event="login").sid.startswith("former-")


def test_what_was_interrupted_goes_on(school, taught, monkeypatch):
    """Who is done stays done, and nobody gets two stand-ins."""
    monkeypatch.setattr(anonymising, "AT_ONCE", 1)
    keep(school, "delete")
    course, (first, *_) = school.course, care.people_to_anonymise(school.course)
    anonymising._close(course)
    anonymising._anonymise(course, [first])
    assert "2 people" in applied()
    applied("--yes")
    assert StandIn.objects.filter(course=course).count() == 3
    assert "Nothing is due" in applied("--yes")


def test_how_many_were_convinced_outlives_the_texts(school, taught):
    message = Message.objects.filter(kind="text").first()
    first = Round.objects.get()
    second = Round.objects.create(
        session=taught, question=first.question, number=2, first=first, opened_at=NOW
    )
    said = {"round": second, "said_at": NOW}
    Conviction.objects.create(user=school.ada, by="message", message=message, **said)
    Conviction.objects.create(user=school.bea, by="reason", vote=Vote.objects.first(), **said)
    keep(school, "delete")
    applied("--yes")
    told = arguments_for(school.ines, "physics", first.question.slug)
    assert (told.said.message, told.said.reason) == (1, 1)
    assert told.arguments == []
