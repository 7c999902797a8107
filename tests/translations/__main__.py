"""`make messages`: brings the catalogues up to date, and tells what is still to be translated."""

import sys
from typing import Any

from tests.translations.catalogues import DOMAINS, LANGUAGES, compiled, place, refreshed, written


def main() -> int:
    """Write all catalogues; returns how many texts lack a translation."""
    missing = 0
    for language in LANGUAGES:
        for domain in DOMAINS:
            catalog = refreshed(language, domain)
            path = place(language, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(catalog))
            path.with_suffix(".mo").write_bytes(compiled(catalog))
            lacking = [one for one in catalog if one.id and not all(texts(one.string))]
            missing += len(lacking)
            sys.stdout.write(f"{path}: {len(catalog)} texts, {len(lacking)} not translated\n")
    return missing


def texts(string: Any) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (string,)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
