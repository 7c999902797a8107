"""What a field of a table has, in words: its own sentence, or what its type tells of it."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import (
    BinaryField,
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    Field,
    FileField,
    FloatField,
    ForeignKey,
    IntegerField,
    JSONField,
)
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

_DIGEST = _("a fingerprint of a secret, from which nobody gets the secret")
_ANSWER = _("the answer")
_REASON = _("why you answered so, in your words")
_SURE = _("how sure you were, from 1 to 5")
_FAILURE = _("why an e-mail was not sent")
_KNOWN_BY = _("the pseudonym by which you know the other person")

FIELDS: dict[str, str | Promise] = {
    "User.password": _("a fingerprint of the password, from which nobody gets the password"),
    "User.username_key": _("the username in the form in which look-alikes are found"),
    "User.language": _("the language that you chose"),
    "Token.digest": _DIGEST,
    "FailedLogin.username": _("the name that was typed"),
    "AuditEntry.act": _("what was done"),
    "AuditEntry.detail": _("what else describes it, without names"),
    "AuditEntry.course_slug": _("the address of the course, which stays when the course is gone"),
    "Block.pseudonym": _KNOWN_BY,
    "ClassSession.control_message": _("the last step of the class"),
    "ClassSession.closing": _("used for the seconds in which a vote closes"),
    "ClassSession.epoch": _("counts the steps of the class"),
    "ClassSession.revision": _("counts the changes of the class"),
    "ClassSession.bars_epoch": _("the step in which the hall sees the votes before the result"),
    "Draft.choice": _ANSWER,
    "Draft.confidence": _SURE,
    "Draft.rationale": _REASON,
    "Enrollment.seat": _("where you sit, if you said so"),
    "Exclusion.code": _("the join code of that time"),
    "Exclusion.device": _DIGEST,
    "Guest.device": _DIGEST,
    "Guest.link": _DIGEST,
    "Invitation.digest": _DIGEST,
    "Invitation.failure": _FAILURE,
    "Membership.last_read_seq": _("the number of the last message that you have read"),
    "Message.control": _("what a line about a step of the class says"),
    "Message.pseudonym": _("the pseudonym under which it was written"),
    "Message.seq": _("the number of the message in its room"),
    "Message.text": _("what was written"),
    "Message.uuid": _("recognises a message that is sent twice"),
    "Partner.messages": _("how many messages you wrote to your partners, once these are deleted"),
    "Picture.content_type": _("the format of the picture"),
    "Picture.digest": _("recognises the same picture"),
    "Picture.key": _("the name of the picture in texts"),
    "Picture.source_digest": _("recognises the same file"),
    "Pseudonym.name": _("the pseudonym"),
    "QuestionFile.format": _("the format of the file"),
    "QuestionFile.key": _("names the file in the address of its preview"),
    "QuestionFile.name": _("the name of the file"),
    "Release.name": _("recognises a request that is sent twice"),
    "Reminder.failure": _FAILURE,
    "Report.pseudonym": _KNOWN_BY,
    "Report.text": _("what you wrote about it"),
    "RightAnswer.letter": _("the right answer"),
    "RightAnswer.name": _("recognises a request that is sent twice"),
    "Room.last_seq": _("the number of the last message"),
    "Room.pair": _("the ids of the two people of a direct room"),
    "Room.title": _("the name of the room"),
    "Room.topic": _("what the room is about"),
    "Take.first_choice": _ANSWER,
    "Take.first_confidence": _SURE,
    "Take.first_reason": _REASON,
    "Take.second_choice": _ANSWER,
    "Take.second_confidence": _SURE,
    "Take.second_reason": _REASON,
    "Take.messages": _("how many messages you wrote to your partner, once these are deleted"),
    "TryOut.language": _("the language of the simulated students"),
    "TryOut.host": _("the process of the server that plays the students"),
    "UseLog.act": _("what was done, with texts and usernames"),
    "UseLog.course_id": _("the address of the course"),
    "UseLog.div_id": _("the address of the question"),
    "UseLog.event": _("the kind of the act"),
    "UseLog.named": _("the ids of the people whom it names"),
    "UseLog.sid": _("the username"),
    "Vote.choice": _ANSWER,
    "Vote.confidence": _SURE,
    "Vote.rationale": _REASON,
}
"""What a text or a number is, by table and field. Other fields say enough by their type."""

# A type comes before those that it is a kind of.
_TYPES: tuple[tuple[type[Field], str | Promise], ...] = (
    (BooleanField, _("yes or no")),
    (DateTimeField, _("a time")),
    (DateField, _("a day")),
    (IntegerField, _("a number")),
    (FloatField, _("a number")),
    (DecimalField, _("a number")),
    (JSONField, _("a list of values")),
    (BinaryField, _("a file")),
    (FileField, _("a file")),
)


def meaning(field: Field) -> str:
    """Return what a field has."""
    own = FIELDS.get(f"{field.model._meta.object_name}.{field.name}")
    about: Any = own or field.help_text
    if about and not isinstance(field, BinaryField):
        return str(about).rstrip(".")
    if isinstance(field, ForeignKey):
        target: Any = field.related_model
        if target is get_user_model():
            return gettext("a person")
        return gettext("refers to: %(table)s") % {"table": target._meta.verbose_name}
    if field.choices:
        told = [str(name) for value, name in field.flatchoices if value not in ("", None)]
        return gettext("one of: %(choices)s") % {"choices": ", ".join(told)}
    return next((str(told) for kind, told in _TYPES if isinstance(field, kind)), gettext("a text"))
