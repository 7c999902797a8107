"""The names of people who are to be found no more, and texts without them."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth import get_user_model

from accounts import people
from accounts.people import User
from accounts.text import name_key
from rooms.models import Course, UseLog

GAP = "…"
"""What stands in the place of a name in a text of the person."""
SHORTEST = 3
"""The least characters of a single word of a name that is taken out of own texts."""
_MENTION = re.compile(r"(?<![\w.@+~-])@([\w.@+-]{1,254})")


@dataclass(frozen=True)
class Names:
    """The names of a person, and the stand-in whose username is put in their place."""

    key: people.Key
    usernames: frozenset[str]
    """The username of now, and those of the use log."""
    addresses: frozenset[str]
    own: frozenset[str]
    """Every other text by which the person may be known."""
    new_key: people.Key
    new: str

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(map(name_key, self.usernames))

    @cached_property
    def _everything(self) -> re.Pattern[str]:
        return words(self.usernames | self.addresses | self.own)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        return words(self.usernames | self.addresses)

    def without(self, text: str) -> str:
        """Return a text of the person without any of their names, but for mentions."""
        return self._everything.sub(GAP, text)

    def as_word(self, text: str) -> str:
        """Return a line that names people by their usernames, with that of the stand-in."""
        return self._words.sub(self.new, text)


class Crowd:
    """Several people whose names go at once."""

    def __init__(self, everybody: Sequence[Names]) -> None:
        self.everybody = everybody
        self.usernames = frozenset().union(*(one.usernames for one in everybody))
        self.addresses = frozenset().union(*(one.addresses for one in everybody))
        self.plain = {people.as_plain(one.key): one for one in everybody}
        self._by_key = {key: one for one in everybody for key in (one.key, one.new_key)}
        self._by_name = {key: one for one in everybody for key in one.keys}
        self._unmistakable = words(self.addresses)

    @property
    def users(self) -> list[people.Key]:
        """The keys of the people and of their stand-ins, as rows may have moved already."""
        return list(self._by_key)

    def of(self, users: Collection[people.Key]) -> Iterator[str]:
        """Yield the usernames of some of the people."""
        for one in self.everybody:
            if one.key in users:
                yield from one.usernames

    def who(self, user: people.Key | None) -> Names | None:
        """Return the person to whom a row belongs, or belonged."""
        return None if user is None else self._by_key.get(user)

    def named(self, username: str) -> Names | None:
        """Return the person who has or had a username."""
        return self._by_name.get(name_key(username))

    def in_own(self, one: Names, text: str) -> str:
        """Return a text of a person without any of their names."""
        return one.without(self.in_others(text))

    def in_others(self, text: str) -> str:
        """Return a text of somebody else without mentions and addresses of the people."""

        def rename(found: re.Match[str]) -> str:
            name = found[1]
            short = name.rstrip(".@+-")
            if (one := self.named(name)) is not None:
                return f"@{one.new}"
            if (one := self.named(short)) is not None:
                return f"@{one.new}{name[len(short) :]}"
            return found[0]

        return self._unmistakable.sub(GAP, _MENTION.sub(rename, text))


def names_of(users: Sequence[User], stand_ins: Sequence[User], course: Course | None) -> Crowd:
    """Return all names that the database knows of some users, or those that a course knows."""
    # There is no index by the user.
    log = UseLog.objects.filter(user__in=[user.pk for user in users])
    if course is not None:
        log = log.filter(in_course=course)
    former: dict[people.Key, set[str]] = {}
    for user, name in log.order_by().values_list("user", "sid").distinct():
        if user is not None:
            former.setdefault(user, set()).add(name)
    pairs = zip(users, stand_ins, strict=True)
    return Crowd([_names(one, to, former.get(one.pk, ())) for one, to in pairs])


def _names(user: User, stand_in: User, former: Collection[str]) -> Names:
    usernames = {people.username(user), *former} - {""}
    field = get_user_model().get_email_field_name()
    mail = str(getattr(user, field, "") or "")
    addresses = {name for name in {mail, *usernames} if "@" in name}
    told = {people.shown_name(user)}
    for name in people.texts():
        if name not in ("language", "username_key", field):
            told.add(str(getattr(user, name) or ""))
    parts = {word for text in told for word in re.findall(r"\w+", text)}
    own = {text.strip() for text in told} | {one for one in parts if len(one) >= SHORTEST}
    if people.key_type() is not int:
        # A number means anything, and a longer key the person alone.
        own.add(str(user.pk))
    return Names(
        key=user.pk,
        usernames=frozenset(usernames),
        addresses=frozenset(addresses),
        own=frozenset(text for text in own if len(text) > 1),
        new_key=stand_in.pk,
        new=people.username(stand_in),
    )


def words(names: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of some names as a word, whatever its case."""
    longest = sorted(filter(None, names), key=len, reverse=True)
    # A pattern that matches nothing, for people without such names.
    inner = "|".join(map(re.escape, longest)) or r"(?!)"
    return re.compile(rf"(?<!\w)(?:{inner})(?!\w)", re.IGNORECASE)
