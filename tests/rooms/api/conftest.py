"""The API by Django's test client, for what one process without sockets shows."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import User
from tests.rooms.cast import make_question
from tests.rooms.talks import make_groups, make_students


class Caller:
    """A user who calls the API. Each call returns the status and the body."""

    def __init__(self, user: User | None = None) -> None:
        self.client = APIClient()
        if user is not None:
            self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(user)}")

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self._told(self.client.get(f"/api/{path}", query))

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return self._told(self.client.post(f"/api/{path}", {} if body is None else body))

    def put(self, path: str, body: Any) -> tuple[int, Any]:
        return self._told(self.client.put(f"/api/{path}", body))

    def patch(self, path: str, body: Any) -> tuple[int, Any]:
        return self._told(self.client.patch(f"/api/{path}", body))

    def delete(self, path: str) -> tuple[int, Any]:
        return self._told(self.client.delete(f"/api/{path}"))

    def refused(self, path: str, body: Any) -> tuple[int, str]:
        """The status and the code of what must be a refusal of a POST."""
        return refusal(*self.post(path, body))

    @staticmethod
    def _told(response: Any) -> tuple[int, Any]:
        return response.status_code, response.json() if response.content else None


def refusal(status: int, body: Any) -> tuple[int, str]:
    assert status >= 400, body
    assert body["error_message"]
    return status, body["error_code"]


@pytest.fixture
def api() -> Callable[..., Caller]:
    return Caller


@pytest.fixture
def questions(school: Any) -> Any:
    return [make_question(school.course, slug) for slug in ("force", "work")]


@pytest.fixture
def students(school):
    return make_students(school.course, 6)


@pytest.fixture
def groups(school, students):
    """Three pairs that have talked for three minutes."""
    return make_groups(school.course, school.ines, [students[:2], students[2:4], students[4:]])
