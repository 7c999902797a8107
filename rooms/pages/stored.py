"""The page that tells what is stored, made from the models."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rooms.queries.stored import tables


@require_safe
@login_required
def stored(request: HttpRequest) -> HttpResponse:
    """Tell what peerchat stores, of whom, and what for."""
    found = list(tables())
    shown = {
        "people": [one for one in found if one.people],
        "others": [one for one in found if not one.people],
    }
    return render(request, "rooms/stored.html", shown)
