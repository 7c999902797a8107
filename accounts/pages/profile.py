"""The page of one's own name and language."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import languages
from accounts.models import User
from accounts.pages.forms import ProfileForm


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show and change one's name and language."""
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        languages.speak_to(request.user)
        messages.success(request, gettext("Saved."))
        return redirect("peerchat_pages:me")
    status = 400 if form.is_bound else 200
    return render(request, "accounts/me.html", {"form": form}, status=status)
