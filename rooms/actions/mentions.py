"""The members of a room that a message mentions, as @username."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from accounts import people
from accounts.text import name_key
from rooms.actions import pseudonyms
from rooms.actions.statements.rows import Members, Place
from rooms.models import Membership, Mention, NewText
from rooms.queries.pseudonyms import mentioned

LIMIT = 20
"""The most members that one message can mention. Further names are plain text."""

# The characters of a username after an @ that does not belong to an address or a longer name.
_MENTION = re.compile(r"(?<![\w.@+~-])@(~?[\w.@+-]{1,254})")


def store(new: list[NewText], places: Mapping[UUID, Place], members: Members) -> None:
    """Store the members of its room that each message mentions.

    `places` and `members` are those of the rooms; of large rooms only the senders are needed.
    """
    named = {message: names for message in new if (names := possible_names(message.text))}
    large = {m.room_id for m in named if not places[m.room_id].is_small}
    found: list[tuple[UUID, str, people.Key]] = [
        (room, member.username, user)
        for room in {message.room_id for message in named} - large
        for user, member in members[room].items()
    ]
    if large:
        wanted = people.named(_all(named.values()), "user__")
        found += Membership.objects.filter(wanted, room__in=large).values_list(
            "room_id", people.by_name("user__"), "user_id"
        )
    found += [
        (room, name, user)
        for room, name, user in mentioned(pseudonyms.sessions(places), _all(named.values()))
        if room in large or user in members[room]
    ]
    users = _ByName(found)
    mentions = [
        Mention(message_id=message.id, user_id=user)
        for message, names in named.items()
        for user in dict.fromkeys(
            user for name in names for user in users.find(message.room_id, name)
        )
        if user != message.sender_id
    ]
    if mentions:
        Mention.objects.bulk_create(mentions)


def possible_names(text: str) -> list[str]:
    """Return possible usernames in a text, each as it is and without a full stop at its end."""
    if "@" not in text:
        return []
    names = list(dict.fromkeys(_MENTION.findall(text)))[:LIMIT]
    return list(dict.fromkeys([*names, *(name.rstrip(".@+-") for name in names)]))


def _all(names: Iterable[list[str]]) -> list[str]:
    return [name for some in names for name in some]


class _ByName:
    """Members of rooms by their usernames, in upper or lower case."""

    def __init__(self, members: Iterable[tuple[UUID, str, people.Key]]) -> None:
        self._exact: dict[tuple[UUID, str], people.Key] = {}
        self._alike: dict[tuple[UUID, str], list[people.Key]] = defaultdict(list)
        for room, name, user in members:
            self._exact[room, str(name)] = user
            self._alike[room, name_key(str(name))].append(user)

    def find(self, room: UUID, name: str) -> list[people.Key]:
        """Return the member with this very name, or else those with one that looks like it."""
        if (room, name) in self._exact:
            return [self._exact[room, name]]
        return self._alike.get((room, name_key(name)), [])
