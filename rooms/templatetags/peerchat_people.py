"""A template filter for the people of a course: `{% load peerchat_people %}`."""

from django import template

from accounts import people

register = template.Library()
register.filter("guest_mark", people.mark)
