"""What students say convinced them, and the arguments that follow from it."""

import uuid
from functools import partial

import pytest
from django.utils import timezone
from msgspec import UNSET

from accounts import people
from rooms.actions.convictions import say_convinced
from rooms.actions.enrollment import unenroll
from rooms.actions.moderation import remove_message, restore_message
from rooms.actions.places import share
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.delivery import names
from rooms.delivery.notices import Changed
from rooms.models import (
    ClassSettings,
    Conviction,
    Course,
    Enrollment,
    Flag,
    Message,
    Partner,
    PartnerGroup,
    ShownArgument,
    Vote,
)
from rooms.queries import classroom, results, screen
from rooms.queries.arguments import arguments_for
from rooms.wire.arguments import SaidBody, ScreenArgument
from rooms.wire.commands import (
    EnableChat,
    MakePartners,
    NextQuestion,
    Reopen,
    Reveal,
    SayConvinced,
    ShowArgument,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import (
    CourseArchived,
    NoPartner,
    NoSuchArgument,
    PermissionDenied,
    RoundClosed,
)
from tests.rooms.cast import make_question
from tests.rooms.school import make_person, post

COURSE = "physics"


class Lesson:
    """A class in which partners have talked: in each pair one voted A and one B, which is right."""

    def __init__(self, school):
        self.school = school
        make_question(school.course, "force")
        self.users = {name: school.person(name) for name in ("ada", "bea", "carl")}
        for name in ("dora", "late"):
            self.users[name] = make_person(name)
            Enrollment.objects.create(course=school.course, user=self.users[name])
        self.take(StartQuestion, question="force")
        for name, choice in (("ada", "A"), ("bea", "B"), ("carl", "A"), ("dora", "B")):
            self.vote(name, choice, f"because {name}")
        self.take(StopVote)
        self.take(MakePartners)
        self.take(EnableChat)

    def take(self, command, **fields):
        control(
            user=self.school.ines,
            course=COURSE,
            command=command(uuid=uuid.uuid4().hex, **fields),
        )

    def vote(self, name, choice, rationale=""):
        cast_vote(ballot=Ballot(self.users[name], COURSE, choice, rationale=rationale))

    def group(self, name):
        return PartnerGroup.objects.get(partners__user=self.users[name])

    def partner(self, name):
        """The name of the partner who gave the other answer."""
        others = Partner.objects.filter(group=self.group(name)).exclude(user=self.users[name])
        (user,) = [one.user for one in others]
        return next(key for key, value in self.users.items() if value == user)

    def write(self, name, text):
        return post(self.users[name], self.group(name).room, text)

    def say(self, name, by="thought", **fields):
        command = SayConvinced(
            uuid=uuid.uuid4().hex, course=COURSE, question="force", by=by, **fields
        )
        return say_convinced(user=self.users[name], command=command)

    def username(self, name):
        return people.username(self.users[name])

    def share(self, *names):
        """Let these students, and no others, share their reasons."""
        enrolled = Enrollment.objects.filter(course=self.school.course)
        enrolled.update(shares_reasons_since=None)
        users = [self.users[name] for name in names]
        enrolled.filter(user__in=users).update(shares_reasons_since=timezone.now())

    @property
    def arguments(self):
        return arguments_for(self.school.ines, COURSE, None)

    @property
    def texts(self):
        return [one.text for one in self.arguments.arguments]

    @property
    def hall(self):
        return screen.screen(Course.objects.get(slug=COURSE)).argument


@pytest.fixture
def lesson(school):
    return Lesson(school)


def test_students_say_what_convinced_them_until_the_reveal(lesson):
    other = lesson.partner("ada")
    message = lesson.write(other, "Look at the arrows.")
    with pytest.raises(RoundClosed):
        lesson.say("ada")
    lesson.take(StartRevote)
    said = lesson.say("ada", "message", message=str(message.id))
    assert (said.by, said.message) == ("message", str(message.id))
    assert classroom.snapshot(lesson.users["ada"], COURSE).convinced == said
    again = lesson.say("ada", "reason", username=lesson.username(other))
    assert again.said_at > said.said_at
    lesson.take(StopVote)
    last = lesson.say("ada", "nothing")
    stored = Conviction.objects.get()
    assert (stored.by, stored.message, stored.vote) == ("nothing", None, None)
    assert classroom.snapshot(lesson.users["ada"], COURSE).convinced == last
    lesson.take(Reveal)
    with pytest.raises(RoundClosed):
        lesson.say("ada", "thought")
    assert Conviction.objects.get().by == "nothing"


def test_nobody_names_what_no_partner_said(lesson):
    other = lesson.partner("ada")
    stranger = next(name for name in ("carl", "dora") if name != other)
    room = lesson.group("ada").room
    removed, own = lesson.write(other, "No."), lesson.write("ada", "Mine.")
    Message.objects.filter(pk=removed.pk).update(removed_at=timezone.now())
    theirs = lesson.write(stranger, "In another room.")
    everybody = post(lesson.users[other], lesson.school.room, "To the course.")
    told = Message.objects.create(
        room=room, seq=99, sender=lesson.users[other], uuid="x", kind="system", text="Told.",
        created_at=timezone.now(),
    )  # fmt: skip
    visitor = Message.objects.create(
        room=room, seq=98, sender=lesson.school.ines, uuid="y", text="I lead.",
        created_at=timezone.now(),
    )  # fmt: skip
    lesson.take(StartRevote)
    refused = []
    for one in (removed, own, theirs, everybody, told, visitor):
        with pytest.raises(NoSuchArgument) as refusal:
            lesson.say("ada", "message", message=str(one.id))
        refused.append(refusal.value)
    for missing in (str(uuid.uuid4()), "no id", "\N{FULLWIDTH DIGIT ONE}" * 32):
        with pytest.raises(NoSuchArgument) as refusal:
            lesson.say("ada", "message", message=missing)
        refused.append(refusal.value)
    silent = lesson.users[other]
    Vote.objects.filter(user=silent).update(rationale="")
    for username in (
        *(lesson.username("ada"), lesson.username(stranger), lesson.username(other)),
        *(people.username(lesson.school.ines), "nobody", None),
    ):
        with pytest.raises(NoSuchArgument) as refusal:
            lesson.say("ada", "reason", username=username)
        refused.append(refusal.value)
    assert len({(one.code, one.message, one.status, str(one.extra)) for one in refused}) == 1
    assert not Conviction.objects.exists()


def test_only_students_with_partners_are_asked_and_only_where_the_course_asks(lesson):
    lesson.take(StartRevote)
    with pytest.raises(NoPartner):
        lesson.say("late")
    lesson.users |= {"ines": lesson.school.ines, "zoe": lesson.school.zoe}
    for name in ("ines", "zoe"):
        with pytest.raises(PermissionDenied):
            lesson.say(name)
    settings = ClassSettings.objects.create(course=lesson.school.course, asks_convinced=False)
    with pytest.raises(PermissionDenied):
        lesson.say("ada")
    settings.delete()
    Course.objects.filter(slug=COURSE).update(archived_at=timezone.now())
    with pytest.raises(CourseArchived):
        lesson.say("ada")
    assert not Conviction.objects.exists()


def test_the_author_of_a_reason_that_was_offered_stays_hidden(lesson):
    other = lesson.partner("ada")
    stranger = next(name for name in ("bea", "carl", "dora") if name != other)
    vote = Vote.objects.get(user=lesson.users[stranger])
    PartnerGroup.objects.filter(pk=lesson.group("ada").pk).update(offered=vote)
    lesson.take(StartRevote)
    said = lesson.say("ada", "reason")
    assert Conviction.objects.get().vote == vote
    state = classroom.snapshot(lesson.users["ada"], COURSE)
    assert state.convinced == said
    assert lesson.username(stranger) not in str(said)


def test_the_arguments_that_moved_most_are_told_by_consent_and_without_names(lesson):
    names = {name: lesson.partner(name) for name in ("ada", "carl")}
    messages = {name: lesson.write(names[name], f"from {name}'s partner") for name in names}
    weak = lesson.write("ada", "weak")
    lesson.take(StartRevote)
    for name in ("ada", "carl"):
        lesson.vote(name, "B")
    lesson.vote(names["ada"], "B")
    lesson.say("ada", "message", message=str(messages["ada"].id))
    lesson.say("carl", "reason", username=lesson.username(names["carl"]))
    lesson.say(names["ada"], "message", message=str(weak.id))
    lesson.say(names["carl"], "thought")
    body = lesson.arguments
    assert (body.question, body.is_open, body.arguments) == ("force", True, [])
    assert "arguments" not in str(results.figures_for(lesson.school.ines, COURSE).twin)
    lesson.take(StopVote)
    assert lesson.arguments.said == SaidBody(message=2, reason=1, thought=1)
    assert (lesson.texts, lesson.arguments.withheld) == ([], 3)
    lesson.share("ada", *names.values())
    body = lesson.arguments
    # The reason was written before the message.
    assert [(one.kind, one.text, one.choice) for one in body.arguments] == [
        ("reason", f"because {names['carl']}", "B"),
        ("message", "from ada's partner", "B"),
        ("message", "weak", "A"),
    ]
    assert [(one.named, one.changed, one.became_right) for one in body.arguments] == [
        *[(1, 1, 1)] * 2,
        (1, 0, 0),
    ]
    assert body == results.figures_for(lesson.school.ines, COURSE).arguments
    for user in lesson.users.values():
        assert people.username(user) not in [one.argument for one in body.arguments]
    assert not any(str(one.id) in str(body) for one in messages.values())
    Message.objects.filter(pk=weak.pk).update(removed_at=timezone.now())
    flag = Flag.objects.create(
        message=messages["ada"], user=lesson.users["ada"], raised_at=timezone.now()
    )
    assert (lesson.texts, lesson.arguments.withheld) == ([f"because {names['carl']}"], 0)
    flag.settled_at = timezone.now()
    flag.save()
    assert len(lesson.texts) == 2
    lesson.share("ada")
    assert (lesson.texts, lesson.arguments.withheld) == ([], 2)


def test_the_hall_shows_an_argument_as_long_as_it_may_be_seen(lesson):
    other = lesson.partner("ada")
    message = lesson.write(other, "Look at the arrows.")
    lesson.share(other)
    lesson.take(StartRevote)
    lesson.vote("ada", "B")
    lesson.say("ada", "message", message=str(message.id))
    lesson.take(StopVote)
    (one,) = lesson.arguments.arguments
    before = classroom.snapshot(lesson.users["ada"], COURSE)
    assert (lesson.hall, one.shown) == (UNSET, False)
    with pytest.raises(NoSuchArgument):
        lesson.take(ShowArgument, argument="0" * 32)
    lesson.take(ShowArgument, argument=one.argument)
    assert lesson.hall == ScreenArgument("Look at the arrows.", "B")
    assert lesson.arguments.arguments[0].shown
    after = classroom.snapshot(lesson.users["ada"], COURSE)
    assert (after.epoch, after.revision) == (before.epoch, before.revision + 1)
    lesson.take(Reopen)
    assert lesson.hall is UNSET
    lesson.take(StopVote)
    lesson.take(Reveal)
    assert (lesson.hall, lesson.arguments.arguments[0].shown) == (UNSET, False)
    lesson.take(ShowArgument, argument=one.argument)
    assert lesson.hall == ScreenArgument("Look at the arrows.", "B")
    lesson.share()
    assert lesson.hall is UNSET
    lesson.share(other)
    flag = Flag.objects.create(message=message, user=lesson.users["ada"], raised_at=timezone.now())
    assert lesson.hall is UNSET
    flag.delete()
    assert lesson.hall is not UNSET
    lesson.take(ShowArgument)
    assert (lesson.hall, ShownArgument.objects.count()) == (UNSET, 0)
    lesson.take(ShowArgument, argument=one.argument)
    lesson.take(NextQuestion)
    assert lesson.hall is UNSET
    past = arguments_for(lesson.school.ines, COURSE, "force")
    assert [(one.text, one.named) for one in past.arguments] == [("Look at the arrows.", 1)]


def test_the_hall_is_told_when_what_it_shows_may_be_gone(
    lesson, notices, django_capture_on_commit_callbacks
):
    school = lesson.school
    seq = post(school.ada, school.room, "Look at the arrows.").seq
    where = {"user": school.ines, "room": str(school.room.pk), "seq": seq}
    for change in (
        partial(share, user=school.ada, course=COURSE, shared=True),
        partial(share, user=school.ada, course=COURSE, shared=False),
        partial(remove_message, **where),
        partial(restore_message, **where),
        partial(unenroll, course=school.course, users=[school.ada]),
    ):
        notices.entries.clear()
        with django_capture_on_commit_callbacks(execute=True):
            change()
        assert Changed(names.screens(school.course.pk)) in notices.entries, change
