"""Adds groups to the discussion of a course that runs: python -m tests.e2e.many_groups SLUG COUNT.

It shows what a lecturer with hundreds of groups sees, without hundreds of browsers.
"""

import sys

import django


def main(slug: str, count: str) -> None:
    django.setup()
    from rooms.models import Course
    from tests.rooms.talks import fill

    fill(Course.objects.get(slug=slug), int(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
