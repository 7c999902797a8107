"""Adds groups to the discussion of a course that runs: python -m tests.e2e.many_groups SLUG COUNT.

It shows what a lecturer with hundreds of groups sees, without hundreds of browsers.
"""

import sys

import django


def main(slug: str, count: str) -> None:
    django.setup()
    from django.db import transaction

    from rooms.models import ClassSession, Course
    from tests.rooms.talks import fill

    course = Course.objects.get(slug=slug)
    with transaction.atomic():
        # Workers read groups and places under this lock.
        ClassSession.objects.select_for_update(no_key=True).get(course=course, ended_at=None)
        fill(course, int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
