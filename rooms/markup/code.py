"""Colours code, as spans with the classes of Pygments."""

from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.token import STANDARD_TYPES

LONGEST = 2_000
"""Characters of code in a text that are coloured; code beyond them is shown plain.

Pygments takes a time that is quadratic in the worst code.
"""
_NAMES = """
ada asm nasm awk bash sh shell console batch powershell c c++ cpp c# csharp clojure cobol cmake
css dart diff docker dockerfile elixir erlang f# fsharp fortran go golang groovy haskell hs
html ini java javascript js json julia kotlin latex tex lisp common-lisp llvm lua make makefile
matlab octave mysql objective-c ocaml pascal delphi perl php postgresql prolog python py python3
pycon r racket ruby rb rust rs scala scheme smalltalk sml sql sqlite3 swift systemverilog tcl
toml typescript ts verilog vhdl xml yaml
"""
LANGUAGES = frozenset(_NAMES.split())
"""The names of languages that are known, in lower case.

Pygments knows hundreds more, but not all of its expressions are safe with hostile code. A test
tries these.
"""
CLASSES = frozenset(STANDARD_TYPES.values()) - {""}
"""The classes that the spans may have."""
_FORMATTER: HtmlFormatter[str] = HtmlFormatter(nowrap=True)


def coloured(code: str, language: str) -> str:
    """Return code as HTML. It stays plain if the language is unknown."""
    if language.lower() not in LANGUAGES:
        return escape(code, quote=False)
    lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    return highlight(code, lexer, _FORMATTER).removesuffix("\n")
