"""The settings with which the tests of this folder run in the site, in a process of their own."""

import os

from tests.inclusion.foreign.settings import *  # noqa: F403
from tests.inclusion.foreign.settings import DATABASES

CSRF_TRUSTED_ORIGINS = list(filter(None, [os.environ.get("CSRF_TRUSTED_ORIGINS")]))
DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}_foreign"}
