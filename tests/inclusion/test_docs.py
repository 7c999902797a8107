"""The snippets of docs/inclusion.md are what the code has."""

import ast
import re

import pytest
from django.template import Template

from peerchat import host
from tests.servers import ROOT

PAGE = (ROOT / "docs" / "inclusion.md").read_text()
EXAMPLE = ROOT / "docs" / "example-site" / "coursesite"
SNIPPETS = re.findall(r"```(\w+)\n(.*?)```", PAGE, flags=re.DOTALL)
PYTHON = [text for kind, text in SNIPPETS if kind == "python"]


@pytest.mark.parametrize("snippet", PYTHON, ids=range(len(PYTHON)))
def test_python_is_python_and_imports_what_there_is(snippet):
    tree = ast.parse(snippet)
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    exec(compile(ast.Module(imports, []), "snippet", "exec"), {})


def test_what_the_settings_take_from_peerchat_is_there_and_the_example_takes_it_too():
    names = set(re.findall(r"\bhost\.([A-Z_]+)", PAGE))
    assert names == {name for name in vars(host) if name.isupper()} - {"ROOT"}
    settings = (EXAMPLE / "settings.py").read_text()
    assert {name for name in names if f"host.{name}" not in settings} == set()


def test_the_routes_are_those_of_the_example():
    routes, application = PYTHON[1].split("# asgi.py")
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
    (tags,) = (text for kind, text in SNIPPETS if kind == "django")
    assert Template(tags).nodelist


def test_the_gateway_is_one():
    (snippet,) = (text for text in PYTHON if "ProxyConsumer" in text)
    scope: dict[str, object] = {}
    exec("from django.urls import re_path\n" + snippet, scope)
    assert scope["websocket_urlpatterns"]
