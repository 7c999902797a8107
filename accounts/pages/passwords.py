"""The pages on which people change their password, or set a new one by e-mail."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.views import PasswordChangeView, PasswordResetConfirmView
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import mail, newcomers, people
from accounts.addresses import client_address
from accounts.models import User
from accounts.pages.forms import AddressForm, ChangePasswordForm, NewPasswordForm, try_again


class Change(PasswordChangeView):
    form_class = ChangePasswordForm
    template_name = "accounts/form.html"
    success_url = reverse_lazy("peerchat_pages:me")
    extra_context = {
        "title": _("Change the password"),
        "intro": _("You stay logged in here. All other devices are logged out."),
        "submit": _("Change the password"),
    }

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, gettext("The password is changed."))
        return super().form_valid(form)


class _Mails(PasswordResetForm):
    """Finds the people with an address, and writes to each, in a thread without a request."""

    def get_users(self, email: str) -> Iterator[User]:
        """Return Django's, and those whose account was made for them and who have never come.

        Their invitation may be lost, and they cannot sign up, as an account has their address.
        """
        yield from super().get_users(email)
        if newcomers.have_passwords():
            known = newcomers.by_address({email})[email]
            yield from people.everybody().filter(
                newcomers.waiting(), pk__in=[user.pk for user in known]
            )

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        user = context["user"]
        link = f"{context['link'].removesuffix('UID/TOKEN/')}{context['uid']}/{context['token']}/"
        given = {
            "name": people.shown_name(user),
            "username": people.username(user),
            "link": link,
        }
        language = people.language(user) or context["language"]
        mail.deliver("accounts/mail/reset", given, to=to_email, language=language)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_not_required
def reset(request: HttpRequest) -> HttpResponse:
    """Send a link for a new password to an address, whether or not somebody has it.

    Whoever has the address is looked for in the background, so the time of the answer tells nothing
    either.
    """
    if not mail.is_on():
        raise Http404
    form = AddressForm(request.POST or None)
    context = {
        "form": form,
        "title": _("Forgotten password"),
        "intro": _("You get an e-mail with a link, by which you set a new password."),
        "submit": _("Send the link"),
    }
    status = 400 if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        found = _Mails({"email": email})
        found.is_valid()
        known = {
            "link": request.build_absolute_uri(
                reverse("peerchat_pages:reset-confirm", args=["UID", "TOKEN"])
            ),
            "language": translation.get_language(),
        }
        job = partial(found.save, domain_override="-", extra_email_context=known)
        if sends(request, form, job):
            return redirect("peerchat_pages:reset-sent")
        status = 429
    return render(request, "accounts/form.html", context, status=status)


def sends(request: HttpRequest, form: AddressForm, job: mail.Job) -> bool:
    """Do a job that writes to the address of a form, in the background and not too often.

    Returns whether it will be done. If not, the form says when to try again.
    """
    email = form.cleaned_data["email"]
    wait = mail.allowed().take(client_address(request), email)
    if not wait:
        try:
            mail.outbox().put(job)
        except mail.Busy:
            wait = 60.0
    if wait:
        form.add_error("email", try_again(wait))
    return not wait


@require_safe
@login_not_required
def reset_sent(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("Look into your mailbox"),
        "text": _(
            "If an account has this address, an e-mail with a link is on its way. It works for a "
            "few days, once. Look into the folder for spam, too."
        ),
    }
    return render(request, "accounts/notice.html", context)


class Confirm(PasswordResetConfirmView):
    form_class = NewPasswordForm
    template_name = "accounts/form.html"
    post_reset_login = True
    success_url = reverse_lazy("peerchat:courses")
    extra_context = {"title": _("A new password"), "submit": _("Set the password")}

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        self.post_reset_login_backend = newcomers.backend_for_sessions()
        return super().dispatch(*args, **kwargs)

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if self.validlink:
            return super().render_to_response(context, **kwargs)
        return link_refused(self.request, reverse("peerchat_pages:reset"))


def link_refused(request: HttpRequest, again: str) -> HttpResponse:
    """Say that a link is of no use; `again` is where one gets another."""
    context = {
        "title": _("This link does not work"),
        "text": _("It was used already, has expired, or is not complete."),
        "again": again,
    }
    return render(request, "accounts/notice.html", context, status=410)
