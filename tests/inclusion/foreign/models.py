"""The site's own tables. Some of their names are like those of peerchat."""

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models


class People(BaseUserManager["Person"]):
    def get_by_natural_key(self, username: str | None) -> "Person":
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        person = Person(email=email, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person


class Person(AbstractBaseUser, PermissionsMixin):
    """A user who logs in with an e-mail address."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    given = models.CharField(max_length=60)
    family = models.CharField(max_length=60)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)

    objects = People()

    USERNAME_FIELD = "email"

    class Meta:
        ordering = ("family",)

    def __str__(self) -> str:
        return self.email


class Room(models.Model):
    """A lecture hall."""

    name = models.CharField(max_length=60)
    keeper = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="rooms")

    def __str__(self) -> str:
        return self.name


class Enrollment(models.Model):
    """A place at the university."""

    user = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="enrollments")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user",), name="enrollment_once"),)

    def __str__(self) -> str:
        return f"{self.user}"
