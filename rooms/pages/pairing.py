"""The page on which lecturers say who works with whom."""

from typing import Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.forms import write_anything
from accounts.people import User
from rooms import permissions, ratelimit
from rooms.actions import pairing_groups as group_actions
from rooms.actions import pairing_rules as actions
from rooms.actions.pairing_rules import RemovedRule
from rooms.conf import limits
from rooms.models import Course, PairingRule
from rooms.pages.course_forms import explain
from rooms.pages.roster import RosterForm
from rooms.peer.group_lists import GroupLine
from rooms.queries import pairing_groups, pairing_rules
from rooms.queries.pairing_groups import GroupPlan
from rooms.queries.pairing_rules import SIZES
from rooms.wire.errors import CourseArchived, InvalidMessageFormat, PeerError, PermissionDenied

ON_A_PAGE = 50
LONGEST_SEARCH = 100
PROPOSED = 1_500
"""The most students whom the fields of the form propose."""
_SALT = "peerchat.pairing.undo"
_UNDO_WITHIN = 24 * 3600  # seconds
_KIND_HELP = {
    PairingRule.Kind.NEVER: gettext_lazy("Two who never get into one group."),
    PairingRule.Kind.ALWAYS: gettext_lazy("They are in one group, with others, if they are here."),
    PairingRule.Kind.FIXED: gettext_lazy("They work among themselves, as long as two are here."),
}


class RuleForm(forms.Form):
    """A rule that is added by hand. The students are named in several fields of one name."""

    kind = forms.ChoiceField(
        choices=PairingRule.Kind.choices,
        widget=forms.RadioSelect,
        initial=PairingRule.Kind.NEVER,
    )
    name = forms.CharField(
        label=gettext_lazy("Name of the group, if it has one"),
        required=False,
        max_length=actions.NAME_LIMIT,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        write_anything(self.fields["name"])
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    @property
    def named(self) -> list[str]:
        """Return what stands in the fields of the students, which are as many as a rule allows."""
        given = self.data.getlist("person") if isinstance(self.data, QueryDict) else []
        return [text.replace("\0", "")[:300] for text in given][: max(SIZES)]

    @property
    def people(self) -> list[str]:
        """Return the fields of the students, also those that are empty."""
        return [*self.named, *[""] * (max(SIZES) - len(self.named))]

    @property
    def kinds(self) -> list[dict[str, Any]]:
        chosen = self["kind"].value()
        return [
            {"value": kind.value, "label": kind.label, "help": help_, "chosen": chosen == kind}
            for kind, help_ in _KIND_HELP.items()
        ]


class GroupsForm(RosterForm):
    """A file or a pasted list with fixed groups."""

    def read(self, text: str) -> list[GroupLine]:
        """Return the lines of a list. Raises InvalidMessageFormat."""
        return pairing_groups.read(text)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def pairing(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the rules about who works with whom, and change them."""
    user = cast("User", request.user)
    try:
        course = permissions.leading(user, slug).course
    except PermissionDenied:
        raise Http404 from None
    if request.method != "POST":
        if course.slug != slug:
            return redirect("peerchat:pairing", course.slug)
        return _page(request, course)
    match request.POST.get("do"):
        case "add":
            return _add(request, course)
        case "remove":
            return _remove(request, course)
        case "undo":
            return _undo(request, course)
        case "preview" | "apply" as which:
            return _groups(request, course, apply=which == "apply")
    return _page(request, course)


def _page(
    request: HttpRequest,
    course: Course,
    *,
    rule: RuleForm | None = None,
    groups: GroupsForm | None = None,
    plan: GroupPlan | None = None,
    alert: str = "",
) -> HttpResponse:
    search = request.GET.get("q", "").replace("\0", "")[:LONGEST_SEARCH]
    found = pairing_rules.rules_of(course, search)
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("page"))
    groups = groups or GroupsForm()
    context = {
        "course": course,
        "rule": rule or RuleForm(),
        "groups": groups,
        "text": getattr(groups, "cleaned_data", {}).get("text") or groups.data.get("text", ""),
        "plan": plan,
        "rules": [{"rule": one, "members": pairing_rules.members_of(one)} for one in page],
        "page": page,
        "search": search,
        "other_pages": urlencode({"q": search} if search else {}),
        "students": pairing_rules.proposed(course, PROPOSED),
        "alert": alert,
        # A form is sent to the address that told of the one before.
        "notice": None if request.method == "POST" else _notices().get(request.GET.get("done", "")),
        "removed": None if request.method == "POST" else _removed(request, course),
        "lines": limits["ROSTER_LINES"],
    }
    refused = bool(alert) or any(form is not None and form.errors for form in (rule, groups))
    impossible = plan is not None and not plan.is_possible
    return render(
        request, "rooms/pairing.html", context, status=400 if refused or impossible else 200
    )


def _notices() -> dict[str, str]:
    return {
        "added": _("Saved. It counts for the next groups that you make."),
        "imported": _("The groups are saved. They count for the next groups that you make."),
    }


def _add(request: HttpRequest, course: Course) -> HttpResponse:
    form = RuleForm(request.POST)
    if form.is_valid():
        try:
            actions.add_rule(
                user=cast("User", request.user),
                course=course.slug,
                students=form.named,
                **form.cleaned_data,
            )
        except CourseArchived as error:
            return _page(request, course, alert=_told(error))
        except PeerError as error:
            form.add_error(None, _told(error))
        else:
            return _back(course, done="added")
    return _page(request, course, rule=form)


def _remove(request: HttpRequest, course: Course) -> HttpResponse:
    number = request.POST.get("rule", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 16
    try:
        gone = actions.remove_rule(
            user=cast("User", request.user),
            course=course.slug,
            rule=int(number) if is_number else 0,
        )
    except PeerError as error:
        return _page(request, course, alert=_told(error))
    if gone is None:
        # Somebody else removed it, which is what was wanted.
        return _back(course)
    return _back(course, undo=signing.dumps([gone.kind, gone.name, gone.students], salt=_SALT))


def _undo(request: HttpRequest, course: Course) -> HttpResponse:
    gone = _unsigned(request.POST.get("undo", ""))
    if gone is None:
        return _back(course)
    try:
        actions.add_rule(
            user=cast("User", request.user),
            course=course.slug,
            kind=gone.kind,
            name=gone.name,
            students=gone.students,
        )
    except PeerError as error:
        return _page(request, course, alert=_told(error))
    return _back(course, done="added")


def _groups(request: HttpRequest, course: Course, *, apply: bool) -> HttpResponse:
    form = GroupsForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, course, groups=form)
    lines, user = form.cleaned_data["lines"], cast("User", request.user)
    try:
        ratelimit.rosters.take(user.pk)
        if not apply:
            plan = pairing_groups.plan(course, lines)
            return _page(request, course, groups=form, plan=plan)
        plan = group_actions.import_groups(user=user, course=course, lines=lines)
    except PeerError as error:
        return _page(request, course, groups=form, alert=_told(error))
    if plan.is_possible:
        return _back(course, done="imported")
    return _page(request, course, groups=form, plan=plan)


def _back(course: Course, **told: str) -> HttpResponse:
    query = f"?{urlencode(told)}" if told else ""
    return redirect(reverse("peerchat:pairing", args=[course.slug]) + query)


def _removed(request: HttpRequest, course: Course) -> dict[str, Any] | None:
    """Return the rule that was just removed, with what makes it again."""
    signed = request.GET.get("undo", "")
    gone = _unsigned(signed)
    if gone is None or course.archived_at is not None:
        return None
    kind = PairingRule.Kind(gone.kind).label
    return {"kind": kind, "name": gone.name, "students": gone.students, "undo": signed}


def _unsigned(signed: str) -> RemovedRule | None:
    try:
        return RemovedRule(*signing.loads(signed, salt=_SALT, max_age=_UNDO_WITHIN))
    except signing.BadSignature:
        return None


def _told(error: PeerError) -> str:
    # These are in the language of the page.
    return error.message if isinstance(error, InvalidMessageFormat) else explain(error)
