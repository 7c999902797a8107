"""Signal receivers for changes of accounts, enrolments and questions that concern open sockets."""

from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import router, transaction
from django.db.models.signals import post_delete, post_migrate, post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import people
from accounts.models import Token, password_changed, user_deactivated, user_renamed
from accounts.people import User
from accounts.tokens import token_revoked
from rooms.actions import guests, pictures, pseudonyms, renames, signals, tell, uselog
from rooms.conf import group_of_lecturers
from rooms.delivery import names, notices, publish
from rooms.models import Choice, ClassSettings, Course, Enrollment, Picture, Question

_SLUG = "_peerchat_slug"

# The receivers below name users to the other processes, in the keys that this site has.
notices.use_keys(people.key_type())


@receiver(post_migrate)
def make_group_of_lecturers(
    sender: Any, using: str, apps: Apps = global_apps, **kwargs: Any
) -> None:
    """Make the group that `LECTURERS` names, so that the admin only has to put users into it."""
    name = group_of_lecturers()
    if sender.label != Course._meta.app_label or name is None:
        return
    try:
        group = apps.get_model("auth", "Group")
    except LookupError:
        # A site with users of its own may do without Django's groups.
        return
    if router.allow_migrate_model(using, group):
        group._default_manager.using(using).get_or_create(name=name)


@receiver(user_logged_in)
def log_login(user: User, **kwargs: Any) -> None:
    """Write a row of the use log."""
    uselog.record([uselog.row(sid=people.username(user), user=user.pk, event="login", act="login")])


@receiver(user_logged_in)
def end_session_before(request: HttpRequest | None, **kwargs: Any) -> None:
    """Close the sockets of the user who was logged in with the same browser until now."""
    session = getattr(request, "session", None)
    if request is None or session is None:
        return
    before = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    if before and before != session.session_key:
        _close(names.session(before))


@receiver(user_logged_out)
def end_session(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Close the sockets of the session in all processes."""
    session_key = request.session.session_key
    if user is not None and session_key is not None:
        _close(names.session(session_key))


@receiver(user_logged_out)
def leave_device(request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    """Have the device of a guest who leaves it forget them."""
    if user is not None and not getattr(request, "keeps_device", False):
        guests.leave_device(user=user)


@receiver(token_revoked)
def end_token(token: Token, **kwargs: Any) -> None:
    """Close the sockets of the token in all processes."""
    _close(names.token(token.pk))


@receiver(post_delete, sender=Token)
def end_deleted_token(instance: Token, **kwargs: Any) -> None:
    _close(names.token(instance.pk))


@receiver(post_save, sender=Token)
def look_at_token(instance: Token, created: bool, **kwargs: Any) -> None:
    """Have the sockets of the token's user checked, as the token may end sooner now."""
    if not created:
        tell.recheck([instance.user_id])


@receiver(user_deactivated)
def end_account(user: User, **kwargs: Any) -> None:
    """Close all sockets of the user in all processes."""
    _close(names.account(user.pk))


def end_deleted_account(instance: User, **kwargs: Any) -> None:
    _close(names.account(instance.pk))


for model in people.classes():
    post_delete.connect(end_deleted_account, sender=model)


@receiver(password_changed)
def look_at_sessions(user: User, **kwargs: Any) -> None:
    """Have the user's sockets checked after a change of password.

    All sessions of the user end, except the one that made the change, which gets a new key.
    """
    tell.recheck([user.pk], password=True)


@receiver(user_renamed)
def look_at_names(user: User, **kwargs: Any) -> None:
    """Have the sockets of a user renewed, which keep the names of the user."""
    tell.recheck([user.pk])


@receiver(pre_save, sender=Course)
@receiver(pre_save, sender=Question)
def look_at_slug(
    sender: type[Course | Question],
    instance: Course | Question,
    update_fields: Any = None,
    raw: bool = False,
    **kwargs: Any,
) -> None:
    """Note the slug that a course or a question has in the database."""
    instance.__dict__.pop(_SLUG, None)
    if raw or instance._state.adding or (update_fields is not None and "slug" not in update_fields):
        return
    stored = sender._default_manager.filter(pk=instance.pk).values_list("slug", flat=True)
    if stored.first() in (None, instance.slug):
        return
    renames.lock(instance)
    instance.__dict__[_SLUG] = stored.first()


@receiver(post_save, sender=Course)
def follow_course(instance: Course, **kwargs: Any) -> None:
    """Redirect what names the former slug of a course."""
    before = instance.__dict__.pop(_SLUG, None)
    if before not in (None, instance.slug):
        renames.follow_course(course=instance, before=before)


@receiver(post_save, sender=Question)
def follow_question(instance: Question, created: bool, raw: bool, **kwargs: Any) -> None:
    """Redirect what names the former slug of a question."""
    before = instance.__dict__.pop(_SLUG, None)
    if before not in (None, instance.slug):
        renames.follow_question(question=instance, before=before)
    elif created and not raw:
        renames.take_slug(question=instance)


@receiver(post_save, sender=Enrollment)
def look_at_role(
    instance: Enrollment, created: bool, update_fields: Any = None, **kwargs: Any
) -> None:
    """Have the user's sockets checked, as the role may have changed."""
    if not created and (update_fields is None or "role" in update_fields):
        tell.recheck([instance.user_id])


@receiver(post_save, sender=Enrollment)
def tell_student_joined(instance: Enrollment, created: bool, raw: bool, **kwargs: Any) -> None:
    """Tell the site of a student whom the ORM enrolled; the action `enroll` tells of its own."""
    if created and not raw and instance.role == Enrollment.Role.STUDENT:
        signals.send(signals.student_joined, course=instance.course.slug, user=instance.user)


@receiver(post_save, sender=Enrollment)
def give_pseudonym(
    instance: Enrollment, raw: bool, update_fields: Any = None, **kwargs: Any
) -> None:
    """Give a new student a pseudonym if the class has them; `enroll` gives its own."""
    if not raw and (update_fields is None or "role" in update_fields):
        pseudonyms.welcome(instance.course)


@receiver(post_save, sender=ClassSettings)
def follow_class_settings(instance: ClassSettings, raw: bool, **kwargs: Any) -> None:
    """Let the class that is on follow the choice of pseudonyms."""
    if not raw:
        with transaction.atomic():
            pseudonyms.follow_settings(instance)


@receiver(post_delete, sender=Enrollment)
def look_at_rooms(instance: Enrollment, **kwargs: Any) -> None:
    """Have the user's sockets checked, as the user has left all rooms of the course."""
    tell.recheck([instance.user_id])


@receiver((post_save, post_delete), sender=Question)
def look_at_questions(instance: Question, raw: bool = False, **kwargs: Any) -> None:
    """Have the dashboards of the course read its questions again."""
    # While a fixture is loaded, the course may not be there yet.
    if not raw:
        tell.questions_changed(instance.course)


@receiver((post_save, post_delete), sender=Choice)
def look_at_choices(instance: Choice, raw: bool = False, **kwargs: Any) -> None:
    """Have the dashboards of the course read its questions again."""
    if not raw:
        tell.questions_changed(instance.question.course)


@receiver(post_delete, sender=Picture)
def forget_picture(instance: Picture, **kwargs: Any) -> None:
    """Remove the file of a picture with it, also when the whole course is deleted."""
    pictures.forget_file(name=str(instance.file.name))


def _close(audience: str) -> None:
    publish.send(names.EVERYONE, notices.Close(4401, audience))
