"""Tags for the log-in page."""

from django import template
from django.urls import NoReverseMatch, reverse

from accounts import mail
from accounts.pages import sign_up

register = template.Library()


@register.simple_tag
def account_links() -> dict[str, str]:
    """Return the addresses of the pages `reset` and `sign_up`, if the site has and offers them."""
    offered = {"reset": ("reset", mail.is_on()), "sign_up": ("sign-up", sign_up.is_open())}
    try:
        return {
            name: reverse(f"peerchat_pages:{page}")
            for name, (page, is_on) in offered.items()
            if is_on
        }
    except NoReverseMatch:
        return {}
