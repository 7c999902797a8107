"""Try-outs: what is made, what the simulated students do in it, and that nothing of it stays."""

import contextlib
import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import tokens
from accounts.models import User
from peerchat import signals
from rooms.actions import bots, joining, leaders, roster, tryouts
from rooms.actions.messages import Post, post_message
from rooms.actions.presence import Coming, open_connections
from rooms.actions.session import control
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import (
    ClassSession,
    Connection,
    Conviction,
    Course,
    Enrollment,
    Message,
    Partner,
    Round,
    TryOut,
    TryOutStudent,
    UseLog,
    Vote,
    Worker,
)
from rooms.queries import presence
from rooms.queries.arguments import arguments_for
from rooms.queries.roster import read
from rooms.wire.commands import (
    EnableChat,
    MakePartners,
    Reveal,
    StartQuestion,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import NoTryOut, PermissionDenied
from tests.rooms.cast import make_question
from tests.rooms.school import School, make_school, post

pytestmark = pytest.mark.django_db(transaction=True)

HOST, OTHER = uuid.uuid4(), uuid.uuid4()


@pytest.fixture
def school(transactional_db: None) -> School:
    school = make_school()
    for slug in ("force", "work"):
        make_question(school.course, slug)
    post(school.ada, school.room, "A message of the real course")
    return school


def everything() -> dict[str, set[Any]]:
    """Return the keys of all rows of the apps, by table; workers are none of a try-out."""
    models = [
        model
        for label in ("peerchat_rooms", "peerchat_accounts")
        for model in apps.get_app_config(label).get_models()
        if model is not Worker
    ]
    return {
        model.__name__: set(model._base_manager.values_list("pk", flat=True)) for model in models
    }


def start(school: School, **given: Any) -> TryOut:
    asked: dict[str, Any] = {"user": school.ines, "course": "physics", "language": "en"}
    return tryouts.start(**{**asked, **given})


class Played:
    """A try-out that a worker plays while the test leads its class."""

    def __init__(self, school: School, made: TryOut) -> None:
        self.lecturer = school.ines
        self.made = made
        (self.troupe,) = bots.take_over(worker=HOST)
        self.you = made.students.get(number=TryOutStudent.OWN).user

    def act(self, command: type, **fields: Any) -> None:
        with transaction.atomic():  # a vote stops at once
            control(
                user=self.lecturer,
                course=self.made.course.slug,
                command=command(uuid=uuid.uuid4().hex, **fields),
            )

    def play(self, *, later: float) -> bool:
        """Let the students act as if it were so many seconds later."""
        by = timedelta(seconds=later)
        TryOut.objects.update(started_at=F("started_at") - by, ends_at=F("ends_at") - by)
        ClassSession.objects.update(changed_at=F("changed_at") - by)
        Round.objects.update(opened_at=F("opened_at") - by)
        Message.objects.update(created_at=F("created_at") - by)
        return bots.play(troupe=self.troupe, worker=HOST)

    def votes(self, number: int) -> dict[int, str]:
        found = Vote.objects.filter(round__number=number, user__in=self.troupe.students.values())
        numbers = {user.pk: one for one, user in self.troupe.students.items()}
        return {numbers[user]: choice for user, choice in found.values_list("user", "choice")}


@pytest.fixture
def played(school: School) -> Played:
    return Played(school, start(school))


def test_a_copy_with_students_and_nobody_else(school):
    before = everything()
    made = start(school)
    course = made.course
    assert course.title == "Try-out: Physics"
    assert course.slug.startswith("try-out-")
    assert len(course.slug) >= 24
    copied = [
        (one.slug, one.prompt, [(c.letter, c.text, c.is_correct) for c in one.choices.all()])
        for one in course.questions.all()
    ]
    assert copied == [
        (one.slug, one.prompt, [(c.letter, c.text, c.is_correct) for c in one.choices.all()])
        for one in school.course.questions.all()
    ]
    roles = dict(course.enrollments.values_list("user", "role"))
    assert roles.pop(school.ines.pk) == "instructor"
    assert len(roles) == 31
    assert set(roles.values()) == {"student"}
    assert course.pk not in before["Course"]
    assert school.course.enrollments.count() == 5


def test_nobody_can_log_in_as_one_of_the_students(school, client):
    made = start(school)
    people = User.objects.filter(peerchat_tried_out__try_out=made)
    assert len(people) == 31
    assert not any(user.has_usable_password() for user in people)
    assert people.filter(is_active=True).get() == made.students.get(number=0).user
    for user in people:
        assert not client.login(username=user.username, password="")
    simulated = made.students.get(number=1).user
    assert tokens.verify(tokens.issue(simulated)) is None


def test_a_course_without_questions_gets_samples_in_the_language(school):
    school.course.questions.all().delete()
    made = start(school, language="de")
    prompts = list(made.course.questions.values_list("prompt", flat=True))
    assert len(prompts) == 3
    assert made.course.title == "Probelauf: Physics"
    for question in made.course.questions.all():
        assert question.choices.filter(is_correct=True).count() == 1


@pytest.mark.parametrize("name", ["ada", "ivan", "zoe"])
def test_only_who_leads_the_course_may_try_it_out(school, name):
    with pytest.raises(PermissionDenied):
        start(school, user=school.person(name))
    start(school, user=school.tess)
    for verb in (tryouts.end, tryouts.enter):
        for other in (school.person(name), school.ines):
            with pytest.raises(PermissionDenied):
                verb(user=other, course="physics")


def test_one_at_a_time_and_few_at_a_site(school, settings):
    settings.PEERCHAT = {"TRY_OUTS": 1, "TRY_OUT_STUDENTS": 2}
    made = start(school)
    assert start(school) == made
    with pytest.raises(NoTryOut, match="Too many courses"):
        start(school, user=school.tess)
    Enrollment.objects.create(course=school.other_course, user=school.ines, role="instructor")
    with pytest.raises(NoTryOut, match="already trying out “Physics”"):
        start(school, course="chemistry")
    with pytest.raises(NoTryOut, match="already trying out"):
        start(school, course=made.course.slug)
    tryouts.end(user=school.ines, course=made.course.slug)
    Course.objects.filter(pk=school.course.pk).update(archived_at=timezone.now())
    with pytest.raises(NoTryOut, match="archived"):
        start(school)
    settings.PEERCHAT = {"TRY_OUTS": 0}
    with pytest.raises(NoTryOut):
        start(school, course="chemistry")


def test_the_limits_bound_students_and_time(school, settings):
    settings.PEERCHAT = {"TRY_OUT_STUDENTS": 500, "TRY_OUT_MINUTES": 2}
    made = start(school)
    assert made.students.count() == 101
    assert made.ends_at - made.started_at == timedelta(minutes=2)


def test_a_whole_question(school, played):
    course = played.made.course
    assert played.play(later=0.0)
    assert len(presence.online_students(course)) < 30
    assert played.play(later=5.0)
    assert len(presence.online_students(course)) == 30
    assert set(Connection.objects.values_list("worker", flat=True)) == {HOST}

    you = played.you
    open_connections([Coming(uuid.uuid4(), you.pk, HOST)])
    played.act(StartQuestion, question="force")
    assert played.play(later=1.0)
    assert played.votes(1) == {}
    # All of a hurried class may have voted after ten seconds, and nobody of a slow one after four.
    some = {}
    while not some:
        played.play(later=2.0)
        some = played.votes(1)
    played.play(later=40.0)
    first = played.votes(1)
    assert len(some) < len(first) == 28
    assert 0.4 <= list(first.values()).count("B") / 28 <= 0.65
    cast_vote(ballot=Ballot(you, course.slug, "A"))

    played.act(StopVote)
    played.act(MakePartners)
    played.act(EnableChat)
    room = str(Partner.objects.get(user=you).group.room_id)
    mine = Message.objects.filter(room=room, kind="text")
    played.play(later=10.5)
    assert Message.objects.filter(room__kind="partners", kind="text").count() >= 25
    said = mine.first()
    assert said is not None
    # Some never vote.
    voted = Vote.objects.filter(user=said.sender, round__number=1)
    own = voted.values_list("choice", flat=True).first()
    assert own is None or own in said.text
    played.play(later=3.0)
    assert len(presence.online_students(course)) == 29  # two have left
    asked = post_message(post=Post(you, room, "ask", "Why do you think so?"))
    answers = mine.filter(uuid=f"answer-{asked.message.id.hex}")
    assert played.play(later=1.0)
    assert answers.count() == 0, "nobody answers so fast"
    played.play(later=6.0)
    played.play(later=1.0)
    assert answers.count() == 1
    assert answers.get().sender != you
    played.play(later=30.0)
    assert len(presence.online_students(course)) == 31  # and come back

    played.act(StartRevote)
    played.play(later=40.0)
    second = played.votes(2)
    assert second.keys() == first.keys()
    changed = {number for number in first if first[number] != second[number]}
    assert changed
    assert list(second.values()).count("B") > list(first.values()).count("B")
    # Somebody has said so before.
    said_by = Message.objects.filter(room__kind="partners", kind="text").values_list("text")
    assert any(
        second[number] in text
        for number in changed
        for (text,) in said_by.filter(sender=played.troupe.students[number])
    )
    # Most say what convinced them, once, and let the others see their arguments.
    played.play(later=1.0)
    convinced = Conviction.objects.count()
    assert 14 <= convinced <= 28
    assert Conviction.objects.filter(by="message").exists()
    played.play(later=1.0)
    assert Conviction.objects.count() == convinced
    played.act(StopVote)
    assert len(arguments_for(school.ines, course.slug, None).arguments) == 3
    played.act(Reveal)
    assert played.play(later=1.0)


def test_they_hurry_when_the_vote_is_about_to_close(played):
    played.play(later=5.0)
    played.act(StartQuestion, question="force", seconds=4)
    played.play(later=0.0)
    ClassSession.objects.update(deadline=timezone.now() + timedelta(seconds=0.6))
    played.play(later=0.0)
    assert len(played.votes(1)) == 28


def test_face_to_face_nobody_writes(played):
    played.play(later=5.0)
    played.act(StartQuestion, question="force")
    played.play(later=40.0)
    played.act(StopVote)
    played.play(later=60.0)
    assert not Message.objects.filter(room__kind="partners").exists()


def test_a_direct_message_is_answered(school, played):
    played.play(later=5.0)
    bot = played.troupe.students[3]
    low, high = sorted((bot.pk, school.ines.pk))
    room = played.made.course.rooms.create(kind="direct", pair=f"{low}:{high}")
    for user in (bot, school.ines):
        room.memberships.create(user=user)
    post(school.ines, room, "Hello!")
    played.play(later=6.0)
    assert [one.sender for one in room.messages.order_by("seq")] == [school.ines, bot]


def test_another_worker_goes_on_and_repeats_nothing(played):
    played.play(later=5.0)
    played.act(StartQuestion, question="force")
    played.play(later=40.0)
    played.act(StopVote)
    played.act(MakePartners)
    played.act(EnableChat)
    played.play(later=30.0)
    before = set(Message.objects.filter(room__kind="partners"))
    assert bots.take_over(worker=OTHER) == []
    TryOut.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    (troupe,) = bots.take_over(worker=OTHER)
    assert not bots.play(troupe=played.troupe, worker=HOST)
    assert bots.play(troupe=troupe, worker=OTHER)
    # What comes due meanwhile is new.
    new = set(Message.objects.filter(room__kind="partners")) - before
    said = {(one.room_id, one.sender_id, one.text) for one in before}
    assert not {(one.room_id, one.sender_id, one.text) for one in new} & said
    # One that stops leaves them to others at once.
    bots.leave(worker=OTHER)
    assert len(bots.take_over(worker=HOST)) == 1


# The first three end alike, and so do the others: one of each in the middle of a question.
WAYS = ["page", "deadline", "another worker", "rehearse", "admin"]
FAR = ["page", "admin"]


@pytest.mark.parametrize(
    ("way", "far"),
    [
        *((way, way in FAR) for way in WAYS),
        *(pytest.param(way, True, marks=pytest.mark.long) for way in WAYS if way not in FAR),
    ],
)
def test_nothing_of_it_stays(school, way, far, client):
    if way == "admin":
        school.zoe.is_staff = school.zoe.is_superuser = True
        school.zoe.save()
        client.force_login(school.zoe)
    before = everything()
    played = Played(school, start(school))
    slug = played.made.course.slug
    assert everything() != before
    played.play(later=5.0)
    enrollment, token = tryouts.enter(user=school.ines, course=slug)
    assert (enrollment.user, enrollment.course.slug) == (played.you, slug)
    assert tokens.verify(token) is not None
    played.act(StartQuestion, question="force")
    played.play(later=40.0)
    if far:
        played.act(StopVote)
        played.act(MakePartners)
        played.act(EnableChat)
        played.play(later=30.0)
        played.act(StartRevote)
        played.play(later=3.0)
    assert UseLog.objects.filter(in_course=played.made.course).exists()
    if way == "page":
        tryouts.end(user=school.ines, course="physics")
    elif way == "deadline":
        assert not played.play(later=3600.0)
    elif way == "another worker":
        TryOut.objects.update(ends_at=timezone.now())
        assert bots.take_over(worker=OTHER) == []
    elif way == "admin":
        page = f"/admin/peerchat_rooms/course/{played.made.course_id}/delete/"
        assert "31 users made for it" in client.get(page).content.decode()
        assert client.post(page, {"post": "yes"}).status_code == 302
    else:
        out = StringIO()
        call_command("rehearse", failed=slug, stdout=out)
        assert "31 users have been removed" in out.getvalue()
    assert everything() == before
    assert not bots.play(troupe=played.troupe, worker=HOST)
    with pytest.raises(PermissionDenied):
        tryouts.end(user=school.ines, course="physics")
    with pytest.raises(CommandError):
        call_command("rehearse", failed=slug)


def test_real_people_in_it_stay(school):
    made = start(school)
    Enrollment.objects.create(course=made.course, user=school.zoe, role="student")
    tryouts.end(user=school.ines, course=made.course.slug)
    assert User.objects.filter(pk=school.zoe.pk).exists()


def test_its_students_come_into_no_other_course(school):
    made = start(school)
    you = made.students.get(number=TryOutStudent.OWN).user
    code = joining.open_joining(user=school.ines, course="physics")
    with pytest.raises(PermissionDenied):
        joining.join(user=you, code=code)
    with pytest.raises(PermissionDenied):
        leaders.add_leader(
            user=school.ines, course="physics", person=you.username, role="assistant"
        )
    with pytest.raises(PermissionDenied):
        roster.import_roster(course=school.other_course, lines=read(f"username\n{you.username}"))
    assert Enrollment.objects.filter(user=you).count() == 1


def test_rows_elsewhere_do_not_keep_a_try_out(school):
    made = start(school)
    you = made.students.get(number=TryOutStudent.OWN).user
    _, token = tryouts.enter(user=school.ines, course=made.course.slug)
    Enrollment.objects.create(course=school.course, user=you)
    post(you, school.room, "in another course")
    tryouts.end(user=school.ines, course=made.course.slug)
    assert not TryOut.objects.exists()
    assert User.objects.filter(username__startswith="try-out-").get() == you
    assert tokens.verify(token) is None
    assert start(school, user=school.ivan, course=school.other_course.slug)


@contextlib.contextmanager
def heard() -> Iterator[list[dict[str, Any]]]:
    """Yield a list of what a receiver of all signals gets."""
    told: list[dict[str, Any]] = []
    all_ = (
        signals.class_started,
        signals.question_revealed,
        signals.message_posted,
        signals.student_joined,
    )

    def receive(**kwargs: Any) -> None:
        told.append(kwargs)

    for signal in all_:
        signal.connect(receive)
    try:
        yield told
    finally:
        for signal in all_:
            signal.disconnect(receive)


def test_the_site_hears_nothing_of_it(school):
    with heard() as told:
        played = Played(school, start(school))
        played.play(later=5.0)
        played.act(StartQuestion, question="force")
        played.play(later=40.0)
        played.act(StopVote)
        played.act(MakePartners)
        played.act(EnableChat)
        played.play(later=30.0)
        Enrollment.objects.create(course=played.made.course, user=school.zoe, role="student")
        assert told == []
        post(school.ada, school.room, "A real message")
        assert [one["text"] for one in told] == ["A real message"]
