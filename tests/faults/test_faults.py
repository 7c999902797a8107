"""Some faults once, with a small class. `make faults` has all of them, three times each."""

import pytest

from tests import migrated
from tests.faults.causes import FAULTS, Fault, cause
from tests.faults.place import Place
from tests.faults.run import Run

MUTES = 5
"""The most extra students that a fault connects here."""


LONG = ("redis-restarted", "postgres-restarted")
SHORT = [fault for fault in FAULTS if fault.name in (*LONG, "killed-after-commit")]


@pytest.fixture(scope="module")
def place():
    students = (fault.few + min(fault.mutes, MUTES) for fault in SHORT)
    with Place(*students, fill=migrated.fill_postgresql) as place:
        yield place


@pytest.fixture(scope="module")
def site(place):
    with place.site() as site:
        yield site


@pytest.mark.timeout(300)  # the checker, which waits for recovery, reports its lack
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, id=fault.name, marks=[pytest.mark.long] if fault.name in LONG else [])
        for fault in SHORT
    ],
)
async def test_nothing_is_lost(place, site, fault: Fault):
    cast = place.casts[SHORT.index(fault)]
    mutes = min(fault.mutes, MUTES)
    async with Run(place, site, cast, talk=fault.talk, mutes=mutes, brief=True) as run:
        outcome = await cause(fault, run)
    assert outcome.violations == []
    assert outcome.acknowledged > 0
