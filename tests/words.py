"""Words in pages, whose random tokens may have the letters of a short name by chance."""

import re


def has_word(page: str, word: str) -> bool:
    """Return whether a page has a word by itself, and not only its letters in a longer one."""
    return re.search(rf"\b{re.escape(word)}\b", page) is not None
