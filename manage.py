#!/usr/bin/env python
"""Django's command line for peerchat."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peerchat.settings")
    # Settings must be named before anything of Django's that reads them is imported.
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")  # a sentence for whoever set up the site, not a traceback


if __name__ == "__main__":
    main()
