"""The secret of a course that the codes of its people are made with."""

import secrets

from rooms.models import Course


def export_key(course: Course) -> str:
    """Return the secret of a course, which is made when it is first needed."""
    # Two who need it at once get the one that was stored first.
    Course.objects.filter(pk=course.pk, export_key="").update(export_key=secrets.token_hex(32))
    return Course.objects.values_list("export_key", flat=True).get(pk=course.pk)
