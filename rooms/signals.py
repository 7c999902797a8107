"""What happens to accounts and enrolments and concerns sockets: log-ins end, roles change."""

from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import Token, User, password_changed, user_deactivated
from accounts.tokens import token_revoked
from rooms.actions import signals, uselog
from rooms.delivery import names, notices, publish
from rooms.models import Enrollment


@receiver(user_logged_in)
def log_login(user: User, **kwargs: Any) -> None:
    """Write the use log's row."""
    uselog.record([uselog.row(sid=user.username, event="login", act="login")])


@receiver(user_logged_in)
def end_session_before(request: HttpRequest | None, **kwargs: Any) -> None:
    """Close the sockets of whoever was logged in with the same browser until now."""
    session = getattr(request, "session", None)
    if request is None or session is None:
        return
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if before and before != session.session_key:
        _close(names.session(before))


@receiver(user_logged_out)
def end_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Close the sockets that stand on the session, everywhere."""
    session_key = request.session.session_key
    if user is not None and session_key is not None:
        _close(names.session(session_key))


@receiver(token_revoked)
def end_token(token: Token, **kwargs: Any) -> None:
    """Close the sockets that stand on the token, everywhere."""
    _close(names.token(token.pk))


@receiver(post_delete, sender=Token)
def end_deleted_token(instance: Token, **kwargs: Any) -> None:
    _close(names.token(instance.pk))


@receiver(post_save, sender=Token)
def look_at_token(instance: Token, created: bool, **kwargs: Any) -> None:
    """It may end sooner now."""
    if not created:
        _recheck(instance.user_id)


@receiver(user_deactivated)
def end_account(user: User, **kwargs: Any) -> None:
    """Close all sockets of the user, everywhere."""
    _close(names.account(user.pk))


@receiver(post_delete, sender=User)
def end_deleted_account(instance: User, **kwargs: Any) -> None:
    _close(names.account(instance.pk))


@receiver(password_changed)
def look_at_sessions(user: User, **kwargs: Any) -> None:
    """All sessions of the user end but that of who changed it, which gets a new key."""
    _recheck(user.pk, password=True)


@receiver(post_save, sender=Enrollment)
def look_at_role(
    instance: Enrollment, created: bool, update_fields: Any = None, **kwargs: Any
) -> None:
    """It may be another one."""
    if not created and (update_fields is None or "role" in update_fields):
        _recheck(instance.user_id)


@receiver(post_save, sender=Enrollment)
def tell_student_joined(instance: Enrollment, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell the site of a student whom the ORM enrolled; the action `enroll` tells of its own."""
    if created and not raw and instance.role == Enrollment.Role.STUDENT:
        signals.send(signals.student_joined, course=instance.course.slug, user=instance.user)


@receiver(post_delete, sender=Enrollment)
def look_at_rooms(instance: Enrollment, **kwargs: Any) -> None:
    """The user is in no room of the course any more."""
    _recheck(instance.user_id)


def _close(audience: str) -> None:
    publish.send(names.EVERYONE, notices.Close(4401, audience))


def _recheck(user: int, *, password: bool = False) -> None:
    publish.send(names.EVERYONE, notices.Recheck([user], password))
