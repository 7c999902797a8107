"""A language that nobody speaks, to see whether pages are ready for any.

Its texts are the English ones, a third longer and with an accent on every letter, and its script
goes from right to left. So a letter without an accent was not translated.
"""

import re
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog

from tests.translations.catalogues import DOMAINS, compiled, template

CODE = "ar-xb"
"""A variant of Arabic, as Django and browsers know the direction of that."""
FOLDER = "PSEUDO_LOCALE"
"""The variable that names the folder with the catalogues."""
PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ACCENTED = "áƀçđéƒĝĥíĵķļɱñóþɋŕšţúṽŵẋýžÁƁÇĐÉƑĜĤÍĴĶĻṀÑÓÞɊŔŠŢÚṼŴẊÝŽ"
TABLE = str.maketrans(dict(zip(PLAIN, ACCENTED, strict=True)))
PLACEHOLDER = re.compile(r"(%\(\w+\)s|%%)")


def pseudo(text: str) -> str:
    """The text as that language has it: placeholders stay, and every vowel comes twice."""
    parts = PLACEHOLDER.split(text)
    parts[::2] = [re.sub(r"([aeiouAEIOU])", r"\1\1", part).translate(TABLE) for part in parts[::2]]
    return "".join(parts)


def write(folder: Path) -> None:
    """Write the catalogues below a folder, as LOCALE_PATHS has them."""
    place = folder / "ar_XB" / "LC_MESSAGES"
    place.mkdir(parents=True)
    for domain in DOMAINS:
        catalog = template(domain)
        # Babel knows no such language; two forms of plurals suffice.
        made = Catalog(domain=domain, fuzzy=False)
        for message in catalog:
            if not message.id:
                continue
            forms = [message.id] if isinstance(message.id, str) else message.id
            texts = tuple(map(pseudo, forms))
            made.add(
                message.id,
                texts[0] if isinstance(message.id, str) else texts,
                context=message.context,
            )
        (place / f"{domain}.mo").write_bytes(compiled(made))


WORDS = """
(allowed) => {
  // What people wrote, and what is in a language of its own.
  const foreign = "[lang]:not(html, peer-panel)";
  const others = `[dir=auto], bdi, .avatar, ${foreign}, script, style, noscript, template`;
  const known = new Set(allowed);
  const found = new Set();
  const look = (text) => {
    for (const [word] of (text ?? "").matchAll(/[A-Za-z]{2,}/g)) {
      if (!known.has(word)) found.add(`${word} in “${text.trim()}”`);
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (element.closest(others) || !element.checkVisibility()) continue;
    look(walker.currentNode.data);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest(foreign)) continue;
    for (const name of ["aria-label", "placeholder", "alt"]) look(element.getAttribute(name));
  }
  look(document.title);
  return [...found];
}
"""
"""A script that finds the words on a page that are neither accented nor allowed."""


def words_of(*texts: str) -> list[str]:
    """The words of texts, for a page that may show them."""
    return sorted(set(chain.from_iterable(re.findall(r"[A-Za-z]{2,}", text) for text in texts)))
