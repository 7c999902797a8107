"""A site's own settings with one more language, which is for tests alone."""

import os

from peerchat.settings import *  # noqa: F403
from peerchat.settings import LANGUAGES
from tests.translations.pseudo import CODE, FOLDER

LANGUAGES = [*LANGUAGES, (CODE, "Pseudo")]
LOCALE_PATHS = [os.environ[FOLDER]]
