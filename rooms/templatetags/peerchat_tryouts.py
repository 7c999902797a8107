"""What the pages say about try-outs, for peerchat's own templates."""

from django import template

from rooms.queries import tryouts

register = template.Library()
register.simple_tag(tryouts.simulated_students)
