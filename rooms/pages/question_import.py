"""The page that brings questions in from a file: its preview, and the import of what it shows."""

import re
from collections.abc import Collection
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import question_import as actions
from rooms.actions.question_import import Imported
from rooms.conf import limits
from rooms.formats import MOST_ITEMS
from rooms.formats.detect import FORMATS
from rooms.models import Course, QuestionFile
from rooms.pages.course_forms import explain
from rooms.pages.question_preview import Cards
from rooms.queries import question_import as queries
from rooms.queries.question_export import FORMATS as EXPORTS
from rooms.queries.question_import import Outcome, Source
from rooms.wire.errors import (
    InvalidMessageFormat,
    PeerError,
    PermissionDenied,
    RateLimited,
    TooManyQuestions,
)

TEXT_LIMIT = 2_000_000
"""The most characters of a pasted text, which Django's limit for forms allows."""
SHOWN_TEXT = 200_000
"""The most bytes of a file that is shown as text, so that it can be mended on the page."""
SHOWN = 300
"""The questions of a file that are shown, besides those that cannot be taken."""
OPEN = 20
"""How many questions are shown at full length at first."""
_ABOUT = {
    "yaml": _("Everything, for another course or another peerchat."),
    "gift": _("A text for Moodle and others, without follow-ups, units and drafts."),
    "moodle": _("For Moodle, without follow-ups and drafts."),
}
"""The contents of the files that this page writes, by their formats."""


class FileForm(forms.Form):
    """A file or a pasted text. `data` has the bytes of either, and `source` what they say."""

    file = forms.FileField(required=False, allow_empty_file=True)
    text = forms.CharField(required=False, strip=False, max_length=TEXT_LIMIT)
    format = forms.ChoiceField(
        required=False, choices=[("", _("Detect automatically")), *FORMATS.items()]
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        most = limits["UPLOAD_BYTES"]
        if file and file.size > most:
            told = gettext("The file is larger than %(size)s MB.")
            raise forms.ValidationError(told % {"size": f"{most / 1_000_000:g}"})
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        file = cleaned["file"]
        cleaned["data"] = file.read() if file else cleaned["text"].encode()
        cleaned["name"] = file.name if file else ""
        if not cleaned["data"].strip():
            raise forms.ValidationError(_("Choose a file, or paste questions."))
        return cleaned


def _led(request: HttpRequest, slug: str) -> Course:
    """Return the course, for those who lead it."""
    try:
        return permissions.leading(cast("User", request.user), slug).course
    except PermissionDenied:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def question_import(request: HttpRequest, slug: str) -> HttpResponse:
    """Preview a file of questions, and import all or some of them."""
    course = _led(request, slug)
    if course.slug != slug and request.method != "POST":
        return redirect("peerchat:question_import", course.slug)
    match request.POST.get("do"):
        case "preview":
            return _preview(request, course)
        case "import":
            return _import(request, course)
    return _page(request, course, FileForm())


def _page(
    request: HttpRequest,
    course: Course,
    form: FileForm,
    *,
    text: str | None = None,
    preview: dict[str, Any] | None = None,
) -> HttpResponse:
    context = {
        "course": course,
        "form": form,
        "text": form.data.get("text", "") if text is None else text,
        "size": f"{limits['UPLOAD_BYTES'] / 1_000_000:g}",
        "exports": [(code, one.name, _ABOUT[code]) for code, one in EXPORTS.items()],
        **(preview or {}),
    }
    refused = form.is_bound and not form.is_valid()
    return render(request, "rooms/question_import.html", context, status=400 if refused else 200)


def _preview(request: HttpRequest, course: Course) -> HttpResponse:
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid() or not _in_time(request):
        return _page(request, course, form)
    data, name = form.cleaned_data["data"], form.cleaned_data["name"]
    chosen_format = form.cleaned_data["format"]
    text = _as_text(data) if name else None
    try:
        permissions.in_use(course)
        source = queries.read(data, name=name, format=chosen_format)
    except PeerError as error:
        form.add_error(None, _explain(error))
        return _page(request, course, form, text=text)
    user = cast("User", request.user)
    file = actions.keep_file(user=user, course=course, name=name, format=chosen_format, data=data)
    return _page(request, course, form, text=text, preview=_shown(course, file, source))


def _in_time(request: HttpRequest) -> bool:
    """Return whether the user may look at a file now, and tell them if not."""
    try:
        ratelimit.imports.take(cast("User", request.user).pk)
    except RateLimited as error:
        messages.error(request, explain(error))
        return False
    return True


def _import(request: HttpRequest, course: Course) -> HttpResponse:
    user = cast("User", request.user)
    file = queries.kept_file(user, course, request.POST.get("file", ""))
    if file is None:
        told = gettext("This preview has ended. Show once more what the file has.")
        messages.error(request, told)
        return _page(request, course, FileForm())
    if not _in_time(request):
        return _page(request, course, FileForm(), text=_as_text(bytes(file.data)))
    source = queries.read(bytes(file.data), name=file.name, format=file.format)
    chosen = _chosen(request.POST)
    try:
        if not chosen:
            raise InvalidMessageFormat(gettext("Tick the questions that you want to import."))
        done = actions.import_questions(course=course, source=source, user=user, chosen=chosen)
    except PeerError as error:
        messages.error(request, _explain(error))
        preview = _shown(course, file, source, chosen)
        text = _as_text(bytes(file.data))
        return _page(request, course, FileForm(), text=text, preview=preview)
    actions.drop_file(file=file)
    _tell(request, done)
    return redirect("peerchat:questions", course.slug)


def _chosen(fields: QueryDict) -> set[int]:
    """Return the numbers of the questions that are ticked, in the file that `_shown` showed."""
    ticked = {int(one) for one in fields.getlist("question") if re.fullmatch(r"[0-9]{1,6}", one)}
    rest = fields.get("rest", "")
    if re.fullmatch(r"[0-9]{1,6}", rest):
        ticked.update(range(int(rest), MOST_ITEMS + 1))
    return ticked


def _tell(request: HttpRequest, done: Imported) -> None:
    count = len(done.questions)
    told = ngettext("%(count)s question was imported.", "%(count)s questions were imported.", count)
    told %= {"count": count}
    if drafts := sum(question.is_draft for question in done.questions):
        of_these = ngettext(
            "%(count)s of them is a draft.", "%(count)s of them are drafts.", drafts
        )
        told += " " + of_these % {"count": drafts}
    messages.success(request, told)


def _explain(error: PeerError) -> str:
    if isinstance(error, TooManyQuestions):
        return gettext("The course would have too many questions. Nothing was imported.")
    # The flaws of a file are told in the language of the page.
    return error.message if isinstance(error, InvalidMessageFormat) else explain(error)


def _as_text(data: bytes) -> str:
    """Return what a file has if it is a text that can be mended on the page, else nothing."""
    if len(data) > SHOWN_TEXT or b"\0" in data:
        return ""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _shown(
    course: Course, file: QuestionFile, source: Source, chosen: Collection[int] | None = None
) -> dict[str, Any]:
    """Return the context of a preview. The questions in `chosen` are ticked, by default all."""
    plan = queries.plan(course, source)
    others = [planned for planned in plan.questions if planned.outcome is not Outcome.REFUSED]
    listed, rest = others[:SHOWN], others[SHOWN:]
    cards = Cards(course, source)
    return {
        "file": file,
        "plan": plan,
        "counts": plan.counts,
        "refused": [cards.of(planned) for planned in plan.refused],
        "cards": [cards.of(planned) for planned in listed],
        "unticked": set() if chosen is None else {one.number for one in plan.new} - set(chosen),
        "are_open": len(listed) <= OPEN,
        "rest": rest[0].number if rest else None,
        "rest_new": sum(planned.is_new for planned in rest),
    }
