"""The site that is attacked: two workers, frames allowed, and everything that can be is logged."""

from collections.abc import Iterator

import pytest
from django.db import connection

from tests.attacks.web import FRAMES, Visitor
from tests.rooms.cast import Cast, Hall, Person
from tests.rooms.conftest import SHORTER, cast  # noqa: F401 - the same people, at this site
from tests.running import Site, environment

MAIL = {"SIGN_UP": "1", "EMAIL_URL": "smtp+plain://127.0.0.1:9"}
# Attackers can wait as long as a limit demands; these tests cannot.
FAST = {
    f"{name}_{of}": "1000000"
    for name in ("MESSAGE", "VOTE", "SEARCH", "PUBLISH", "SUBSCRIBE", "FEED", "EXPORT")
    for of in ("RATE", "BURST")
}


@pytest.fixture(scope="package")
def hall(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    if connection.vendor != "postgresql":
        pytest.skip("the site needs a database that processes share")
    env = environment(**SHORTER, **FAST, LOG_LEVEL="DEBUG", EMBED_ANCESTORS=FRAMES, **MAIL)
    folder = tmp_path_factory.mktemp("attacked")
    with Site(folder, workers=2, env=env, arguments=["--access-log"]) as site:
        yield Hall(site)


@pytest.fixture
def visit(cast: Cast):  # noqa: F811
    """A function that gives an HTTP client: of nobody, or of somebody who is logged in."""

    def make(person: Person | None = None) -> Visitor:
        return Visitor(cast.hall.site.origin, person.log_in() if person else None)

    return make
