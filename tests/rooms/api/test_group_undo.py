"""Undoing changes of groups and flags, and what a group says of broken rules."""

from django.utils import timezone

from rooms.actions import flags, group_facts
from rooms.models import Block, ClassSession, Flag, FormerGroup, PairingRule, PartnerGroup
from rooms.queries import classroom
from rooms.wire.commands import MoveStudent
from rooms.wire.group_commands import JoinGroups, SplitGroup
from tests.rooms.school import post
from tests.rooms.talks import lead


def test_a_split_is_undone_by_a_join(school, students, groups):
    lead(school.course, school.ines, JoinGroups, groups=[1, 2])
    FormerGroup.objects.all().delete()
    PartnerGroup.objects.update(method="fixed")
    lead(school.course, school.ines, SplitGroup, group=1, members=["s1", "s4"])
    made = dict(PartnerGroup.objects.values_list("number", "method"))
    assert made == {1: "by_hand", 2: "by_hand", 3: "fixed"}
    lead(school.course, school.ines, JoinGroups, groups=[1, 2])
    made = dict(PartnerGroup.objects.values_list("number", "method"))
    assert made == {1: "fixed", 3: "fixed"}


def test_who_is_moved_and_moved_back_changed_nothing(school, students, groups):
    def methods():
        return list(PartnerGroup.objects.order_by("number").values_list("method", flat=True))

    PartnerGroup.objects.update(method="random")
    for group, made in (
        (2, ["random", "by_hand", "random"]),
        (3, ["random", "random", "by_hand"]),
        (1, ["random", "random", "random"]),
    ):
        lead(school.course, school.ines, MoveStudent, username="s1", group=group)
        assert methods() == made
    assert not FormerGroup.objects.exists()
    # Whoever else is there now, the group is not as it was.
    lead(school.course, school.ines, MoveStudent, username="s1", group=2)
    lead(school.course, school.ines, MoveStudent, username="s5", group=1)
    lead(school.course, school.ines, MoveStudent, username="s1", group=1)
    assert methods() == ["by_hand", "random", "random"]
    lead(school.course, school.ines, MoveStudent, username="s5", group=3)
    assert methods() == ["random", "random", "random"]


def test_a_rule_that_is_broken_is_told_to_those_who_lead(school, students, groups, api):
    rule = PairingRule.objects.create(course=school.course, kind="never")
    rule.members.create(user=students[0])
    rule.members.create(user=students[1])
    block = {"user": students[2], "blocked": students[3], "made_at": timezone.now()}
    Block.objects.create(course=school.course, **block)

    def told():
        found = api(school.tess).get("courses/physics/groups/")[1]["results"]
        said = "against a rule: two who are never together"
        return [one.get("broken") for one in found if said in one.get("reason", "")]

    group_facts.note(ClassSession.objects.get())
    assert told() == [1]
    assert "never" not in str([classroom.snapshot(user, "physics") for user in students[:2]])
    assert api(students[0]).get("courses/physics/groups/")[0] == 403
    ClassSession.objects.update(has_pseudonyms=True, lecturers_know=False)
    assert told() == []


def test_undoing_opens_only_what_was_settled_then(school, api):
    room = school.make_room(school.ada, school.bea, school.carl)
    message = post(school.ada, room, "Nonsense")

    def settle(**fields):
        body = {"message": str(message.id), **fields}
        assert api(school.ines).post("courses/physics/flags/", body)[0] == 204

    def raise_flag(user):
        flags.flag_message(user=user, room=str(room.pk), seq=1, flagged=True)
        (one,) = api(school.ines).get("courses/physics/flags/")[1]["results"]
        return one["since"]

    def still_open():
        return {flag.user for flag in Flag.objects.filter(settled_at=None)}

    raise_flag(school.bea)
    settle()
    since = raise_flag(school.carl)
    settle()
    Flag.objects.create(message=message, user=school.tess, raised_at=timezone.now())
    for _ in range(2):
        settle(settled=False, since=since)
        assert still_open() == {school.carl, school.tess}
    # Who does not say since when takes back what was done last, once.
    settle()
    for _ in range(2):
        settle(settled=False)
        assert still_open() == {school.carl, school.tess}
    for wrong in (-1, 1e12, "now"):
        body = {"message": str(message.id), "settled": False, "since": wrong}
        assert api(school.ines).refused("courses/physics/flags/", body)[0] == 400
