"""How an export names people: by their usernames, or by codes that stay the same."""

from bisect import bisect_right
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from accounts import people
from accounts.text import name_key
from rooms.models import ClassSession, Course, Enrollment, Mention, Pseudonym
from rooms.peer import pseudonyms
from rooms.peer.codes import code
from rooms.peer.unnamed import unnamed
from rooms.queries import results
from rooms.queries.anonymity import in_research, nameless_sessions

SOMEBODY = "somebody"
"""Stands for people who are not in the export."""


class People:
    """The people of an export of a course.

    `secret` is the key that their codes are made with. With `names` they have their usernames
    instead, except for what they did in a nameless class. With `research` only those who consented
    to it are in the export.
    """

    def __init__(self, course: Course, *, secret: str, names: bool, research: bool) -> None:
        self.names = names
        self.nameless = nameless_sessions(course)
        self._secret = secret
        self._kept = in_research(course) if research else None
        enrolled = Enrollment.objects.filter(course=course).order_by()
        self._usernames: dict[people.Key, str] = {
            user: str(name) for user, name in enrolled.values_list("user", people.by_name("user__"))
        }
        self._looked_up = set(self._usernames)
        self._keys = {name_key(name): user for user, name in self._usernames.items()}
        sessions = ClassSession.objects.filter(course=course).order_by("started_at", "pk")
        self._starts, self._sessions = [], []
        for started_at, pk in sessions.values_list("started_at", "pk"):
            self._starts.append(started_at)
            self._sessions.append(pk)
        self._pseudonyms: tuple[int | None, dict[str, people.Key]] = None, {}

    def has(self, user: people.Key) -> bool:
        """Return whether what a user did is in the export."""
        return self._kept is None or user in self._kept

    def learn(self, users: Collection[people.Key]) -> None:
        """Look up the usernames of people who may have left the course, by one query at most."""
        new = {people.as_plain(user): user for user in users if user not in self._looked_up}
        if self.names and new:
            self._looked_up |= set(users)
            self._usernames |= {new[key]: name for key, name in results.usernames(new).items()}

    def of(self, user: people.Key, session: int | None = None) -> str:
        """Return how a user is called who did something in a class, or outside of all."""
        if not self.has(user):
            return SOMEBODY
        if session in self.nameless:
            return code(self._secret, user, session)
        if self.names and user in self._usernames:
            return self._usernames[user]
        return code(self._secret, user)

    def named(self, username: str, session: int | None = None) -> str | None:
        """Return how the user with this username or pseudonym is called; None if it is nobody's.

        Whoever is named in a nameless class does not get the code that they have there, as it is
        their pseudonym alone that nobody may find out.
        """
        user = self._keys.get(name_key(username))
        if user is not None:
            return self.of(user)
        if session is None or not username.startswith(pseudonyms.MARK):
            return None
        user = self._of_session(session).get(username.casefold())
        return None if user is None else self.of(user, session)

    def stranger(self, username: str) -> str:
        """Return how somebody is called of whom only a former username is known."""
        return username if self.names else code(self._secret, f"name:{name_key(username)}")

    def text(self, text: str, session: int | None = None) -> str:
        """Return a text of a class, in which people are called as in the rest of the export."""
        if self.names and self._kept is None:
            return text
        return unnamed(text, lambda name: self.named(name, session))

    def learn_mentioned(self, messages: Collection[UUID]) -> None:
        """Look up whom some messages mention, as they may have left the course."""
        if not messages or (self.names and self._kept is None):
            return
        rows = Mention.objects.filter(message__in=messages).order_by()
        for user, name in rows.values_list("user", people.by_name("user__")):
            self._keys.setdefault(name_key(str(name)), user)

    def session_at(self, time: datetime) -> int | None:
        """Return the last class that had begun at a time.

        What happens between two classes counts as part of the first one, so that nobody is found
        out by what they did at its end.
        """
        place = bisect_right(self._starts, time)
        return self._sessions[place - 1] if place else None

    def _of_session(self, session: int) -> dict[str, people.Key]:
        """Return the users of a class by the usernames of their pseudonyms."""
        if self._pseudonyms[0] != session:
            rows = Pseudonym.objects.filter(session=session).order_by()
            self._pseudonyms = (
                session,
                {
                    pseudonyms.username(name).casefold(): user
                    for name, user in rows.values_list("name", "user")
                },
            )
        return self._pseudonyms[1]
