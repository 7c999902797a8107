"""Posts and votes are cleaned and counted once, whichever entrance they come by."""

import pytest
from django.conf import settings

from accounts.models import User
from rooms.actions import session
from rooms.actions.messages import Post, post_message
from rooms.actions.votes import Ballot, cast_vote
from rooms.models import Message, Round, Vote
from rooms.wire.commands import CastVote, NewMessage, PrivateMessage, StartQuestion
from rooms.wire.errors import EmptyText, InvalidRoom, RateLimited, RoundClosed, TextTooLong
from tests.rooms.cast import make_question

ADA = User(pk=1, username="ada")


@pytest.fixture
def two_each(monkeypatch):
    """Let everybody post and vote twice, and no more."""
    for name in ("MESSAGE", "VOTE"):
        monkeypatch.setitem(settings.PEERCHAT, f"{name}_BURST", 2)
        monkeypatch.setitem(settings.PEERCHAT, f"{name}_RATE", 0.001)


def new_message(text="Hello", **fields):
    return NewMessage(uuid="u", room="r", text=text, **fields)


def private_message(text="Hello"):
    return PrivateMessage(uuid="u", to="bea", text=text)


def vote(**fields):
    return CastVote(uuid="u", course="physics", choice="A", **fields)


def test_a_post_has_the_cleaned_text_of_its_command():
    assert Post.of(ADA, new_message("\nHello\n", reply_to="m")) == Post(ADA, "r", "u", "Hello", "m")
    private = Post.of(ADA, private_message("\t\nHello "))
    assert private.in_room("r") == Post(ADA, "r", "u", "Hello")


def test_a_ballot_has_the_cleaned_rationale_of_its_command():
    command = vote(confidence=3, rationale="\nBecause \n", question="force", round=2)
    assert Ballot.of(ADA, command) == Ballot(ADA, "physics", "A", 3, "Because", "force", 2)
    assert Ballot.of(ADA, vote(rationale=" ")) == Ballot(ADA, "physics", "A")


@pytest.mark.parametrize("command", [new_message, private_message])
def test_a_post_counts_once_and_what_is_no_text_does_not(two_each, command):
    for text, refusal in (("", EmptyText), (" \n", EmptyText), ("a" * 4001, TextTooLong)):
        for _ in range(3):
            with pytest.raises(refusal):
                Post.of(ADA, command(text))
    Post.of(ADA, command())
    Post.of(ADA, command()).in_room("r")
    with pytest.raises(RateLimited):
        Post.of(ADA, command())
    # An error of the text is still reported first.
    with pytest.raises(EmptyText):
        Post.of(ADA, command(" "))
    Post.of(User(pk=2), command())


def test_a_ballot_counts_once_and_one_that_says_too_much_does_not(two_each):
    for _ in range(3):
        with pytest.raises(TextTooLong):
            Ballot.of(ADA, vote(rationale="a" * 1001))
    Ballot.of(ADA, vote())
    Ballot.of(ADA, vote())
    with pytest.raises(RateLimited):
        Ballot.of(ADA, vote())
    with pytest.raises(TextTooLong):
        Ballot.of(ADA, vote(rationale="a" * 1001))


def test_a_single_post_is_stored_or_raises(school):
    post = Post(school.ada, str(school.room.id), "u", "Hello")
    posted = post_message(post=post)
    assert not posted.again
    assert Message.objects.get().id == posted.message.id
    assert post_message(post=post).again
    with pytest.raises(InvalidRoom):
        post_message(post=post.in_room("elsewhere"))


def test_a_single_vote_is_stored_or_raises(school):
    ballot = Ballot(school.ada, "physics", "A", 3, "Because")
    with pytest.raises(RoundClosed):
        cast_vote(ballot=ballot)
    make_question(school.course, "force")
    start = StartQuestion(uuid="u", question="force")
    session.control(user=school.ines, course="physics", command=start)
    cast = cast_vote(ballot=ballot)
    stored = Vote.objects.get()
    assert (cast.round, cast.cast_at) == (Round.objects.get(), stored.cast_at)
    assert (stored.user, stored.choice, stored.confidence) == (school.ada, "A", 3)
    assert stored.rationale == "Because"
