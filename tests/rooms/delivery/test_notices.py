"""The notices: they keep keys of users of any type."""

from uuid import UUID

import pytest

from rooms.delivery import notices
from rooms.delivery.notices import Close, Entry, Join, Passing, PresenceChange, Recheck

KEY = UUID("12345678-1234-5678-1234-567812345678")


@pytest.fixture(autouse=True)
def _keys():
    yield
    notices.use_keys(int)


@pytest.mark.parametrize(("kind", "key"), [(int, 7), (UUID, KEY), (str, str(KEY)), (str, "ada")])
def test_they_arrive_as_they_were_sent(kind, key):
    notices.use_keys(kind)
    sent: list[Entry] = [
        Passing("room.1", b"{}", skip=key),
        Passing("room.1", b"{}"),
        Join([key], "room.1", "course.1", 3, b"{}"),
        PresenceChange(key, "ada", ["room.1"], here=True),
        Close(4401, "account.1", user=key),
        Recheck([key]),
    ]
    got = notices.unpack(notices.pack("here", "course.1", sent))
    assert got == sent
    assert got[0].skip in {key}
    assert type(got[3]) is PresenceChange
