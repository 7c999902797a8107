"""Merging a guest into somebody else: everything of the guest is there, and once."""

import json

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import tokens
from accounts.models import Token, User
from rooms.actions import joining, leaders, merging, night, takes
from rooms.actions.enrollment import enroll
from rooms.actions.rooms import open_direct_room
from rooms.models import (
    ClassSession,
    ClassSettings,
    Conviction,
    Course,
    Draft,
    Enrollment,
    Flag,
    Guest,
    Membership,
    Mention,
    Message,
    NightPair,
    Partner,
    PartnerGroup,
    Room,
    Round,
    ShownReason,
    Take,
    UseLog,
    Vote,
)
from rooms.wire.errors import InvalidMessageFormat, PermissionDenied
from tests.rooms import everything
from tests.rooms.cast import make_question
from tests.rooms.outside import release
from tests.rooms.school import post, read


@pytest.fixture
def code(school):
    return joining.open_joining(user=school.ines, course="physics")


@pytest.fixture
def lola(school, code):
    return joining.join_as_guest(code=code, name="Lola", device="d" * 40)


@pytest.fixture
def rounds(school):
    """Two rounds of a question in a class that has ended, and one that is open."""
    now = timezone.now()
    made = []
    for slug, ended in (("lift", now), ("moon", None)):
        question = make_question(school.course, slug)
        session = ClassSession.objects.create(
            course=school.course,
            started_at=now,
            ended_at=ended,
            changed_at=now,
            controller=school.ines,
        )
        for number in (1, 2) if ended else (1,):
            round_ = Round(
                session=session,
                question=question,
                number=number,
                first=made[-1] if number == 2 else None,
                opened_at=now,
                closed_at=ended,
            )
            round_.save()
            made.append(round_)
    return made


def vote(user, round_, choice, model=Vote):
    when = {"cast_at" if model is Vote else "sent_at": timezone.now()}
    return model.objects.create(user=user, round=round_, choice=choice, **when)


def merge(school, source, target):
    merging.merge_guest(
        user=school.ines, course="physics", username=source.username, into=target.username
    )


def test_votes_move_and_those_of_the_other_stand(school, lola, rounds):
    first, second, current = rounds
    vote(lola, first, "A")
    vote(school.ada, first, "B")
    vote(lola, second, "C")
    vote(lola, current, "A", Draft)
    vote(school.ada, current, "D")
    merge(school, lola, school.ada)
    votes = Vote.objects.filter(user=school.ada).order_by("round")
    assert list(votes.values_list("round", "choice")) == [
        (first.pk, "B"),
        (second.pk, "C"),
        (current.pk, "D"),
    ]
    assert Vote.objects.count() == 3
    assert not Draft.objects.exists()
    assert not User.objects.filter(pk=lola.pk).exists()
    assert not Guest.objects.exists()


def test_what_convinced_a_guest_moves(school, lola, rounds):
    """Where both said it, that of the other stands."""
    first, second, _ = rounds
    for round_, user, by in ((first, lola, "nothing"), (second, lola, "nothing")):
        Conviction.objects.create(round=round_, user=user, by=by, said_at=timezone.now())
    Conviction.objects.create(round=second, user=school.ada, by="thought", said_at=timezone.now())
    merge(school, lola, school.ada)
    said = Conviction.objects.order_by("round").values_list("user__username", "round", "by")
    assert list(said) == [("ada", first.pk, "nothing"), ("ada", second.pk, "thought")]


def test_flags_move_and_nobody_is_convinced_by_their_own_words(school, lola, rounds):
    first, second, _ = rounds
    now = timezone.now()
    said, flagged, own = (
        post(user, school.room, text)
        for user, text in ((school.bea, "one"), (school.bea, "two"), (school.ada, "three"))
    )
    for user, message in ((school.ada, said), (lola, said), (lola, flagged), (lola, own)):
        Flag.objects.create(user=user, message=message, raised_at=now)
    by = {"by": "message", "said_at": now}
    Conviction.objects.create(round=first, user=lola, message=said, **by)
    Conviction.objects.create(round=second, user=lola, message=own, **by)
    merge(school, lola, school.ada)
    flags = Flag.objects.order_by("message__text").values_list("user__username", "message__text")
    assert list(flags) == [("ada", "one"), ("ada", "two")]
    assert Conviction.objects.get().message == said


def test_partners_of_before_move(school, lola, rounds):
    first, *_ = rounds
    room = school.make_room(lola, school.bea, kind="partners")
    group = PartnerGroup.objects.create(round=first, number=1, room=room, formed_at=timezone.now())
    for user in (lola, school.bea):
        Partner.objects.create(group=group, round=first, user=user)
    merge(school, lola, school.ada)
    partners = set(Partner.objects.values_list("user__username", flat=True))
    assert partners == {"ada", "bea"}
    assert Membership.objects.filter(room=room, user=school.ada).exists()


def test_messages_rooms_and_what_was_read_move(school, lola):
    own = school.make_room(lola, school.bea, created_by=lola)
    shared = school.make_room(lola, school.ada)
    said = post(lola, shared, "from the guest")
    post(school.ada, shared, "from ada")
    Message.objects.filter(pk=said.pk).update(uuid="the-same")
    mine = post(school.ada, shared, "of the same uuid")
    Message.objects.filter(pk=mine.pk).update(uuid="the-same-2")
    Message.objects.filter(pk=said.pk).update(uuid="the-same-2")
    post(school.bea, own, f"@{lola.username} look")
    Membership.objects.filter(user=lola, room=shared).update(last_read_seq=3)
    Membership.objects.filter(user=school.ada, room=shared).update(last_read_seq=1)
    merge(school, lola, school.ada)
    senders = set(Message.objects.filter(room=shared).values_list("sender__username", flat=True))
    assert senders == {"ada"}
    assert Message.objects.filter(room=shared).count() == 3
    assert read(school.ada, shared) == 3
    assert Membership.objects.filter(room=own, user=school.ada).exists()
    own.refresh_from_db()
    assert own.created_by == school.ada
    assert Mention.objects.get().user == school.ada
    assert Membership.objects.filter(room=school.room, user=school.ada).count() == 1


def test_direct_rooms_of_both_become_one(school, lola):
    theirs = open_direct_room(user=lola, to="bea")
    mine = open_direct_room(user=school.ada, to="bea")
    alone = open_direct_room(user=lola, to="carl")
    between = open_direct_room(user=lola, to="ada")
    for text in ("one", "two"):
        post(lola, theirs, text)
    post(school.bea, theirs, "three")
    post(school.ada, mine, "zero")
    merge(school, lola, school.ada)
    found = Message.objects.filter(room=mine).order_by("seq")
    assert list(found.values_list("seq", "text", "sender__username")) == [
        (1, "zero", "ada"),
        (2, "one", "ada"),
        (3, "two", "ada"),
        (4, "three", "bea"),
    ]
    mine.refresh_from_db()
    assert mine.last_seq == 4
    assert not Room.objects.filter(pk=theirs.pk).exists()
    # The room with carl is the one that ada and carl would open.
    assert open_direct_room(user=school.ada, to="carl") == alone
    assert Membership.objects.filter(room=alone, user=school.ada).exists()
    between.refresh_from_db()
    assert between.archived_at is not None


def test_the_use_log_is_that_of_one_person(school, lola):
    post(lola, school.room, f"@{school.bea.username} hello")
    UseLog.objects.create(
        timestamp=timezone.now(),
        sid="ines",
        event="peergroup",
        act=f"x:{lola.username},bea",
        user=school.ines,
        in_course=school.course,
        named=[lola.pk, school.bea.pk],
    )
    merge(school, lola, school.ada)
    assert not UseLog.objects.filter(user_id=lola.pk).exists()
    assert UseLog.objects.filter(user=school.ada, event="join").exists()
    row = UseLog.objects.get(event="peergroup")
    assert row.named == [school.ada.pk, school.bea.pk]
    told = UseLog.objects.get(event="moderate", act="merge:ada")
    assert (told.user, told.named) == (school.ines, [school.ada.pk])


def test_two_guests_are_one(school, code, lola):
    other = joining.join_as_guest(code=code, name="Lola 2", device="e" * 40)
    token = tokens.issue(lola)
    post(lola, school.room, "hello")
    merge(school, lola, other)
    assert Message.objects.get(text="hello").sender == other
    assert Enrollment.objects.filter(user=other).count() == 1
    assert not Token.objects.filter(digest=tokens.digest(token)).exists()
    assert Guest.objects.get().user == other


def test_a_mute_is_not_lost(school, lola):
    until = timezone.now()
    Enrollment.objects.filter(user=lola).update(muted_until=until)
    merge(school, lola, school.ada)
    assert school.enrollment(school.ada).muted_until == until


def test_a_guest_s_courses_come_along_into_an_account(school, lola):
    enroll(course=school.other_course, users=[lola])
    merging.merge_into_account(guest=lola, account=school.ada)
    mine = Enrollment.objects.filter(user=school.ada).values_list("course__slug", flat=True)
    assert set(mine) == {"physics", "chemistry"}
    rooms = Room.objects.filter(memberships__user=school.ada, kind="course")
    assert rooms.count() == 2
    with pytest.raises(InvalidMessageFormat):
        merging.merge_into_account(guest=school.bea, account=school.ada)


def test_who_cannot_be_merged(school, lola):
    def refused(error, source, target, user=None, course="physics"):
        with pytest.raises(error):
            merging.merge_guest(
                user=user or school.ines, course=course, username=source, into=target
            )

    refused(InvalidMessageFormat, "bea", "ada")
    refused(InvalidMessageFormat, lola.username, lola.username)
    for target in ("tess", "ines", "zoe", "nobody"):
        refused(InvalidMessageFormat, lola.username, target)
    for stranger in (school.ada, school.ivan, lola):
        refused(PermissionDenied, lola.username, "ada", user=stranger)
    refused(InvalidMessageFormat, lola.username, "ada", user=school.ivan, course="chemistry")
    enroll(course=school.other_course, users=[lola])
    refused(PermissionDenied, lola.username, "ada")
    Enrollment.objects.filter(course=school.other_course).delete()
    Course.objects.update(archived_at=timezone.now())
    refused(PermissionDenied, lola.username, "ada")
    assert User.objects.filter(pk=lola.pk).exists()


@pytest.mark.parametrize("own", ["student", None])
def test_who_led_the_course_as_a_guest_leads_it_with_the_account(school, code, lola, own):
    leaders.hand_over(user=school.ines, course="physics", to=lola.username, leave=True)
    account = school.ada if own else school.zoe
    merging.merge_into_account(guest=lola, account=account)
    assert school.enrollment(account).role == "instructor"
    assert Enrollment.objects.filter(course=school.course, role="instructor").count() == 1


def test_the_talk_outside_class_of_an_answer_that_goes_ends(school, lola):
    ClassSettings.objects.create(course=school.course, pairs_at_night=True)
    make_question(school.course, "force")
    of = release(school)
    Enrollment.objects.filter(user=lola).update(role="student")
    for user, choice in ((lola, "A"), (school.ada, "B")):
        common = {"user": user, "course": "physics", "release": of.pk}
        takes.begin(**common)
        takes.answer(**common, choice=choice)
    for user in (lola, school.ada):
        night.look_for_partner(user=user, course="physics", release=of.pk)
    room = NightPair.objects.get().room
    merge(school, lola, school.ada)
    assert Take.objects.get(user=school.ada).first_choice == "B"
    assert not NightPair.objects.exists()
    assert Room.objects.get(pk=room.pk).archived_at is not None, "nothing else would end it"


def rows_of_all(without):
    """Every row of every table, as text, but for some tables."""
    return {
        model._meta.label: sorted(
            json.dumps(row, default=str, sort_keys=True) for row in model._base_manager.values()
        )
        for model in apps.get_models()
        if model._meta.label not in without
    }


# What a guest has of their own ends, and the two places in the course become one.
ENDS = {
    *("peerchat_rooms.Guest", "peerchat_rooms.Connection", "peerchat_accounts.User"),
    *("peerchat_rooms.Invitation", "peerchat_rooms.RosterEntry", "peerchat_accounts.Token"),
    *("peerchat_rooms.Enrollment", "sessions.Session"),
}


def test_everything_that_a_guest_has_moves(school):
    """All tables are filled; nothing but the guest's id changes in them, and nothing is lost."""
    lola = User.objects.create(pk=everything.KEY, username="quastel.z", password="!")
    enroll(course=school.course, users=[lola, school.zoe])
    everything.studies(school, lola)
    Room.objects.filter(kind="direct").update(pair=None, kind="open")
    Membership.objects.filter(user=school.zoe).delete()
    UseLog.objects.filter(user=school.zoe).delete()
    mine, before = school.enrollment(lola), rows_of_all(ENDS)
    merging.merge_guest(user=school.ines, course="physics", username="quastel.z", into="zoe")
    UseLog.objects.filter(event="moderate", act="merge:zoe").delete()
    old, new = str(everything.KEY), str(school.zoe.pk)
    moved = json.loads(json.dumps(before).replace(old, new))
    now = rows_of_all(ENDS)
    # Zoe was in the course's room only for a moment; what Lola has read there is hers.
    assert {name: sorted(rows) for name, rows in now.items()} == {
        name: sorted(rows) for name, rows in moved.items()
    }
    place = school.enrollment(school.zoe)
    for name in ("muted_until", "shares_reasons_since", "in_research_since", "reminded_since"):
        assert getattr(place, name) == getattr(mine, name), name
    assert not User.objects.filter(pk=everything.KEY).exists()


def test_answers_outside_class_of_both_are_one(school):
    """Where both answered, the answer of the other stands, for those who saw that of the guest."""
    lola = User.objects.create(username="lola", password="!")
    enroll(course=school.course, users=[lola])
    Guest.objects.create(user=lola, made_at=timezone.now())
    question = make_question(school.course, "lift")
    release = everything.release_of(question, school.ines)
    given = {"release": release, "started_at": timezone.now(), "first_at": timezone.now()}
    takes = {
        user: Take.objects.create(user=user, first_choice=choice, first_reason="Because", **given)
        for user, choice in ((lola, "A"), (school.ada, "B"), (school.bea, "A"))
    }
    room = school.make_room(lola, school.bea, kind="partners")
    said = post(lola, room, "It is me")
    pair = NightPair.objects.create(
        one=takes[lola], other=takes[school.bea], room=room, formed_at=timezone.now()
    )
    ShownReason.objects.create(take=takes[school.bea], other=takes[lola], is_picked=True)
    ShownReason.objects.create(take=takes[school.ada], other=takes[lola])
    merge(school, lola, school.ada)
    assert set(Take.objects.values_list("user__username", "first_choice")) == {
        ("ada", "B"),
        ("bea", "A"),
    }
    (shown,) = ShownReason.objects.all()
    assert (shown.take, shown.other, shown.is_picked) == (
        takes[school.bea],
        takes[school.ada],
        True,
    )
    pair.refresh_from_db()
    assert pair.one == takes[school.ada]
    said.refresh_from_db()
    assert said.sender == school.ada


def test_whom_a_guest_s_reason_convinced_is_still_counted(school, lola, rounds):
    first, second, _ = rounds
    theirs = vote(lola, first, "A")
    mine = vote(school.ada, first, "B")
    now = timezone.now()
    for user in (school.bea, school.ada):
        Conviction.objects.create(round=second, user=user, by="reason", vote=theirs, said_at=now)
    merge(school, lola, school.ada)
    said = Conviction.objects.get()
    assert (said.user, said.vote) == (school.bea, mine)


def test_nobody_is_convinced_by_themselves_outside_class(school, lola):
    release = everything.release_of(make_question(school.course, "lift"), school.ines)
    said = post(lola, school.room, "It is me")
    now = timezone.now()
    Take.objects.create(
        release=release,
        user=school.ada,
        started_at=now,
        first_at=now,
        first_choice="A",
        second_at=now,
        second_choice="B",
        convinced="message",
        message=said,
    )
    merge(school, lola, school.ada)
    take = Take.objects.get()
    assert (take.convinced, take.message) == ("", None)
