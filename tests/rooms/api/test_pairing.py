"""How classes run, and who works with whom, over HTTP."""

import pytest

from rooms.models import PairingRule
from tests.rooms.api.conftest import refusal

SETTINGS = "courses/physics/class-settings/"
RULES = "courses/physics/pairing-rules/"
GROUPS = "courses/physics/fixed-groups/"
DEFAULT = {
    "confidence": "optional",
    "reason": "optional",
    "convinced": True,
    "place": False,
    "seat": False,
    "pseudonyms": False,
    "lecturer_knows": True,
    "least_right": 30,
    "most_right": 70,
    "closes_early": False,
    "compares_methods": False,
    "pairs_outside": False,
}


def test_how_classes_run(school, api):
    ines, tess = api(school.ines), api(school.tess)
    assert tess.get(SETTINGS) == (200, DEFAULT)
    changes = {"confidence": "required", "seat": True, "least_right": 20}
    assert ines.patch(SETTINGS, changes) == (200, {**DEFAULT, **changes})
    assert tess.get(SETTINGS) == (200, {**DEFAULT, **changes})
    assert ines.patch(SETTINGS, {}) == (200, {**DEFAULT, **changes})
    for wrong in ({"reason": "no"}, {"most_right": 101}, {"most_right": 10}, {"methods": 1}):
        assert refusal(*ines.patch(SETTINGS, wrong)) == (400, "invalid_message_format")
    denied = (403, "permission_denied")
    assert refusal(*tess.patch(SETTINGS, changes)) == denied
    for user in (school.ada, school.ivan, school.zoe):
        assert refusal(*api(user).get(SETTINGS)) == denied
        assert refusal(*api(user).patch(SETTINGS, changes)) == denied


def test_rules(school, api):
    tess = api(school.tess)
    status, made = tess.post(RULES, {"kind": "never", "students": ["Ada", "bea"]})
    rule = {"rule": made["rule"], "kind": "never", "name": "", "students": ["ada", "bea"]}
    assert (status, made) == (201, rule)
    assert tess.post(RULES, {"kind": "never", "students": ["bea", "ada"]}) == (201, rule)
    status, made = tess.post(RULES, {"kind": "fixed", "students": ["ada", "carl"], "name": "T"})
    assert [one["name"] for one in tess.get(RULES)[1]["results"]] == ["T", ""]
    for wrong in (
        {"kind": "always", "students": ["ada", "bea"]},
        {"kind": "some", "students": ["ada", "bea"]},
        {"kind": "never", "students": ["ada", "nobody"]},
        {"kind": "never", "students": ["ada"]},
        {"kind": "fixed", "students": ["bea", "carl"], "name": "n" * 101},
    ):
        assert tess.refused(RULES, wrong) == (400, "invalid_message_format")
    assert tess.delete(f"{RULES}{rule['rule']}/") == (204, None)
    assert refusal(*tess.delete(f"{RULES}{rule['rule']}/"))[0] == 404
    for user in (school.ada, school.ivan, school.zoe):
        other = api(user)
        denied = (403, "permission_denied")
        assert refusal(*other.get(RULES)) == denied
        assert other.refused(RULES, {"kind": "never", "students": ["ada", "bea"]}) == denied
        assert refusal(*other.delete(f"{RULES}{made['rule']}/")) == denied
        assert other.refused(GROUPS, {"text": "group;username\nA;ada"}) == denied
    assert PairingRule.objects.count() == 1


@pytest.mark.parametrize("apply", [False, True])
def test_fixed_groups(school, api, apply):
    tess = api(school.tess)
    given = {"text": "group;username\nA;ada\nA;bea", "apply": apply}
    status, answer = tess.post(GROUPS, given)
    assert (status, answer["applied"]) == (200, apply)
    assert answer["lines"][0] == {
        "line": 2,
        "outcome": "joins",
        "message": "Joins the group.",
        "group": "A",
        "username": "ada",
    }
    assert PairingRule.objects.count() == apply
    status, answer = tess.post(GROUPS, {"text": "group;username\nA;ada\nA;zoe", "apply": apply})
    assert (status, answer["applied"]) == (200, False)
    assert [one["outcome"] for one in answer["lines"]].count("refused") == 2
    assert tess.refused(GROUPS, {"text": "ada@example.org"}) == (400, "invalid_message_format")
