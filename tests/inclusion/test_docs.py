"""The snippets of docs/inclusion.md are what the code has."""

import ast
import re

import pytest
from django.template import Template

from peerchat import host
from tests.inclusion.document import PAGE, PYTHON, TAGS, lines_for
from tests.servers import ROOT

EXAMPLE = ROOT / "docs" / "example-site" / "coursesite"


@pytest.mark.parametrize("snippet", PYTHON, ids=range(len(PYTHON)))
def test_python_is_python_and_imports_what_there_is(snippet):
    tree = ast.parse(snippet)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "snippet", "exec"), {})


def test_what_the_settings_take_from_peerchat_is_there_and_the_example_takes_it_too():
    names = set(re.findall(r"\bhost\.([A-Z_]+)", PAGE))
    assert names == {name for name in vars(host) if name.isupper()}
    settings = (EXAMPLE / "settings.py").read_text()
    assert {name for name in names if f"host.{name}" not in settings} == set()


def test_a_host_adds_at_most_ten_lines_and_two_includes():
    _, *settings = lines_for("settings.py").splitlines()
    assert len([line for line in settings if line]) <= 10
    assert 1 <= lines_for("urls.py").count('include("') <= 2


def test_the_routes_are_those_of_the_example():
    routes, application = lines_for("urls.py"), lines_for("asgi.py")
    urls = (EXAMPLE / "urls.py").read_text()
    for line in re.findall(r"path\(.*\),", routes):
        assert line in urls
    asgi = (EXAMPLE / "asgi.py").read_text()
    for line in re.findall(r"path\(.*\),", application):
        assert line in asgi
    asgi = re.sub(r"\s", "", asgi)
    for line in re.findall(r'"(?:http|websocket)": .*,', application):
        assert re.sub(r"\s", "", line) in asgi


def test_the_tags_are_tags():
    assert Template(TAGS).nodelist


def test_the_gateway_is_one():
    (snippet,) = (text for text in PYTHON if "ProxyConsumer" in text)
    scope: dict[str, object] = {}
    exec("from django.urls import re_path\n" + snippet, scope)
    assert scope["websocket_urlpatterns"]
