"""Tells peerchat's own templates about try-outs."""

from django import template

from rooms.queries import tryouts

register = template.Library()
register.simple_tag(tryouts.simulated_students)
