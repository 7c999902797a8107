"""Lets the simulated students of a try-out say what convinced them."""

from collections.abc import Collection, Iterator
from uuid import UUID, uuid4

from django.db.models.functions import Length

from accounts.people import User
from rooms.actions.convictions import SAID_IN
from rooms.models import Message, Round, Vote
from rooms.peer.bot_convictions import convinced_by
from rooms.queries.tryouts import Scene
from rooms.wire.commands import SayConvinced


def to_say(
    course: str, students: dict[int, User], scene: Scene, key: str, done: Collection[str]
) -> Iterator[tuple[str, User, SayConvinced | None]]:
    """Return what students have to say who have cast their second vote, each under a name.

    `done` has the names of what needs not be said again. Some say nothing: None.
    """
    second = scene.round
    if scene.phase not in SAID_IN or second is None or second.number == 1:
        return
    due = {
        f"convinced-{second.pk}-{number}": number
        for number in sorted(scene.voted & scene.here & scene.seats.keys())
    }
    due = {name: number for name, number in due.items() if name not in done}
    changed = _changed(second, [students[number] for number in due.values()]) if due else set()
    for name, number in due.items():
        user = students[number]
        by = convinced_by(key, number, changed=user.pk in changed)
        message = (
            _longest_of_partners(UUID(scene.seats[number].room), user) if by == "message" else None
        )
        if by == "message" and message is None:
            by = "nothing"
        if by is None:
            yield name, user, None
            continue
        yield (
            name,
            user,
            SayConvinced(
                uuid=uuid4().hex,
                course=course,
                question=scene.asked,
                by=by,
                message=message,
            ),
        )


def _changed(second: Round, users: list[User]) -> set[object]:
    """Return those of the users who gave another answer in the second vote than in the first."""
    cast = Vote.objects.filter(round__in=(second.first_id, second.pk), user__in=users)
    first: dict[object, str] = {}
    then: dict[object, str] = {}
    for round_, user, choice in cast.values_list("round", "user", "choice"):
        (then if round_ == second.pk else first)[user] = choice
    return {user for user, choice in then.items() if first.get(user, choice) != choice}


def _longest_of_partners(room: UUID, user: User) -> str | None:
    """Return the longest text of the room that a partner of the user wrote, if there is any."""
    texts = Message.objects.filter(room=room, kind=Message.Kind.TEXT, removed_at=None)
    theirs = texts.filter(sender__peerchat_partnerships__group__room=room).exclude(sender=user)
    found = theirs.order_by(Length("text").desc(), "seq").values_list("pk", flat=True).first()
    return None if found is None else str(found)
