"""The checks in the rehearsal of bad habits: they must notice each kind of fault."""

from peerchat.rehearsal.habits import Company
from peerchat.rehearsal.pupil import Ballot, Findings, Tab


class Listener:
    """A student with the attributes that a tab uses."""

    name, token, course = "ada", "token", "physics"

    def __init__(self):
        self.findings = Findings()

    def told(self, tab, body):
        pass


def tab():
    listener = Listener()
    return Tab(listener, "ws://127.0.0.1:1"), listener.findings


def test_who_is_alone_is_counted_from_when_company_was_there_last():
    company = Company()
    pairs = {"a": 1, "b": 1, "c": 2, "d": 2}
    company.look({"a", "b", "c", "d"}, pairs, 0)
    company.look({"a", "c", "d"}, pairs, 1)
    company.look({"a", "c", "d"}, pairs, 4)
    assert (company.longest, company.whose) == (3, "a")
    company.look({"a", "c", "d"}, {**pairs, "a": 2}, 5)
    company.look({"a", "c", "d"}, pairs, 6)
    assert company.longest == 3


def test_who_has_no_group_is_alone():
    company = Company()
    for now in (0, 2):
        company.look({"a", "b", "late"}, {"a": 1, "b": 1}, now)
    assert (company.longest, company.whose) == (2, "late")


def test_who_has_nobody_to_go_to_is_not_counted():
    company = Company()
    for now in (0, 40):
        company.look({"a"}, {"a": 1, "b": 1}, now)
    company.look({"a", "b"}, None, 80)
    assert company.longest == 0


def test_a_snapshot_older_than_what_was_told_is_found():
    one, found = tab()
    one._take({"action": "control", "revision": 3, "phase": "discuss"}, "")
    one._take({"action": "partners", "revision": 5}, "")
    for revision in (5, 6, 4):
        one._take({"action": "state", "status": "success", "revision": revision}, "")
    assert (found.snapshots, found.numbered) == (3, 3)
    assert found.late == ["ada: 4 after 5"]


def test_snapshots_without_a_number_are_only_counted():
    one, found = tab()
    one._take({"action": "control", "phase": "discuss"}, "")
    one._take({"action": "state", "status": "success"}, "")
    assert (found.snapshots, found.numbered, found.late) == (1, 0, [])


def test_what_a_ballot_allows():
    assert Ballot().allows(None)
    assert not Ballot().allows("A")
    assert Ballot("A").allows("A")
    assert not Ballot("A").allows(None)
    assert not Ballot("A").allows("B")
    assert Ballot("A", {"B"}).allows("B")
    assert Ballot(None, {"B"}).allows(None)
