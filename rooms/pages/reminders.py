"""The page that ends reminders by e-mail, for whoever has the link in one of them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from rooms.actions import reminders
from rooms.queries.reminders import stopped_by


# Mail programs post to the address by themselves (RFC 8058), and its secret is all that counts.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def stop_reminders(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask whether the reminders of a course shall end, or end them. It needs no log-in."""
    if request.method == "POST":
        enrollment = reminders.stop_reminders(secret=secret)
    else:
        enrollment = stopped_by(secret)
    if enrollment is None:
        raise Http404
    context = {"course": enrollment.course, "stopped": enrollment.reminded_since is None}
    return render(request, "rooms/stop_reminders.html", context)
