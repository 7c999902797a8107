"""What students say of themselves, and what their consent lets others see."""

import json
import uuid

import pytest
from django.utils import timezone
from msgspec import UNSET

from accounts import people
from rooms.actions import guests, places, session
from rooms.actions.class_settings import change_class_settings
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.votes import Ballot, cast_vote
from rooms.delivery import names
from rooms.models import ClassSession, ClassSettings, Enrollment, Partner, PartnerGroup
from rooms.queries import classroom, talk
from rooms.wire.commands import (
    EnableDiscussion,
    MakePartners,
    MoveStudent,
    SetPlace,
    ShareReasons,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import CourseArchived, PermissionDenied, TextTooLong
from rooms.wire.partners import OfferedReason
from tests.rooms.cast import make_question
from tests.rooms.school import make_person

WHY = "A body that nothing acts on stays at rest, because no force accelerates it at all."


@pytest.fixture
def asking(school):
    """The school, whose course asks for the place and the seat."""
    make_question(school.course, "force")
    ClassSettings.objects.create(course=school.course, asks_place=True, asks_seat=True)
    return school


def lead(school, kind, **fields):
    command = kind(uuid=uuid.uuid4().hex, **fields)
    return session.control(user=school.ines, course="physics", command=command)


def voted(school, votes, *, consents=()):
    """Students who have voted, each with an answer and a reason, by name."""
    lead(school, StartQuestion, question="force")
    people = {}
    for name, choice in votes.items():
        user = people[name] = make_person(name)
        agreed = timezone.now() if name in consents else None
        Enrollment.objects.create(course=school.course, user=user, shares_reasons_since=agreed)
        cast_vote(ballot=Ballot(user, "physics", choice, 4, f"{WHY} Thus {choice} holds."))
    lead(school, StopVote)
    return people


def state(user):
    return classroom.snapshot(user, "physics")


def set_place(user, **fields):
    command = SetPlace(uuid=uuid.uuid4().hex, course="physics", **fields)
    return places.set_place(user=user, command=command)


def share_reasons(user, *, shared):
    command = ShareReasons(uuid=uuid.uuid4().hex, course="physics", shared=shared)
    return places.share_reasons(user=user, command=command)


def said(user):
    now = state(user)
    return now.place, now.seat


# --- where they are ------------------------------------------------------------------------------


def test_a_place_is_remembered(asking):
    assert said(asking.ada) == (UNSET, UNSET)
    for given, kept in (
        ({"place": "hall", "seat": " row  5\n"}, ("hall", "row 5")),
        ({"place": "hall"}, ("hall", "")),
        ({"place": "hall", "seat": "\u200b"}, ("hall", "")),
        ({"place": "hall", "seat": "\u202eabc"}, ("hall", "abc")),
        ({"place": "hall", "seat": "🙂" * 40}, ("hall", "🙂" * 40)),
        # Who is elsewhere has no seat in the hall.
        ({"place": "elsewhere", "seat": "row 5"}, ("elsewhere", "")),
    ):
        set_place(asking.ada, **given)
        assert said(asking.ada) == kept


def test_who_may_not_say_it(asking):
    def refused(user, error, **fields):
        with pytest.raises(error):
            set_place(user, **({"place": "hall"} | fields))

    for user in (asking.tess, asking.ines, asking.ivan, asking.zoe):
        refused(user, PermissionDenied)
        with pytest.raises(PermissionDenied):
            share_reasons(user, shared=True)
    refused(asking.ada, TextTooLong, seat="x" * 41)
    ClassSettings.objects.update(asks_seat=False)
    set_place(asking.ada, place="hall", seat="row 5")
    assert said(asking.ada) == ("hall", "")
    ClassSettings.objects.update(asks_place=False)
    refused(asking.ada, PermissionDenied, place="elsewhere")
    ClassSettings.objects.update(asks_place=True)
    asking.course.archived_at = timezone.now()
    asking.course.save()
    refused(asking.ada, CourseArchived, place="elsewhere")
    with pytest.raises(CourseArchived):
        share_reasons(asking.ada, shared=True)
    assert said(asking.ada) == ("hall", "")


def test_partners_see_where_each_other_are_and_what_they_said_once_they_talk(asking):
    people = voted(asking, {"una": "A", "vic": "B"})
    una, vic = people.values()
    set_place(una, place="hall", seat="row 5")
    set_place(vic, place="hall")
    lead(asking, MakePartners)
    before = ClassSession.objects.get().revision
    set_place(una, place="hall", seat="row 6")
    now = state(vic)
    assert (now.partners, now.group, now.group_place) == ([], UNSET, UNSET)
    assert now.revision == before
    lead(asking, EnableDiscussion)
    now = state(vic)
    [partner] = now.partners
    assert (partner.choice, partner.confidence) == ("A", 4)
    assert partner.rationale == f"{WHY} Thus A holds."
    assert (partner.place, partner.seat) == ("hall", "row 6")
    assert (now.message, now.group, now.group_place) == ("enableDiscussion", 1, "hall")
    # A change is a new state of the class, for the partners, too.
    set_place(una, place="elsewhere")
    again = state(vic)
    assert (again.partners[0].place, again.partners[0].seat) == ("elsewhere", UNSET)
    assert (again.group_place, again.revision) == ("both", now.revision + 1)
    set_place(una, place="elsewhere")
    assert state(vic).revision == again.revision
    # What is noted of the group is where it talked, whoever leaves the hall after that.
    lead(asking, StartRevote)
    set_place(vic, place="elsewhere")
    assert state(una).group_place == "elsewhere"
    assert PartnerGroup.objects.get().place == "both"
    # Nothing of it is shown in a course that does not ask any more.
    ClassSettings.objects.update(asks_place=False)
    now = state(vic)
    assert (now.partners[0].place, now.group_place) == (UNSET, UNSET)


def test_with_pseudonyms_nobody_is_found_by_a_seat(asking):
    settings = ClassSettings.objects.get()
    settings.has_pseudonyms = True
    settings.save()
    people = voted(asking, {"una": "A", "vic": "B"})
    una, vic = people.values()
    Enrollment.objects.filter(user=una).update(seat="row 4", place="hall")
    set_place(vic, place="hall", seat="row 5")
    assert (said(vic), state(vic).asks.seat, state(vic).asks.place) == (("hall", ""), False, True)
    lead(asking, MakePartners)
    lead(asking, EnableDiscussion)
    now = state(vic)
    [partner] = now.partners
    assert (partner.pseudonym, partner.place, partner.seat) == (True, "hall", UNSET)
    assert (now.group, now.group_place) == (1, "hall")

    # The seat tells those who lead something that they know, or nothing.
    def seats():
        return {one.seat for one in talk.groups(asking.course).groups[0].members}

    assert seats() == {"row 4", ""}
    ClassSession.objects.update(lecturers_know=False)
    assert seats() == {""}


def test_open_phones_forget_a_place_that_is_not_asked_any_more(
    asking, notices, django_capture_on_commit_callbacks
):
    people = voted(asking, {"una": "A", "vic": "B"})
    una, vic = people.values()
    set_place(una, place="hall", seat="row 5")
    lead(asking, MakePartners)
    lead(asking, EnableDiscussion)

    def told(**changes):
        notices.entries.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change_class_settings(user=asking.ines, course="physics", **changes)
        to = names.user(vic.pk)
        frames = [
            json.loads(one.frame) for one in notices.entries if getattr(one, "audience", "") == to
        ]
        return [(one["action"], one["revision"], one["partners"][0].get("seat")) for one in frames]

    assert told(asks_seat=False) == [("partners", state(vic).revision, None)]
    assert told(asks_seat=True) == [("partners", state(vic).revision, "row 5")]
    assert told(asks_confidence="off") == []


# --- reasons for another answer ------------------------------------------------------------------


def offered(user):
    return state(user).offered


def test_who_agrees_sees_the_reason_of_somebody_who_consented(asking):
    votes = {"una": "A", "vic": "A", "wes": "C", "xia": "C", "yan": "D", "zed": "D"}
    people = voted(asking, votes, consents={"una", "wes"})
    lead(asking, MakePartners, method="same_answer")
    assert {offered(user) for user in people.values()} == {UNSET}
    lead(asking, EnableDiscussion)
    of = {
        name: OfferedReason(choice, f"{WHY} Thus {choice} holds.") for name, choice in votes.items()
    }
    for name in ("una", "vic"):
        assert offered(people[name]) == of["wes"]
    for name in ("wes", "xia"):
        assert offered(people[name]) == of["una"]
    assert offered(people["yan"]) == offered(people["zed"])
    assert offered(people["yan"]) in (of["una"], of["wes"])

    # Who withdraws the consent takes the reason away, at once and for good.
    before = state(people["una"]).revision
    share_reasons(people["wes"], shared=False)
    assert offered(people["una"]) == UNSET
    assert state(people["una"]).revision == before + 1
    share_reasons(people["wes"], shared=True)
    assert offered(people["una"]) == UNSET
    assert offered(people["wes"]) == of["una"]
    assert state(people["wes"]).shares_reasons is True
    # So it is if the consent ends in another way.
    Enrollment.objects.filter(user=people["una"]).update(shares_reasons_since=None)
    assert offered(people["wes"]) == UNSET


def test_the_offer_follows_the_members_of_a_group(asking):
    votes = {"una": "A", "vic": "A", "wes": "C", "xia": "C"}
    people = voted(asking, votes, consents={"una", "wes"})
    lead(asking, MakePartners, method="same_answer")
    lead(asking, EnableDiscussion)
    groups = {p.user_id: p.group.number for p in Partner.objects.select_related("group")}
    # Now they have somebody with another answer, and it is the author.
    lead(asking, MoveStudent, username=people["wes"].get_username(), group=groups[people["una"].pk])
    assert offered(people["una"]) == offered(people["wes"]) == UNSET
    assert offered(people["xia"]).choice == "A"
    assert PartnerGroup.objects.exclude(offered=None).count() == 1
    lead(asking, MoveStudent, username=people["wes"].get_username(), group=groups[people["xia"].pk])
    assert offered(people["una"]).choice == offered(people["vic"]).choice == "C"
    # Nobody is offered, or goes on seeing, a reason of somebody who leaves the course.
    unenroll(course=asking.course, users=[people["wes"]])
    assert PartnerGroup.objects.get(offered__isnull=False).offered.user == people["una"]
    unenroll(course=asking.course, users=[people["una"]])
    assert not PartnerGroup.objects.exclude(offered=None).exists()


def test_partners_are_told_with_the_same_number_of_queries_whatever_their_number(
    asking, django_assert_max_num_queries
):
    votes = {f"s{n}": "ABCD"[n // 20] for n in range(80)}
    voted(asking, votes, consents=set(votes))
    lead(asking, MakePartners, method="same_answer")
    groups = list(PartnerGroup.objects.select_related("round"))
    assert len([group for group in groups if group.offered_id]) == 40
    with django_assert_max_num_queries(7):
        members = classroom.partner_bodies(*groups, session=None)
        told = classroom.meeting.companies(groups, members)
    assert len([one for one in told.values() if "offered" in one]) == 40


def test_partners_of_one_name_have_the_marks_of_the_page_of_people(asking):
    first, second, other = (guests.make(name=name) for name in ("Kim", "KIM", "Lee"))
    enroll(course=asking.course, users=[first, second, other])
    lead(asking, StartQuestion, question="force")
    for user, choice in ((first, "A"), (second, "B"), (other, "C")):
        cast_vote(ballot=Ballot(user, "physics", choice, 4, WHY))
    lead(asking, StopVote)
    lead(asking, MakePartners, group_size=3)
    lead(asking, EnableDiscussion)
    marks = {one.display_name: one.mark for one in state(first).partners}
    assert marks == {"KIM": people.mark(second), "Lee": UNSET}
    marks = {one.display_name: one.mark for one in state(other).partners}
    assert marks == {"Kim": people.mark(first), "KIM": people.mark(second)}
    assert people.mark(first) != people.mark(second)
