"""Lists of groups as platforms export them and people write them."""

import pytest

from rooms.peer.group_lists import GroupProblem, NoGroups, read_groups
from rooms.peer.roster import Problem

MOODLE = """First name;Surname;Email address;Groups
Ada;Lovelace;ada@example.org;Team 1
Bea;Ng;bea@example.org;Team 1
"""
CANVAS = """name,canvas_user_id,user_id,login_id,sections,group_name,canvas_group_id,group_id
"Lovelace, Ada",7,u7,ada,Physics,Team 1,11,
"Ng, Bea",8,u8,bea,Physics,Team 1,11,
"""
BLACKBOARD = """"Group Code","User Name","Student Id","First Name","Last Name"
"Team 1","ada","1","Ada","Lovelace"
"Team 1","bea","2","Bea","Ng"
"""
GERMAN = "Gruppe\tBenutzername\tNachname\nTeam 1\tada\tLovelace\nTeam 1\tbea\tNg\n"


def found(text):
    return [
        (one.group, one.line.person and (one.line.person.username or one.line.person.address))
        for one in read_groups(text)
    ]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        (MOODLE, ["ada@example.org", "bea@example.org"]),
        (CANVAS, ["u7", "u8"]),
        (BLACKBOARD, ["ada", "bea"]),
        (GERMAN, ["ada", "bea"]),
        ("\ufeffgroup,username\r\nTeam 1,ada\r\n\r\nTeam 1,bea", ["ada", "bea"]),
        ("ada@x.org;Team 1\nbea@x.org;Team 1\n", ["ada@x.org", "bea@x.org"]),
        ("Team 1,Ada L,ada@x.org\nTeam 1,Bea N,bea@x.org", ["ada@x.org", "bea@x.org"]),
    ],
)
def test_columns_in_any_order(text, people):
    assert found(text) == [("Team 1", one) for one in people]


def test_lines_keep_their_numbers():
    lines = read_groups("group;user\n\nA;ada\n\n\nA;bea\n")
    assert [one.line.number for one in lines] == [3, 6]


def test_without_a_header_the_column_that_repeats_has_the_groups():
    rows = [f"s{number}@x.org;s{number};Group {number // 3}" for number in range(9)]
    assert [group for group, _ in found("\n".join(rows))] == [f"Group {n // 3}" for n in range(9)]


@pytest.mark.parametrize("text", ["", "ada@x.org\nbea@x.org", "ada@x.org;Ada\nbea@x.org;Bea"])
def test_lists_without_groups(text):
    with pytest.raises(NoGroups):
        read_groups(text)


def test_what_is_wrong_with_a_line():
    long, control = "g" * 101, "A\u202e"
    text = f"group;username\n;ada\n{long};bea\nA;no one\n{control};carl\n\u200b;dora"
    lines = read_groups(text)
    assert [one.problem for one in lines] == [
        *(GroupProblem.NO_GROUP, GroupProblem.BAD_NAME, None, None, GroupProblem.BAD_NAME),
    ]
    assert lines[2].line.problem is Problem.BAD_USERNAME
    assert read_groups("group;username\nA;" + "x" * 30_000)[0].line.problem is Problem.LONG_LINE
