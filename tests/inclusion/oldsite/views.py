"""The pages of the site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from rooms.models import Course


def index(request: HttpRequest) -> HttpResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse("The old site")


def course(request: HttpRequest, slug: str) -> HttpResponse:
    found = Course.objects.get(slug=slug)
    return render(request, "oldsite/course.html", {"course": found})
