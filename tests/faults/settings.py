"""The settings of the workers: the site's own, with faults that a file switches on.

`FAULTS` names the folder of the switches. Without any of them everything is as it is in production.
"""

from peerchat.settings import *  # noqa: F403
from peerchat.settings import CHANNEL_LAYERS, DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DATABASES["default"]["ENGINE"] = "tests.faults.commits"
CHANNEL_LAYERS["default"]["BACKEND"] = "tests.faults.layer.LossyLayer"
