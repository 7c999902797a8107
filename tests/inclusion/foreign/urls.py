"""The pages of the site. Its log-in asks for an address and a password."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.template import RequestContext, Template
from django.urls import include, path

LESSON = Template("{% load peerchat %}<h1>A lesson</h1>{% peerchat 'physics' %}")


def come_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        user: Any = authenticate(
            request, email=request.POST["address"], password=request.POST["secret"]
        )
        if user is None:
            return HttpResponse("no", status=403)
        login(request, user)
        return HttpResponse("in")
    return HttpResponse(get_token(request))


def go(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse("out")


def index(request: HttpRequest) -> HttpResponse:
    return HttpResponse("The university by the river")


def lesson(request: HttpRequest) -> HttpResponse:
    return HttpResponse(LESSON.render(RequestContext(request)))


urlpatterns = [
    path("home/", index, name="index"),
    path("halls/", index, name="courses"),
    path("come-in/", come_in, name="login"),
    path("go/", go, name="logout"),
    path("lesson/", lesson, name="lesson"),
    path("admin/", admin.site.urls),
    path("", include("rooms.urls")),
]
