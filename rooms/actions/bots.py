"""Lets the simulated students of a try-out come, vote, write and leave.

They act through the actions that everybody uses. A worker plays them: it calls `play` again and
again while it holds the try-out.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from accounts import people
from accounts.people import User
from rooms.actions import bot_convictions, tell, tryouts
from rooms.actions.convictions import say_convinced
from rooms.actions.lines import text_of, words
from rooms.actions.messages import Post, store_posts
from rooms.actions.presence import Coming, close_connections, open_connections
from rooms.actions.votes import Ballot, store_ballots
from rooms.models import ClassSettings, Connection, TryOut
from rooms.peer import bots
from rooms.peer.asking import Asked
from rooms.peer.bot_answers import options
from rooms.peer.bots import Line, PlannedVote
from rooms.peer.phases import OPEN_PHASES, Phase
from rooms.queries import tryouts as queries
from rooms.queries.tryouts import Scene
from rooms.wire.commands import CastVote, NewMessage
from rooms.wire.errors import PeerError

HELD = timedelta(seconds=15)
"""The time for which a worker takes a try-out. It renews this when a half has passed."""


@dataclass(slots=True)
class Troupe:
    """The simulated students of a try-out that a worker plays.

    `done` names the votes and messages that need not be tried again. A worker that takes over does
    not know them, but the database recognises them.
    """

    try_out: int
    students: dict[int, User]
    done: set[str] = field(default_factory=set)


def take_over(*, worker: UUID) -> list[Troupe]:
    """Take the try-outs that no worker plays, and remove those that are over.

    Returns the ones that this worker plays from now on.
    """
    now = timezone.now()
    tryouts.remove_overdue()
    taken = []
    free = TryOut.objects.filter(queries.unattended(now))
    for try_out in free.values_list("pk", flat=True):
        if free.filter(pk=try_out).update(host=worker, held_until=now + HELD):
            taken.append(Troupe(try_out, queries.simulated(try_out)))
    return taken


def leave(*, worker: UUID) -> None:
    """Leave the try-outs of a worker that stops to others."""
    TryOut.objects.filter(host=worker).update(held_until=None)


def play(*, troupe: Troupe, worker: UUID) -> bool:
    """Let the students of a try-out do what is due.

    Returns whether the worker still plays them. A try-out that is over is removed.
    """
    made = TryOut.objects.filter(pk=troupe.try_out).select_related("course").first()
    now = timezone.now()
    if made is None or made.host != worker:
        return False
    if now >= made.ends_at:
        tryouts.remove(try_out=made.pk)
        return False
    if made.held_until is None or made.held_until - now < HELD / 2:
        mine = TryOut.objects.filter(pk=made.pk, host=worker)
        if not mine.update(held_until=now + HELD):
            return False
    scene = queries.scene(made.course, troupe.students, now)
    key = f"{made.pk}:{made.course_id}:{_first_round(scene)}"
    with translation.override(made.language):
        _come_and_go(made, troupe, worker, scene, key, now)
        known = () if scene.judge is None else options(key, scene.judge, words())
        if scene.judge is not None and scene.phase in OPEN_PHASES:
            _vote(made, troupe, scene, key, known)
        _write(made, troupe, scene, key, known, now)
    _say_what_convinced(made, troupe, scene, key)
    return True


def _first_round(scene: Scene) -> int:
    """Return the number of the first round of the current question, which chance depends on."""
    if scene.round is None:
        return 0
    return scene.round.first_id or scene.round.pk


@contextmanager
def _held(made: TryOut) -> Iterator[bool]:
    """Lock a try-out for a change, and tell whether it is still there."""
    with transaction.atomic():
        locked = TryOut.objects.select_for_update(no_key=True).filter(pk=made.pk, host=made.host)
        yield locked.first() is not None


def _come_and_go(
    made: TryOut, troupe: Troupe, worker: UUID, scene: Scene, key: str, now: datetime
) -> None:
    free = [n for n in troupe.students if n not in scene.seats or not scene.seats[n].real]
    leaving = bots.leavers(key, free) if scene.phase == Phase.DISCUSS else set()
    wanted = {
        number
        for number in troupe.students
        if bots.is_here(
            f"{made.pk}",
            number,
            since_start=(now - made.started_at).total_seconds(),
            phase=scene.phase,
            since_phase=scene.since_phase,
            leaves=number in leaving,
        )
    }
    coming = [troupe.students[number] for number in sorted(wanted - scene.here)]
    going = [troupe.students[number] for number in sorted(scene.here - wanted)]
    scene.here = wanted
    if not coming and not going:
        return
    with _held(made) as there:
        if not there:
            return
        opened = open_connections([Coming(uuid.uuid4(), user.pk, worker) for user in coming])
        for user, is_new in zip(coming, opened, strict=True):
            if is_new:
                tell.back(user.pk, people.username(user))
        sockets = Connection.objects.filter(user__in=going, closed_at=None)
        close_connections([Coming(one.id, one.user_id, one.worker_id) for one in sockets])
        for user in going:
            tell.away(user.pk, people.username(user))


def _vote(made: TryOut, troupe: Troupe, scene: Scene, key: str, known: Sequence[str]) -> None:
    assert scene.round is not None
    assert scene.judge is not None
    correct = scene.judge.correct
    if scene.phase == Phase.VOTE:
        planned = bots.first_votes(key, len(troupe.students), known, correct)
    else:
        planned = bots.second_votes(key, scene.first, known, correct, scene.company)
    settings = ClassSettings.of(made.course)
    ballots = []
    for number, vote in planned.items():
        if number in scene.voted or number not in scene.here:
            continue
        if vote.is_due(scene.since_round, scene.left):
            confidence, rationale = _given(settings, vote)
            command = CastVote(
                uuid=uuid.uuid4().hex,
                course=made.course.slug,
                choice=vote.choice,
                confidence=confidence,
                rationale=rationale,
                question=scene.asked,
                round=scene.round.number,
            )
            with _refusals():
                ballots.append(Ballot.of(troupe.students[number], command))
    if ballots:
        with _held(made) as there:
            if there:
                store_ballots(ballots)


def _say_what_convinced(made: TryOut, troupe: Troupe, scene: Scene, key: str) -> None:
    if not ClassSettings.of(made.course).asks_convinced:
        return
    course = made.course.slug
    said = list(bot_convictions.to_say(course, troupe.students, scene, key, troupe.done))
    if not said:
        return
    with _held(made) as there:
        for name, user, command in said if there else ():
            troupe.done.add(name)
            if command is None:
                continue
            with _refusals():
                say_convinced(user=user, command=command)


def _given(settings: ClassSettings, vote: PlannedVote) -> tuple[int | None, str]:
    """Return the confidence and the reason of a vote, of which the class may require either."""
    confidence, reason = vote.confidence, ""
    if confidence is None and settings.asks_confidence == Asked.REQUIRED:
        confidence = 3
    if settings.asks_reason == Asked.REQUIRED:
        reason = text_of(Line(0, "reason", round(vote.after * 10)), vote.choice)
    return confidence, reason


def _write(
    made: TryOut, troupe: Troupe, scene: Scene, key: str, known: Sequence[str], now: datetime
) -> None:
    posts = []
    for name, number, room, text in [
        *_unasked(scene, key, known),
        *_answers(troupe, scene, known, now),
    ]:
        if name in troupe.done or number not in scene.here:
            continue
        troupe.done.add(name)
        with _refusals():
            posts.append(
                Post.of(troupe.students[number], NewMessage(uuid=name, room=room, text=text))
            )
    if posts:
        with _held(made) as there:
            if there:
                store_posts(posts)


_Said = tuple[str, int, str, str]
"""The uuid of a message, the number of its sender, the room and the text."""


def _unasked(scene: Scene, key: str, known: Sequence[str]) -> Iterator[_Said]:
    """Return what the students have to say by now in a discussion."""
    if not scene.chatting or scene.judge is None:
        return
    then = bots.second_votes(key, scene.first, known, scene.judge.correct, scene.company)
    for number, seat in scene.seats.items():
        own = scene.first.get(number)
        vote = then.get(number)
        wanted = bots.lines(
            key, number, own, seat.others, vote.choice if vote else None, real=seat.real
        )
        for place, line in enumerate(wanted):
            if scene.since_phase >= line.after:
                name = f"line-{_first_round(scene)}-{number}-{place}"
                yield name, number, seat.room, text_of(line, own)


def _answers(troupe: Troupe, scene: Scene, known: Sequence[str], now: datetime) -> Iterator[_Said]:
    """Return the answers to messages of people that are due."""
    for heard in scene.heard:
        present = [number for number in heard.students if number in scene.here]
        if not present:
            continue
        number = bots.answering(f"{heard.message}", present)
        own = scene.first.get(number)
        line = bots.answer(f"{heard.message}", heard.text, known, own)
        if (now - heard.at).total_seconds() >= line.after:
            yield f"answer-{heard.message.hex}", number, heard.room, text_of(line, own)


@contextmanager
def _refusals() -> Iterator[None]:
    """Leave out what the limits of everybody refuse."""
    try:
        yield
    except PeerError:
        return
