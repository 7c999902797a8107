"""The nonce of a site's Content-Security-Policy, for every script and style sheet of the pages."""

from typing import Any

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag(takes_context=True)
def nonce(context: template.Context) -> str:
    """The attribute `nonce` with a space before it, or nothing where the request has no nonce."""
    found = nonce_of(context)
    return format_html(' nonce="{}"', found) if found else ""


def nonce_of(context: template.Context) -> str:
    """Return the nonce that the policy of the response will have, or an empty text.

    It is that of the context, as Django's own processor (6.0) or a site's gives it, or that of the
    request, by django-csp or Django. Asking a lazy nonce for its text puts it into the policy.
    """
    request = getattr(context, "request", None) or context.get("request")
    given: Any
    for given in (
        context.get("csp_nonce"),
        getattr(request, "csp_nonce", None),
        getattr(request, "_csp_nonce", None),
    ):
        if given is not None and (text := str(given)):
            return text
    return ""
