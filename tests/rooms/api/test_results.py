"""The results of a course over HTTP."""

import time

from tests.rooms.api.conftest import Caller
from tests.rooms.pages.test_results import asked, force

__all__ = ["asked", "force"]


def test_the_course_and_a_question(school, asked):
    tess = Caller(school.tess)
    status, found = tess.get("courses/physics/results/")
    assert status == 200
    assert (found["students"], found["took_part"], found["counted"]) == (3, 2, 1)
    assert (found["sums"]["right"], found["sums"]["gain"]) == ([1, 2], 1.0)
    assert [one["session"] for one in found["sessions"]] == [asked.pk]
    (row,) = found["questions"]
    assert (row["question"], row["difficulty"], row["discrimination"]) == ("force", 0.5, None)
    status, one = tess.get("courses/physics/results/force/")
    assert status == 200
    (posed,) = one["times"]
    assert posed["counts"] == [{"A": 1, "B": 1}, {"B": 2}]
    assert posed["flows"] == [
        {"before": "A", "after": "B", "students": 1},
        {"before": "B", "after": "B", "students": 1},
    ]
    assert posed["sure"][0] == {
        "sure_right": 1,
        "sure_wrong": 1,
        "unsure_right": 0,
        "unsure_wrong": 0,
    }


def test_only_those_who_lead_the_course_get_them(school, asked):
    for path in ("courses/physics/results/", "courses/physics/results/force/"):
        for name in ("ada", "ivan", "zoe"):
            assert Caller(school.person(name)).get(path)[0] == 403
    assert Caller(school.tess).get("courses/physics/results/none/")[0] == 400


def test_a_term(school, asked):
    tess = Caller(school.tess)
    tomorrow = time.time() + 86_400
    assert tess.get("courses/physics/results/", since=tomorrow)[1]["counted"] == 0
    assert tess.get("courses/physics/results/", until=tomorrow)[1]["counted"] == 1
    assert tess.get("courses/physics/results/", page=0)[0] == 400
