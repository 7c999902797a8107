"""The snippets of docs/inclusion.md: they are the same as in the code."""

import ast
import re

import pytest
from django.template import Template

from peerchat import api, host, signals
from rooms.templatetags.peerchat import register as library
from tests.inclusion.document import PAGE, PYTHON, SNIPPETS, TAGS, lines_for
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
    for snippet in (text for kind, text in SNIPPETS if kind == "django"):
        assert Template("{% load peerchat %}" + snippet).nodelist
    named = set(re.findall(r"{% (peerchat\w*) ", TAGS))
    assert named == set(library.tags)
    assert named == set(re.findall(r"^\| `(peerchat\w*)` \|", PAGE, re.MULTILINE))


def test_the_signals_are_those_there_are():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE.split("## Signals")[1].split("## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(signals.__all__)
    assert [name for name in rows if f"`{name}`" not in str(signals.__doc__)] == []


def test_the_example_uses_every_tag_every_signal_and_the_interface():
    texts = [path.read_text() for path in EXAMPLE.rglob("*") if path.suffix in {".py", ".html"}]
    example = "\n".join(texts)
    assert [tag for tag in library.tags if f"{{% {tag} " not in example] == []
    assert [name for name in signals.__all__ if f"@receiver({name})" not in example] == []
    functions = [name for name in api.__all__ if name[0].islower()]
    assert [name for name in functions if f"api.{name}(" not in example] == []
    # Routing apart, nothing that may change with any release.
    pages = [path.read_text() for path in EXAMPLE.rglob("*.py") if path.name != "asgi.py"]
    assert re.findall(r"^\s*(?:from|import) rooms\b.*", "\n".join(pages), re.MULTILINE) == []


def test_the_gateway_is_one():
    (snippet,) = (text for text in PYTHON if "ProxyConsumer" in text)
    scope: dict[str, object] = {}
    exec("from django.urls import re_path\n" + snippet, scope)
    assert scope["websocket_urlpatterns"]
