"""Sites whose web server logs users in, and sites whose pages all need a log-in."""

import pytest
from asgiref.sync import sync_to_async
from django.test import AsyncClient

from accounts import people
from peerchat import host
from rooms.embed import sign_embed_link
from tests.rooms.school import make_person, make_school

AUTH = "django.contrib.auth"


@pytest.mark.django_db(transaction=True)
async def test_the_web_server_logs_in_on_an_async_server(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{AUTH}.middleware.RemoteUserMiddleware"]
    remote = f"{AUTH}.backends.RemoteUserBackend"
    settings.AUTHENTICATION_BACKENDS = [host.BACKENDS[0], remote]
    ada = await sync_to_async(make_person)("ada")
    browser = AsyncClient()
    for _ in range(2):  # once by the header, then by the session as well
        page = await browser.get("/", headers={"Remote-User": people.username(ada)})
        assert page.status_code == 200
        assert b">Ada<" in page.content
    assert (await browser.get("/")).status_code == 302


@pytest.mark.django_db
def test_where_all_pages_need_a_log_in_links_and_documents_do_not(client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{AUTH}.middleware.LoginRequiredMiddleware"]
    settings.PEERCHAT = {**settings.PEERCHAT, "EMBED_ANCESTORS": ["https://courses.example.edu"]}
    school = make_school()
    link = sign_embed_link(school.ada, school.course)
    assert client.get(link).status_code == 200
    assert client.get(link).status_code == 403
    for name in ("docs/", "schema/", "asyncapi.json"):
        assert client.get(f"/api/{name}").status_code == 200
    assert client.get("/api/rooms/").status_code == 401
    assert client.get("/").status_code == 302
