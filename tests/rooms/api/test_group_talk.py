"""What lecturers see of groups that talk, and what they do with them."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from rooms import ratelimit
from rooms.actions import flags, moderation
from rooms.actions.session import control
from rooms.models import (
    ClassSettings,
    Enrollment,
    Flag,
    FormerGroup,
    Membership,
    Message,
    Partner,
    PartnerGroup,
    Pseudonym,
    Room,
    UseLog,
)
from rooms.queries import classroom, messages, results, talk, visits
from rooms.wire.commands import (
    MoveStudent,
    Reveal,
    StartRevote,
    StopVote,
)
from rooms.wire.errors import (
    EmptyText,
    IllegalTransition,
    InvalidMessageFormat,
    NoSuchMessage,
    PermissionDenied,
    RateLimited,
    UuidReused,
)
from rooms.wire.group_commands import (
    JoinGroups,
    SayToGroup,
    SlowGroups,
    SplitGroup,
    TellGroups,
    VisitGroup,
)
from tests.rooms.school import post
from tests.rooms.talks import lead, make_groups, make_students, write


def members(group):
    users = Partner.objects.filter(group=group).order_by("user").values_list("user", flat=True)
    in_room = Membership.objects.filter(room=group.room_id).order_by("user")
    assert list(users) == list(in_room.values_list("user", flat=True))
    return list(users)


def keys(users):
    return [user.pk for user in users]


def lines(group):
    found = Message.objects.filter(room=group.room_id, kind="system").order_by("seq")
    return list(found.values_list("text", flat=True))


# --- at a glance ---------------------------------------------------------------------------------


def test_how_the_groups_talk_without_a_text(school, students, groups, api):
    s = students
    write(groups[1], *((s[2], "a secret", 170 - n) for n in range(5)))
    write(groups[2], (s[4], "A?", 20.0), (s[5], "No, B", 10.0), (s[4], "Oh", 5.0))
    Enrollment.objects.filter(user=s[0]).update(seat="row 3", place="hall")
    moderation.mute(user=school.ines, course="physics", username="s2", seconds=60)
    flags.flag_message(user=s[5], room=str(groups[2].room_id), seq=1, flagged=True)
    status, found = api(school.ines).get("courses/physics/groups/")
    assert status == 200
    assert "secret" not in str(found)
    seen = {one["group"]: one for one in found["results"]}
    assert {number: one["talk"] for number, one in seen.items()} == {
        1: "silent",
        2: "one_sided",
        3: "lively",
    }
    assert [one["messages"] for one in seen.values()] == [0, 5, 3]
    assert [one["flags"] for one in seen.values()] == [0, 0, 1]
    first, second = seen[1]["members"]
    assert first == {
        "username": "s1",
        "display_name": "S1",
        "online": True,
        "choice": "A",
        "messages": 0,
        "place": "hall",
        "seat": "row 3",
    }
    assert second["muted_until"] > timezone.now().timestamp()
    assert (seen[1]["method"], seen[1]["mixed"], seen[1]["right"]) == (
        "different_answers",
        True,
        1,
    )
    assert seen[1]["reason"] == "different answers, one right"
    assert found["ask"] == [
        {"group": 1, "why": ["silent", "different_answers"]},
        {"group": 2, "why": ["one_sided", "different_answers"]},
        {"group": 3, "why": ["lively", "different_answers"]},
    ]


def test_nothing_where_nobody_talks(school, api):
    assert api(school.ines).get("courses/physics/groups/")[1]["results"] == []
    assert api(school.ines).get("courses/physics/groups/")[1]["ask"] == []


def test_a_talk_ends_with_the_second_vote_and_lines_of_the_system_are_none(
    school, students, groups
):
    lead(school.course, school.ines, VisitGroup, group=1)
    lead(school.course, school.ines, TellGroups, text="Two minutes left")
    write(groups[1], (students[2], "A?", 20.0), (students[3], "B", 10.0))
    figures = results.figures(school.course)
    assert (figures.groups, figures.silent_groups, figures.messages) == (3, 2, 2)
    lead(school.course, school.ines, StartRevote)
    write(groups[2], (students[4], "too late", -5.0))
    later = timezone.now() + timedelta(minutes=9)
    found = talk.groups(school.course, now=later)
    assert [one.talk.value for one in found.groups] == ["silent", "lively", "silent"]


def test_many_groups_take_as_many_queries_as_few(
    school, students, groups, api, django_assert_max_num_queries
):
    with django_assert_max_num_queries(9):
        assert len(talk.groups(school.course).groups) == 3


def test_where_lecturers_do_not_know_the_names_they_see_pseudonyms(school, students, api):
    ClassSettings.objects.create(course=school.course, has_pseudonyms=True, lecturer_knows=False)
    groups = make_groups(school.course, school.ines, [students[:4], students[4:]])
    pseudonyms = {one.user_id: one.name for one in Pseudonym.objects.all()}
    _, found = api(school.ines).get("courses/physics/groups/")
    shown = [one["display_name"] for one in found["results"][0]["members"]]
    assert shown == [pseudonyms[user.pk] for user in students[:4]]
    assert not {"s1", "S1"} & set(str(found).split("'"))
    # Commands take them by what they are called.
    going = [one["username"] for one in found["results"][0]["members"][:2]]
    lead(school.course, school.ines, SplitGroup, group=1, members=going)
    assert members(groups[0]) == keys(students[2:4])


# --- visits --------------------------------------------------------------------------------------


def read(api, user, group, **query):
    return api(user).get(f"courses/physics/groups/{group.number}/messages/", **query)


def test_nobody_reads_along_unseen(school, students, groups, api):
    """Each lecturer who reads has left a line of their own, of the last minutes."""
    write(groups[0], (students[0], "a secret", 20.0))
    assert read(api, school.ines, groups[0])[0] == 403
    status, visited = api(school.ines).post(
        "courses/physics/control/", {"action": "visit_group", "group": 1}
    )
    assert status == 200
    assert [one["text"] for one in visited["room_messages"]] == [
        "a secret",
        "Ines reads along for a moment.",
    ]
    assert visited["room"] == str(groups[0].room_id)
    assert visited["until"] == pytest.approx(timezone.now().timestamp() + 300, abs=30)
    # The members have the line like any message.
    seen = messages.select_room(students[0], str(groups[0].room_id), 20).room_messages
    assert (seen[-1].text, seen[-1].kind) == ("Ines reads along for a moment.", "system")
    write(groups[0], (students[1], "another", 0.0))
    status, later = read(api, school.ines, groups[0], after=2)
    assert (status, [one["text"] for one in later["room_messages"]]) == (200, ["another"])
    # Neither another group, nor another lecturer, nor a message that looks alike.
    assert read(api, school.ines, groups[1])[0] == 403
    assert read(api, school.tess, groups[0])[0] == 403
    Membership.objects.create(room=groups[0].room, user=school.tess)
    post(school.tess, groups[0].room, "Tess reads along for a moment.")
    assert read(api, school.tess, groups[0])[0] == 403
    # It ends, and the next one is another line.
    Message.objects.filter(kind="system").update(
        created_at=timezone.now() - visits.VISIT_LASTS - timedelta(seconds=1)
    )
    assert read(api, school.ines, groups[0])[0] == 403
    for _ in range(2):
        lead(school.course, school.ines, VisitGroup, group=1)
    assert len(lines(groups[0])) == 2
    assert read(api, school.ines, groups[0])[0] == 200
    acts = UseLog.objects.filter(event="moderate", act=f"visit:{groups[0].room_id}")
    assert acts.count() == 2
    # The line stays where it is.
    for user in (school.ines, school.tess):
        with pytest.raises(PermissionDenied):
            moderation.remove_message(user=user, room=str(groups[0].room_id), seq=2)


def test_the_line_is_in_the_language_of_the_visitor(school, groups):
    school.ines.language = "de"
    school.ines.save()
    lead(school.course, school.ines, VisitGroup, group=1)
    assert lines(groups[0])[0].startswith("Ines ")


def test_a_repeated_command_says_nothing_twice(school, groups):
    visit, say = VisitGroup(uuid="1", group=1), SayToGroup(uuid="2", group=1, text="Why? ")
    tell = TellGroups(uuid="3", text="Two minutes left")
    for command in (visit, say, tell) * 2:
        control(user=school.ines, course="physics", command=command)
    assert lines(groups[0]) == ["Ines reads along for a moment.", "Why?", "Two minutes left"]
    assert lines(groups[1]) == lines(groups[2]) == ["Two minutes left"]
    assert Room.objects.get(pk=groups[0].room_id).last_seq == 3
    other = SayToGroup(uuid="2", group=1, text="Why not?")
    with pytest.raises(UuidReused):
        control(user=school.ines, course="physics", command=other)
    for command in (SayToGroup(uuid="4", group=1, text=" "), TellGroups(uuid="5", text="\n")):
        with pytest.raises(EmptyText):
            control(user=school.ines, course="physics", command=command)


def test_groups_that_are_not_there(school, groups):
    for kind, fields in (
        (VisitGroup, {"group": 9}),
        (SayToGroup, {"group": 9, "text": "?"}),
        (SplitGroup, {"group": 9}),
        (JoinGroups, {"groups": [1, 9]}),
        (JoinGroups, {"groups": [1, 1]}),
    ):
        with pytest.raises(InvalidMessageFormat):
            lead(school.course, school.ines, kind, **fields)


def test_after_the_result_groups_may_be_visited_but_not_changed(school, students, groups):
    for kind in (StartRevote, StopVote, Reveal):
        lead(school.course, school.ines, kind)
    lead(school.course, school.ines, VisitGroup, group=1)
    lead(school.course, school.ines, TellGroups, text="Well done")
    for kind, fields in ((SplitGroup, {"group": 1}), (JoinGroups, {"groups": [1, 2]})):
        with pytest.raises(IllegalTransition):
            lead(school.course, school.ines, kind, **fields)


# --- regrouping ----------------------------------------------------------------------------------


def test_two_groups_are_joined_and_split_again(school, students, groups):
    one, other, _ = groups
    PartnerGroup.objects.update(method="random")
    post(students[2], other.room, "Before")
    slow = {group.room_id for group in groups}
    lead(school.course, school.ines, SlowGroups, seconds=30)
    assert {room.slow_seconds for room in Room.objects.filter(pk__in=slow)} == {30}
    before = results.figures(school.course)
    join = JoinGroups(uuid="j", groups=[1, 2])
    for _ in range(2):
        control(user=school.ines, course="physics", command=join)
    assert members(one) == keys(students[:4])
    assert not PartnerGroup.objects.filter(pk=other.pk).exists()
    assert Room.objects.get(pk=other.room_id).archived_at is not None
    assert lines(one) == ["Two groups are one now."]
    assert results.figures(school.course).groups == before.groups - 1
    one.refresh_from_db()
    assert (one.method, one.size, one.voters, one.is_mixed, one.right) == (
        "by_hand",
        4,
        4,
        True,
        2,
    )
    split = SplitGroup(uuid="s", group=1, members=["s3", "s4"])
    for _ in range(2):
        control(user=school.ines, course="physics", command=split)
    assert members(one) == keys(students[:2])
    # The hall finds the group under the number that it had before.
    new = PartnerGroup.objects.get(number=other.number)
    assert members(new) == keys(students[2:4])
    assert (new.method, new.size, new.is_mixed) == ("random", 2, True)
    one.refresh_from_db()
    assert one.method == "random"
    # They read on where they stopped.
    assert (new.room_id, new.room.archived_at, new.room.slow_seconds) == (other.room_id, None, 30)
    assert lines(new) == ["The groups are two again."]
    assert [one.partners[0].username for one in snapshots(students[2:4])] == ["s4", "s3"]
    # They may write at once, but for the slow mode, as the others.
    assert post(students[3], new.room, "Hello").seq == 3
    assert not FormerGroup.objects.exists()


def snapshots(users):
    return [classroom.snapshot(user, "physics") for user in users]


def test_a_split_that_the_server_chooses(school, students, groups):
    lead(school.course, school.ines, JoinGroups, groups=[1, 2])
    lead(school.course, school.ines, SplitGroup, group=1)
    for group in PartnerGroup.objects.filter(number__in=(1, 2)):
        assert (len(members(group)), group.is_mixed, group.right) == (2, True, 1)


def test_nobody_is_left_alone_and_no_group_grows_too_large(school, students, groups):
    def refused(kind, **fields):
        with pytest.raises(InvalidMessageFormat):
            lead(school.course, school.ines, kind, **fields)

    refused(SplitGroup, group=1)
    lead(school.course, school.ines, JoinGroups, groups=[1, 2])
    refused(SplitGroup, group=1, members=["s1"])
    refused(SplitGroup, group=1, members=["s1", "s2", "s3"])
    refused(SplitGroup, group=1, members=["s1", "s5"])
    lead(school.course, school.ines, JoinGroups, groups=[1, 3])
    extra = make_students(school.course, 3, prefix="t")
    group = PartnerGroup.objects.get()
    other = PartnerGroup.objects.create(
        round=group.round,
        number=9,
        formed_at=timezone.now(),
        room=Room.objects.create(course=school.course, kind="partners"),
    )
    for user in extra:
        Partner.objects.create(group=other, round=group.round, user=user)
    refused(JoinGroups, groups=[1, 9])
    assert PartnerGroup.objects.count() == 2


def test_a_move_is_undone_by_a_move(school, students, groups):
    lead(school.course, school.ines, MoveStudent, username="s1", group=2)
    assert members(groups[1]) == keys([students[0], *students[2:4]])
    lead(school.course, school.ines, MoveStudent, username="s1", group=1)
    assert [members(group) for group in groups] == [keys(students[n : n + 2]) for n in (0, 2, 4)]


# --- flags and what is removed -------------------------------------------------------------------


def test_a_flag_is_raised_taken_back_and_settled(school, students, groups, api):
    write(groups[0], (students[0], "Nonsense", 20.0))
    path = f"rooms/{groups[0].room_id}/messages/1/flag/"
    answer = {"action": "flag_message", "room": str(groups[0].room_id), "seq": 1, "flagged": True}
    status, body = api(students[1]).post(path, {})
    assert (status, body) == (200, {k: v for k, v in answer.items() if k != "action"})
    api(students[1]).post(path, {})
    assert Flag.objects.count() == 1
    assert results.figures(school.course).flags == 1
    _, found = api(school.ines).get("courses/physics/flags/")
    (one,) = found["results"]
    assert (one["message"]["text"], one["flags"], one["group"]) == ("Nonsense", 1, 1)
    # At the next question, another group has the number.
    Room.objects.filter(pk=groups[0].room_id).update(archived_at=timezone.now())
    _, found = api(school.ines).get("courses/physics/flags/")
    assert found["results"][0]["group"] is None
    Room.objects.filter(pk=groups[0].room_id).update(archived_at=None)
    settle = {"message": one["message"]["id"]}
    assert api(school.ines).post("courses/physics/flags/", settle)[0] == 204
    assert api(school.ines).get("courses/physics/flags/")[1]["results"] == []
    assert not results.figures(school.course).flags
    # Undone, it is back; and its author may take it back while it is open.
    undo = {**settle, "settled": False}
    assert api(school.tess).post("courses/physics/flags/", undo)[0] == 204
    assert results.figures(school.course).flags == 1
    assert api(students[1]).post(path, {"flagged": False})[0] == 200
    assert Flag.objects.count() == 0
    assert api(school.ines).refused("courses/physics/flags/", settle) == (
        404,
        "invalid_message_format",
    )
    for message in (str(uuid.uuid4()), "x"):
        assert api(school.ines).refused("courses/physics/flags/", {"message": message})[0] == 404


def test_what_may_be_flagged(school, monkeypatch):
    ada, bea = school.ada, school.bea
    direct = school.make_room(ada, bea, kind="direct")
    room = school.make_room(ada, bea)
    for one in (direct, room):
        post(ada, one, "Nonsense")

    def refused(error, user, room_, seq=1):
        with pytest.raises(error):
            flags.flag_message(user=user, room=str(room_.id), seq=seq, flagged=True)

    refused(PermissionDenied, bea, direct)
    refused(PermissionDenied, ada, room)
    refused(NoSuchMessage, bea, room, seq=2)
    moderation.mute(user=school.ines, course="physics", username="bea", seconds=60)
    flags.flag_message(user=bea, room=str(room.id), seq=1, flagged=True)
    monkeypatch.setitem(settings.PEERCHAT, "FLAG_BURST", 1)
    monkeypatch.setitem(settings.PEERCHAT, "FLAG_RATE", 0.001)
    ratelimit.flags.reset()
    flags.flag_message(user=bea, room=str(room.id), seq=1, flagged=True)
    refused(RateLimited, bea, room)
    ratelimit.flags.reset()


def test_what_was_removed_is_restored(school, api):
    room = school.make_room(school.ada, school.bea)
    post(school.ada, room, "Sense")
    path = f"rooms/{room.id}/messages/1/"
    ines = api(school.ines)
    assert ines.delete(path)[0] == 204
    status, body = ines.post(f"{path}restore/")
    assert (status, body["text"]) == (200, "Sense")
    assert ines.post(f"{path}restore/")[0] == 200
    assert messages.select_room(school.bea, str(room.id), 5).room_messages[0].text == "Sense"
    assert list(UseLog.objects.filter(event="moderate").values_list("act", flat=True)) == [
        f"remove:{room.id}:1",
        f"restore:{room.id}:1",
    ]
    # Of a message in a partner room, only a visitor gets the text, or whoever saw it flagged.
    Room.objects.filter(pk=room.pk).update(kind="partners")
    for text in ("", "Sense"):
        assert ines.post(f"{path}restore/")[1]["text"] == text
        flags.flag_message(user=school.bea, room=str(room.id), seq=1, flagged=True)
    Room.objects.filter(pk=room.pk).update(kind="open")
    # What somebody took back themselves stays so, and students restore nothing.
    assert api(school.ada).delete(path)[0] == 204
    for user, status in ((school.ines, 403), (school.ada, 403), (school.carl, 403)):
        assert api(user).post(f"{path}restore/")[0] == status
    assert api(school.zoe).post(f"{path}restore/")[0] == 404
    assert ines.post(f"rooms/{room.id}/messages/9/restore/")[0] == 404


# --- who may not ---------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ada", "ivan", "zoe"])
def test_none_of_this_is_for_others(school, groups, api, who):
    caller = api(school.person(who))
    for path in ("groups/", "groups/1/messages/", "flags/"):
        assert caller.get(f"courses/physics/{path}")[0] == 403
    flag = {"message": str(uuid.uuid4())}
    assert caller.refused("courses/physics/flags/", flag)[0] == 403
