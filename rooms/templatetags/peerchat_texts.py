"""The language of a page of peerchat, for its own templates."""

from django import template

from accounts import languages
from rooms import texts

register = template.Library()
register.simple_tag(languages.current, name="current_language")
register.simple_tag(languages.offered, name="offered_languages")
register.simple_tag(texts.address, name="texts_address")
