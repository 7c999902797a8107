"""The errors of the wire contract.

Each error has a `code` for programs, a message for people and an HTTP status.
"""

import math
from typing import Any, ClassVar


class PeerError(Exception):
    """A refusal that the client receives; `extra` holds further fields of the reply."""

    code: ClassVar[str]
    status: ClassVar[int] = 400
    default: ClassVar[str] = "The command was refused."

    def __init__(self, message: str | None = None, **extra: Any) -> None:
        self.message = message or self.default
        self.extra = extra
        super().__init__(self.message)


class InvalidJson(PeerError):
    code = "invalid_json"
    default = "The frame is not valid JSON."


class InvalidMessageFormat(PeerError):
    code = "invalid_message_format"
    default = 'A command is a JSON object with a "uuid" and an "action".'


class UnknownAction(PeerError):
    code = "unknown_action"
    default = "This socket has no such action."


class AuthenticationRequired(PeerError):
    code = "authentication_required"
    status = 401
    default = "Authenticate first."


class InvalidToken(PeerError):
    code = "invalid_token"
    status = 401
    default = "The token is not valid: it is unknown, expired or revoked."


class PermissionDenied(PeerError):
    code = "permission_denied"
    status = 403
    default = "You do not have permission to do this."


class CourseArchived(PermissionDenied):
    """The course is archived, and whatever is in it can only be read."""

    code = "course_archived"
    default = "This course is archived: it can be read, but not changed."


class CourseFull(PermissionDenied):
    """The course has as many guests as it takes."""

    default = "This course takes no more guests. Log in with an account."


class LastInstructor(InvalidMessageFormat):
    """The course would have no instructor any more."""

    default = "A course needs an instructor. Make somebody else one first."


class NamedThemselves(InvalidMessageFormat):
    """The user named themselves where somebody else is meant."""

    default = "You lead this course already. Name somebody else."


class UnknownPerson(InvalidMessageFormat):
    """No active account has the username or the e-mail address."""

    default = "No account has this username or e-mail address."


class SeveralPeople(InvalidMessageFormat):
    """Several active accounts have the e-mail address."""

    default = "Several accounts have this e-mail address. Give a username."


class InvalidRoom(PeerError):
    """Answers for a missing room and for one that the user may not see, in the same words."""

    code = "invalid_room_id"
    status = 404
    default = "There is no such room."


class NoSuchArgument(InvalidMessageFormat):
    """Answers for a missing argument and for one that the user may not name, in the same words."""

    status = 404
    default = "There is no such message or reason."


class NoScreen(PeerError):
    """Answers for a link of a screen that has ended and for one that there never was."""

    code = "permission_denied"
    status = 403
    default = "This link does not open a screen."


class NoSuchRelease(InvalidMessageFormat):
    """Answers for a missing release and for one that the user may not see, in the same words."""

    status = 404
    default = "There is no such question outside class."


class ReleaseRefused(InvalidMessageFormat):
    """A release cannot be made or changed like this; the message is in the language of the page."""


class NoSuchMessage(InvalidMessageFormat):
    """The room has no message of this number."""

    status = 404
    default = "The room has no such message."


class NoSuchCode(InvalidMessageFormat):
    """Nobody can join by this code: it is unknown, closed or expired, or its course is archived."""

    status = 404
    default = "No class can be joined with this code. Check it, or ask whether joining is open."


class PictureRefused(PeerError):
    """A file is not taken as a picture; the message is in the language of the page."""

    code = "not_a_picture"
    default = "This is no picture that can be read."


class PictureTooLarge(PictureRefused):
    code = "picture_too_large"
    status = 413


class TooManyPixels(PictureRefused):
    code = "too_many_pixels"


class TooManyPictures(PictureRefused):
    """The course has as many pictures as it takes."""

    code = "too_many_pictures"
    status = 409


class EmptyText(PeerError):
    code = "empty_text"
    default = "The text is empty."


class TextTooLong(PeerError):
    code = "text_too_long"
    default = "The text is too long."


class RateLimited(PeerError):
    """Refuses a request beyond the rate. `retry_after` is in seconds."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after: float, why: str = "Too fast") -> None:
        # Rounded up, because a token must be available by then.
        seconds = math.ceil(retry_after * 100) / 100
        super().__init__(f"{why}: try again in {seconds} s.", retry_after=seconds)


class NoPartner(PeerError):
    code = "no_partner"
    status = 409
    default = "Could not find a partner for you"


class RoundClosed(PeerError):
    code = "round_closed"
    status = 409
    default = "Voting is closed."


class ReleaseClosed(RoundClosed):
    """A released question is not open: not yet, no more, or not for this step."""

    default = "This question is not open outside class."


class IllegalTransition(PeerError):
    code = "illegal_transition"
    status = 409
    default = "This command is not allowed in the current phase."


class QuestionNotReady(PeerError):
    """The question is a draft, or something is wrong with it."""

    code = "question_not_ready"
    status = 409
    default = "This question cannot be asked yet: it is a draft."


class RuleRefused(InvalidMessageFormat):
    """A rule about who works with whom; the message is in the language of the page."""


class NoTryOut(IllegalTransition):
    """Refuses to start a try-out; the message is in the language of the page."""


class EditConflict(PeerError):
    """Somebody else has changed the question since it was read."""

    code = "edit_conflict"
    status = 409
    default = "Somebody else has changed this question since. Read it again."


class FlawedQuestion(InvalidMessageFormat):
    """The question has something that not even a draft may have; `problems` says what."""


class TooManyQuestions(InvalidMessageFormat):
    """The course would have more questions than it may."""


class QuestionWasAsked(IllegalTransition):
    """A class was asked the question, or it was released, so it cannot be deleted."""

    default = (
        "A class was asked this question, and its votes belong to it. Make it a draft instead."
    )


class InvalidChoice(PeerError):
    code = "invalid_choice"
    default = "The question has no such choice."


class IncompleteVote(PeerError):
    """The class requires what the vote lacks; `missing` has `confidence`, `reason` or both."""

    code = "incomplete_vote"

    def __init__(self, missing: list[str]) -> None:
        named = {"confidence": "how sure you are (`confidence`)", "reason": "why (`rationale`)"}
        wanted = " and ".join(named[one] for one in missing)
        super().__init__(f"In this class, a vote says {wanted}.", missing=missing)


class InvalidTopic(PeerError):
    code = "invalid_topic"
    default = "The topic is not valid."


class UuidReused(PeerError):
    code = "uuid_reused"
    status = 409
    default = "You already used this uuid for a different message."


class Unavailable(PeerError):
    code = "unavailable"
    status = 503
    default = "The server is unavailable; nothing was saved. Send it again."
