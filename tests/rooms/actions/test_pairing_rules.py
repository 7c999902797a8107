"""Rules about who works with whom, and fixed groups from a list."""

import pytest
from django.core.management import CommandError, call_command

from rooms.actions.course_settings import archive_course
from rooms.actions.enrollment import enroll, unenroll
from rooms.actions.merging import merge_guest
from rooms.actions.pairing_groups import import_groups
from rooms.actions.pairing_rules import add_rule, remove_rule
from rooms.models import Enrollment, Guest, PairingRule, UseLog
from rooms.queries import pairing_groups, pairing_rules
from rooms.wire.errors import (
    CourseArchived,
    InvalidMessageFormat,
    PermissionDenied,
    RuleRefused,
)
from tests.rooms.school import make_person

SIX = ("ada", "bea", "carl", "dora", "emil", "fay")


@pytest.fixture
def add(school):
    def rule(kind, *names, **fields):
        return add_rule(user=school.tess, course="physics", kind=kind, students=names, **fields)

    return rule


@pytest.fixture
def more(school):
    """More students, by name."""
    made = {name: make_person(name) for name in ("dora", "emil", "fay")}
    enroll(course=school.course, users=list(made.values()))
    return made


def rules():
    return {
        (rule.kind, rule.name, *sorted(one.user.username for one in rule.members.all()))
        for rule in PairingRule.objects.all()
    }


def outcomes(plan):
    return [str(one.outcome) for one in plan.lines]


def load(school, *rows):
    lines = pairing_groups.read("\n".join(["group;username", *rows]))
    return import_groups(user=school.tess, course=school.course, lines=lines)


def test_who_may(school, add):
    rule = add("never", "ada", "bea")
    for user in (school.ada, school.ivan, school.zoe):
        with pytest.raises(PermissionDenied):
            add_rule(user=user, course="physics", kind="never", students=["ada", "carl"])
        with pytest.raises(PermissionDenied):
            remove_rule(user=user, course="physics", rule=rule.pk)
    # A rule of another course is none there.
    assert remove_rule(user=school.ivan, course="chemistry", rule=rule.pk) is None
    assert remove_rule(user=school.tess, course="physics", rule=rule.pk).students == ["ada", "bea"]
    told = [row.act for row in UseLog.objects.filter(event="course")]
    assert told == ["pair:never:ada,bea", "unpair:never:ada,bea"]
    archive_course(user=school.ines, course="physics")
    with pytest.raises(CourseArchived):
        add("never", "ada", "bea")


def test_a_course_has_a_bounded_number_of_rules(school, add, more, monkeypatch):
    monkeypatch.setattr("rooms.actions.pairing_rules.MOST_RULES", 1)
    monkeypatch.setattr("rooms.queries.pairing_groups.MOST_RULES", 1)
    add("never", "ada", "bea")
    add("never", "bea", "ada")
    with pytest.raises(RuleRefused, match="1 rules"):
        add("never", "ada", "carl")
    assert outcomes(load(school, "A;ada", "A;carl")) == ["refused"] * 2


def test_members_who_leave_the_course_leave_the_rules(school, add, more):
    add("always", "ada", "bea", "carl")
    add("never", "ada", "dora")
    unenroll(course=school.course, users=[school.ada])
    assert rules() == {("always", "", "bea", "carl")}
    enroll(course=school.course, users=[school.bea], role="assistant")
    assert rules() == set()


def test_who_is_merged_takes_the_rules_along(school, add, more):
    for name in ("dora", "emil"):
        Guest.objects.create(user=more[name], made_at=school.course.created_at)
    add("always", "dora", "fay")
    add("never", "dora", "ada")
    add("fixed", "emil", "bea", "carl")
    merge_guest(user=school.ines, course="physics", username="dora", into="emil")
    # Emil's own group stands, and Fay is left alone.
    assert rules() == {("fixed", "", "bea", "carl", "emil"), ("never", "", "ada", "emil")}
    add("never", "emil", "fay")
    merge_guest(user=school.ines, course="physics", username="emil", into="fay")
    assert rules() == {("fixed", "", "bea", "carl", "fay"), ("never", "", "ada", "fay")}
    assert pairing_rules.kept_apart(school.course) == [(more["fay"].pk, school.ada.pk)]


def test_what_a_list_does(school, more):
    assert outcomes(load(school, "A;ada", "A;bea", "B;carl", "B;dora")) == ["joins"] * 4
    assert outcomes(load(school, "A;ada", "A;bea", "B;carl", "B;dora")) == ["stays"] * 4
    assert rules() == {("fixed", "A", "ada", "bea"), ("fixed", "B", "carl", "dora")}
    # A group of the list has just those of the list; one that is left with one student ends.
    plan = load(school, "a;ada", "a;carl", "a;ada", ";emil")
    assert outcomes(plan) == ["stays", "moves", "repeated", "skipped"]
    assert ([user.username for user, _ in plan.leaving], plan.ended) == (["bea"], ["B"])
    assert rules() == {("fixed", "A", "ada", "carl")}
    assert all(one.sentence for one in plan.lines)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (["A;ada", "A;nobody"], "Is no student of this course."),
        (["A;ada", "A;tess"], "Is no student of this course."),
        (["A;ada"], "The group has 1 member; it can have two to five."),
        ([f"A;{name}" for name in SIX], "The group has 6 members; it can have two to five."),
        (["A;ada", "A;bea", "B;ada", "B;dora"], "Is in another group in line 2."),
        (["A;ada", "A;emil"], "Is never to work with"),
        (["A;ada", "A;fay"], "Has a rule “always together”."),
        (["A;ada", "A;b b"], "The username has characters that are not allowed."),
    ],
)
def test_a_list_is_done_as_a_whole_or_not_at_all(school, add, more, rows, why):
    add("never", "ada", "emil")
    if len(rows) < len(SIX):
        add("always", "fay", "carl")
    before = rules()
    plan = load(school, *rows, "Z;bea", "Z;dora")
    assert (len(plan.refused) >= 1, plan.is_possible) == (True, False)
    assert any(why in one.sentence for one in plan.refused)
    assert rules() == before


def test_a_shared_address_is_nobodys(school, more):
    for user in (school.ada, school.bea, school.carl):
        user.email = "all@x.org" if user != school.carl else "carl@x.org"
        user.save()
    plan = load(school, "A;carl@x.org", "A;all@x.org")
    assert plan.refused[-1].sentence == "The line names several students of the course."


def test_a_list_of_canvas(school, more):
    header = "name,user_id,login_id,group_name"
    lines = pairing_groups.read(f'{header}\n"L, Ada",7,ada,A\n"N, Bea",8,bea,A')
    import_groups(user=None, course=school.course, lines=lines)
    assert rules() == {("fixed", "A", "ada", "bea")}


def test_a_list_that_is_too_long(school, settings):
    settings.PEERCHAT = {**settings.PEERCHAT, "ROSTER_LINES": 2}
    with pytest.raises(InvalidMessageFormat, match="3 lines"):
        pairing_groups.read("group;username\nA;ada\nA;bea")


def test_the_command(school, more, tmp_path, capsys):
    file = tmp_path / "groups.csv"
    file.write_text("group;username\nA;ada\nA;bea")
    call_command("import_groups", "physics", str(file), "--dry-run")
    assert "Nothing was changed" in capsys.readouterr().out
    assert rules() == set()
    call_command("import_groups", "physics", str(file))
    assert capsys.readouterr().out == "2: A: Ada: Joins the group.\n3: A: Bea: Joins the group.\n"
    file.write_text("group;username\nB;ada\nB;carl")
    call_command("import_groups", "physics", str(file))
    assert "-: A: Ends." in capsys.readouterr().out
    assert rules() == {("fixed", "B", "ada", "carl")}
    for text in ("group;username\nA;ada", "group;username\n;ada", "ada@x.org"):
        file.write_text(text)
        with pytest.raises(CommandError):
            call_command("import_groups", "physics", str(file))
    with pytest.raises(CommandError, match="There is no course"):
        call_command("import_groups", "nothing", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_groups", "physics", str(tmp_path / "none"))
    assert Enrollment.objects.filter(course=school.course).count() == 8
