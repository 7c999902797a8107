"""The pages of the site."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from rooms.models import Course


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "coursesite/home.html", {"courses": Course.objects.all()})


def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    course = get_object_or_404(Course, slug=slug)
    question = course.questions.first()
    return render(request, "coursesite/lesson.html", {"course": course, "question": question})
