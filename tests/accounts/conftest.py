import pytest

from accounts.models import User


@pytest.fixture
def ada(transactional_db) -> User:
    return User.objects.create_user("ada", password="correct horse", first_name="Ada")


@pytest.fixture
def bea(transactional_db) -> User:
    return User.objects.create_user("bea", password="correct horse", display_name="Bea B.")
