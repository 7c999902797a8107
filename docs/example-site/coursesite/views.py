"""The pages of the site."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from coursesite.lessons import QUESTIONS
from coursesite.models import DiaryEntry
from peerchat import api

STEPS = (
    ("ask", "Ask the class, for two minutes"),
    ("close", "Close the vote"),
    ("reveal", "Reveal the answer"),
    ("quick", "Ask A to D, now"),
)
LETTERS = {f"right-{letter}": letter for letter in "ABCD"}


def home(request: HttpRequest) -> HttpResponse:
    mine = api.get_courses(user=request.user) if request.user.is_authenticated else []
    return render(request, "coursesite/home.html", {"courses": mine})


def lesson(request: HttpRequest, slug: str) -> HttpResponse:
    course = _course(slug)
    question = api.get_question(course=course, slug=QUESTIONS[slug])
    mine = api.get_courses(user=request.user) if request.user.is_authenticated else []
    context = {
        "course": course,
        "question": question,
        "is_member": course in mine,
        "steps": (*STEPS, *((name, f"{letter} is right") for name, letter in LETTERS.items())),
    }
    if context["is_member"]:
        context["results"] = api.read_results(user=request.user, course=course, question=question)
        context["diary"] = DiaryEntry.objects.filter(course=slug)[:5]
    return render(request, f"coursesite/lessons/{slug}.html", context)


@login_required
def results(request: HttpRequest, slug: str) -> HttpResponse:
    """All that the class has answered so far, in a table of the site's own."""
    course = _course(slug)
    try:
        found = [
            api.read_results(user=request.user, course=course, question=question)
            for question in api.get_questions(user=request.user, course=course)
        ]
    except api.PermissionDenied:
        raise Http404 from None
    rows = [one for one in found if one is not None]
    return render(request, "coursesite/results.html", {"course": course, "rows": rows})


@require_POST
@login_required
def join(request: HttpRequest, slug: str) -> HttpResponse:
    course = _course(slug)
    if course not in api.get_courses(user=request.user):
        api.enroll(course=course, users=[request.user])
    return redirect("lesson", slug)


@require_POST
@login_required
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    api.unenroll(course=_course(slug), users=[request.user])
    return redirect("home")


@require_POST
@login_required
def step(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """The buttons beside the question, for those who lead the course."""
    course = _course(slug)
    if name not in dict(STEPS) and name not in LETTERS:
        raise Http404
    try:
        if name == "ask":
            api.ask(user=request.user, course=course, question=QUESTIONS[slug], seconds=120)
        elif name == "close":
            api.close_round(user=request.user, course=course)
        elif name == "reveal":
            api.reveal(user=request.user, course=course)
        elif name == "quick":
            api.ask_quickly(user=request.user, course=course, choices=len(LETTERS))
        else:
            api.set_right_answer(user=request.user, course=course, choice=LETTERS[name])
    except api.Error as error:
        messages.error(request, error.message)
    return redirect("lesson", slug)


def _course(slug: str) -> api.Course:
    if slug not in QUESTIONS:
        raise Http404
    try:
        return api.get_course(slug=slug)
    except api.Error:
        raise Http404 from None
