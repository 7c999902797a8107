"""Every text that people see is marked for gettext."""

from pathlib import Path

import pytest

from tests.servers import ROOT
from tests.translations import catalogues, unmarked

REFERENCE = {"rooms/api.html", "rooms/_api_type.html"}
"""The reference of the API, which is for programmers and in English like the API itself."""
MODULES = [
    path
    for pattern in ("accounts/*.py", "peerchat/*.py", "rooms/*.py", "rooms/*/*.py")
    for path in sorted(ROOT.glob(pattern))
    if path.parent.name not in {"migrations", "api"}
]


def found(files: list[Path], look) -> list[tuple[str, str]]:
    assert files
    names = {path: path.relative_to(ROOT).as_posix() for path in files}
    return [(names[path], text) for path in files for text in look(path.read_text())]


def test_templates_have_no_text_without_a_tag():
    folder = ROOT / "templates"
    files = [
        path
        for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")])
        if path.relative_to(folder).as_posix() not in REFERENCE
    ]
    assert found(files, unmarked.in_template) == []


def test_scripts_have_no_text_without_gettext():
    assert found(catalogues.sources("djangojs"), unmarked.in_script) == []


def test_models_forms_and_the_admin_have_no_text_without_gettext():
    assert found(MODULES, unmarked.in_module) == []


@pytest.mark.parametrize(
    "template",
    [
        "<p>Hello</p>",
        '<input placeholder="Find">',
        '{{ found|yesno:"yes,no" }}',
        "{% block title %}Results{% endblock %}",
    ],
)
def test_a_text_of_a_template_is_found(template: str):
    assert unmarked.in_template(template)


@pytest.mark.parametrize(
    "template",
    [
        '<p class="muted">{% translate "Hello" %} {{ name }}</p>',
        "<p>{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}</p>",
        '<img alt="{% translate "A lift" %}"><script>const hello = 1;</script>',
    ],
)
def test_what_a_template_marks_is_fine(template: str):
    assert unmarked.in_template(template) == []


@pytest.mark.parametrize(
    "script",
    [
        'h("p", { class: "muted" }, "hello")',
        'h("input", { placeholder: "find" })',
        'const HINTS = { idle: "The next question appears here." };',
        'const WAYS = ["at random", gettext("as last time")];',
        "announce(`${count} new messages`)",
        'setText(place, votes ? gettext("Vote") : "no vote")',
    ],
)
def test_a_text_of_a_script_is_found(script: str):
    assert list(unmarked.in_script(script))


@pytest.mark.parametrize(
    "script",
    [
        'h("p", { class: "muted small" }, gettext("Hello"))',
        'h("p", {}, `${gettext("Room:")} `)',
        'fill(ngettext("%(count)s vote", "%(count)s votes", count), { count })',
        'if (key === "Enter") place.querySelector("button small").focus();',
    ],
)
def test_what_a_script_marks_is_fine(script: str):
    assert list(unmarked.in_script(script)) == []


@pytest.mark.parametrize(
    "module",
    [
        'raise ValidationError("Too many.")',
        'form.add_error("text", f"{name} is too long.")',
        "told = _(f'{count} votes')",
        "class Course(models.Model):\n    title = models.CharField(max_length=9)",
        'class Kind(models.TextChoices):\n    OPEN = "open"',
        "class A:\n    @admin.display(ordering='x')\n    def votes(self): ...",
    ],
)
def test_a_text_of_a_module_is_found(module: str):
    assert list(unmarked.in_module(module))
