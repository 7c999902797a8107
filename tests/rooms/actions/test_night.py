"""Partners outside class."""

from datetime import timedelta

import pytest
from django.utils import timezone

from rooms.actions import night, releases, takes
from rooms.actions.course_settings import archive_course, restore_course
from rooms.actions.session import control
from rooms.models import (
    Block,
    ClassSession,
    ClassSettings,
    Membership,
    NightPair,
    PairingMember,
    PairingRule,
    Release,
    Room,
    Take,
)
from rooms.queries import night as reads
from rooms.queries.released import released
from rooms.queries.takes import PARTNER_SILENT, convincing, pair_of, take_of
from rooms.wire.commands import StartQuestion
from rooms.wire.errors import InvalidRoom, NoPartner, ReleaseClosed
from tests.rooms.cast import make_question
from tests.rooms.outside import answer, release
from tests.rooms.school import post

SILENT = timedelta(seconds=PARTNER_SILENT + 1)


@pytest.fixture
def of(school):
    ClassSettings.objects.create(course=school.course, pairs_at_night=True)
    make_question(school.course, "force")
    made = release(school)
    answer(school, "ada", made, "A", reason="It feels so")
    answer(school, "bea", made, "B")
    answer(school, "carl", made, "A")
    return made


def look(school, name, of):
    return night.look_for_partner(user=school.person(name), course="physics", release=of.pk)


def test_two_who_wait_get_a_room_until_one_of_them_knows_the_result(school, of):
    assert look(school, "ada", of) is None
    assert look(school, "carl", of) is not None, "the same answer is better than nobody"
    pair = look(school, "ada", of)
    assert {pair.one.user, pair.other.user} == {school.ada, school.carl}
    assert (pair.room.kind, pair.room.memberships.count()) == (Room.Kind.PARTNERS, 2)
    assert not Take.objects.exclude(waiting_since=None).exists()
    message = post(school.ada, pair.room, "Why?")
    carl = take_of(school.carl, of)
    body = reads.talk_body(pair_of(carl), carl)
    assert (body.partner, body.answer, body.reason) == ("Ada", "A", "It feels so")
    assert [(one.text, one.mine) for one in body.messages] == [("Why?", False)]
    assert (body.here, body.ended) == (True, False)
    assert convincing(pair_of(carl), carl) == [message]
    answer(school, "carl", of, "A", "B")
    assert Room.objects.get(pk=pair.room_id).archived_at is None
    done = takes.pick(
        user=school.carl, course="physics", release=of.pk, convinced="message", message=message.pk
    )
    assert done.message == message
    assert Room.objects.get(pk=pair.room_id).archived_at is not None, "Carl knows the result now"
    answer(school, "ada", of, "A", "A")
    with pytest.raises(InvalidRoom):
        post(school.ada, pair.room, "Late")
    (one,) = released(school.course, messages=True)
    counted = {each.user: (each.group, each.messages) for each in one.answers}
    assert counted[school.ada.pk] == (pair.pk, 1)
    assert counted[school.carl.pk] == (pair.pk, 0)
    assert counted[school.bea.pk] == (None, 0)


def test_another_answer_comes_first(school, of):
    Take.objects.filter(user__in=[school.ada, school.carl]).update(
        waiting_since=timezone.now(), seen_at=timezone.now()
    )
    pair = look(school, "bea", of)
    assert {pair.one.user, pair.other.user} == {school.ada, school.bea}


def test_whoever_left_waits_no_longer(school, of):
    look(school, "ada", of)
    Take.objects.filter(user=school.ada).update(seen_at=timezone.now() - SILENT)
    assert look(school, "bea", of) is None
    assert list(Take.objects.exclude(waiting_since=None)) == [take_of(school.bea, of)]
    night.stop_waiting(user=school.bea, course="physics", release=of.pk)
    assert not Take.objects.exclude(waiting_since=None).exists()


def test_never_means_never_and_blocks_count(school, of):
    rule = PairingRule.objects.create(course=school.course, kind="never")
    for user in (school.ada, school.bea):
        PairingMember.objects.create(rule=rule, user=user)
    Block.objects.create(
        course=school.course, user=school.carl, blocked=school.ada, made_at=timezone.now()
    )
    look(school, "ada", of)
    assert look(school, "bea", of) is None
    assert look(school, "carl", of).one.user == school.bea
    assert NightPair.objects.count() == 1


@pytest.mark.parametrize("why", ["off", "class", "pseudonyms"])
def test_nobody_is_paired_where_it_may_not_be(school, of, why):
    look(school, "ada", of)
    now = timezone.now()
    if why == "class":
        ClassSession.objects.create(
            course=school.course, started_at=now, changed_at=now, controller=school.ines
        )
    else:
        off = {"pairs_at_night": False} if why == "off" else {"has_pseudonyms": True}
        ClassSettings.objects.update(**off)
    with pytest.raises(NoPartner):
        look(school, "bea", of)
    Take.objects.filter(user=school.bea).update(waiting_since=now, seen_at=now)
    assert night.pair_waiting(release=Release.objects.get()) == 0


def test_what_ended_before_the_pairs_are_made_counts(school, of):
    """A process looks at the releases one after the other, and read them all before."""
    look(school, "ada", of)
    Take.objects.filter(user=school.bea).update(
        waiting_since=timezone.now(), seen_at=timezone.now()
    )
    (known,) = reads.waited_for()
    archive_course(user=school.ines, course="physics")
    assert night.pair_waiting(release=known) == 0
    restore_course(user=school.ines, course="physics")
    assert night.pair_waiting(release=known) == 1


def test_a_class_with_pseudonyms_ends_the_talks_of_those_who_know_each_other(school, of):
    look(school, "ada", of)
    pair = look(school, "bea", of)
    answer(school, "carl", of, "A")
    look(school, "carl", of)
    ClassSettings.objects.update(has_pseudonyms=True)
    command = StartQuestion(uuid="one", question="force", seconds=60)
    control(user=school.ines, course="physics", command=command)
    assert Room.objects.get(pk=pair.room_id).archived_at is not None
    assert not Take.objects.exclude(waiting_since=None).exists()
    with pytest.raises(InvalidRoom):
        post(school.ada, pair.room, "I am the blue otter")


def test_only_between_the_two_answers(school, of):
    answer(school, "ada", of, "A", "B")
    with pytest.raises(ReleaseClosed):
        look(school, "ada", of)


def test_a_talk_ends_with_the_second_second_answer(school, of):
    Release.objects.update(reveals="when_due", due_at=timezone.now() + timedelta(days=1))
    look(school, "ada", of)
    pair = look(school, "bea", of)
    for name, first, is_over in (("ada", "A", False), ("bea", "B", True)):
        answer(school, name, of, first, "B")
        own = {"user": school.person(name), "course": "physics", "release": of.pk}
        takes.pick(**own, convinced="nothing")
        assert (Room.objects.get(pk=pair.room_id).archived_at is not None) == is_over


@pytest.mark.parametrize("how", ["leave", "withdraw", "due"])
def test_talks_end(school, of, how):
    look(school, "ada", of)
    pair = look(school, "bea", of)
    if how == "leave":
        night.stop_waiting(user=school.ada, course="physics", release=of.pk)
    elif how == "withdraw":
        releases.change_release(user=school.ines, course="physics", release=of.pk, withdrawn=True)
    else:
        Release.objects.update(due_at=timezone.now())
        assert night.end_overdue() == 1
        assert night.end_overdue() == 0
    pair = NightPair.objects.select_related("room").get()
    assert pair.ended_at is not None
    assert pair.room.archived_at is not None
    assert Membership.objects.filter(room=pair.room).count() == 2, "they still read it"
