"""The catalogues in `locale/`: extracted from the sources, and compiled.

Babel does what xgettext, msgmerge and msgfmt do, so nothing but Python is needed. The catalogues
name the files of their texts, but neither lines nor dates, which would change all the time.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tests.servers import ROOT

LOCALE = ROOT / "locale"
# Babel does not know the lazy functions of Django.
KEYWORDS = DEFAULT_KEYWORDS | {
    f"{name}_lazy": DEFAULT_KEYWORDS[name]
    for name in ("gettext", "ngettext", "pgettext", "npgettext")
}
LANGUAGES = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
DOMAINS = ("django", "djangojs")
STARTED = datetime(2026, 11, 29, tzinfo=UTC)
APPS = ("accounts", "peerchat", "rooms")

Found = tuple[str, str | tuple[str, ...], list[str], str | None]


def sources(domain: str) -> list[Path]:
    """The files that may have texts of a domain."""
    if domain == "djangojs":
        scripts = (ROOT / "static" / "peerchat").rglob("*.js")
        return sorted(path for path in scripts if "vendor" not in path.parts)
    python = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    templates = ROOT / "templates"
    # The subjects and the plain texts of e-mails are templates, too.
    return sorted(python) + sorted([*templates.rglob("*.html"), *templates.rglob("*.txt")])


def messages_in(path: Path) -> Iterator[Found]:
    """The texts of a file, with the comments for translators and the contexts."""
    method, text = "python", path.read_text(encoding="utf-8")
    options = {}
    if path.suffix == ".js":
        # Texts stand within template literals, too.
        method, options = "javascript", {"parse_template_string": "True"}
    elif path.suffix in {".html", ".txt"}:
        # Django makes calls of gettext from the tags. The indent is that of the template.
        text = "\n".join(line.strip() for line in templatize(text).splitlines())
    name = path.relative_to(ROOT).as_posix()
    for _, message, comments, context in extract(
        method, io.BytesIO(text.encode()), KEYWORDS, ("Translators:",), options
    ):
        yield name, message, comments, context


def template(domain: str, files: Iterable[Path] | None = None) -> Catalog:
    """The catalogue of all texts of a domain, without translations."""
    catalog = Catalog(domain=domain, project="peerchat", creation_date=STARTED)
    for path in sources(domain) if files is None else files:
        for name, message, comments, context in messages_in(path):
            # Without the line, so that a change elsewhere in the file is none of the catalogue.
            where: Any = (name, None)
            catalog.add(message, locations=[where], auto_comments=comments, context=context)
    return catalog


def place(language: str, domain: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def refreshed(language: str, domain: str) -> Catalog:
    """The catalogue of a language with the texts as they are now; obsolete ones are gone."""
    path = place(language, domain)
    if path.exists():
        catalog = read_po(io.BytesIO(path.read_bytes()), locale=language, domain=domain)
    else:
        catalog = Catalog(
            locale=language,
            domain=domain,
            project="peerchat",
            creation_date=STARTED,
            revision_date=STARTED,
            last_translator="The peerchat authors",
            fuzzy=False,
        )
    catalog.update(template(domain), no_fuzzy_matching=True, update_creation_date=False)
    catalog.obsolete.clear()
    catalog.header_comment = f"# The texts of peerchat ({domain}) in the language {language}."
    return catalog


def written(catalog: Catalog) -> bytes:
    """The text of the catalogue, as translators edit it."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, include_lineno=False)
    return buffer.getvalue()


def compiled(catalog: Catalog) -> bytes:
    """The form of the catalogue that gettext reads. Texts without a translation stay out."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()
