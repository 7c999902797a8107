"""Defines the password hashers, for PASSWORD_HASHERS."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane.

    OWASP's Password Storage Cheat Sheet recommends these parameters where memory matters. Django's
    own take 100 MiB and eight threads for each log-in, and so 10 GB for a class of a hundred.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
