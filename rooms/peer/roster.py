"""Finds people in a list: their names, e-mail addresses and usernames, whatever their order.

It knows the headers of Moodle, Canvas, Blackboard, ILIAS and Stud.IP in English and German. Without
a header the fields themselves tell what they are.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.text import has_controls, name_key, plain_name, shows
from rooms.peer.sheets import LINE_LIMIT, fields_of, lines_of, separator_of

NAME_LIMIT = 150
"""The most characters of a name."""
ADDRESS_LIMIT = 254
"""The most characters of an e-mail address."""
USERNAME_LIMIT = 150
"""The most characters of a username."""


class Problem(StrEnum):
    """Why a line names nobody."""

    LONG_LINE = "long_line"
    CONTROLS = "controls"
    NO_ADDRESS = "no_address"
    BAD_ADDRESS = "bad_address"
    BAD_NAME = "bad_name"
    FORMULA = "formula"
    LONG_NAME = "long_name"
    BAD_USERNAME = "bad_username"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a list names them. Any of the texts may be empty, but not all."""

    name: str = ""
    address: str = ""
    username: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Return what two lines about one person have in common."""
        return (self.address, "") if self.address else ("", name_key(self.username))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list: a person, or what is wrong with it."""

    number: int
    text: str
    person: Person | None = None
    problem: Problem | None = None


class Column(StrEnum):
    """Names the kind of a column's fields."""

    NAME = "name"
    GIVEN = "given"
    FAMILY = "family"
    ADDRESS = "address"
    USERNAME = "username"
    OTHER = "other"


_HEADERS = {
    Column.GIVEN: "firstname given givenname forename vorname rufname",
    Column.FAMILY: "lastname surname family familyname nachname familienname",
    Column.NAME: (
        "name names fullname displayname student students studentname sortablename participant "
        "vollername vollständigername anzeigename teilnehmer teilnehmende studierende "
        "studierender surnamefirstname lastnamefirstname nachnamevorname namevorname"
    ),
    Column.ADDRESS: (
        "email emailaddress emailaddresses mail mailaddress mailadresse emailadresse address1 "
        "emailadressen univemail primaryemail"
    ),
    Column.USERNAME: (
        "username user userid userlogin login loginid loginname sisloginid account accountname "
        "benutzername benutzerkennung benutzer nutzername nutzernamen nutzerkennung kennung "
        "anmeldename loginkennung unikennung"
    ),
}
_KNOWN = {word: column for column, words in _HEADERS.items() for word in words.split()}
_NOT_LETTERS = re.compile(r"[\W_]+")

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z][A-Za-z0-9-]{1,62}"
)
_USERNAME = re.compile(r"[\w.@+-]+")
_AFTER_ADDRESS = re.compile(r"(?<=>)\s*[;,]\s*")
_BETWEEN = re.compile(r"[;,\s]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffe\uffff\ufffd]")
_FORMULA = ("=", "+", "-", "@", "|", "%")
# Rows of a gradebook of Canvas that are about nobody.
_NOBODY = {"points possible", "mögliche punkte", "student, test", "test student", "test, student"}


def read_list(text: str) -> list[Line]:
    """Return the lines of a list that are about people, and those that cannot be understood."""
    lines = lines_of(text)
    separator = separator_of([line for _, line in lines])
    rows = [(number, line, fields_of(line[:LINE_LIMIT], separator)) for number, line in lines]
    columns: Sequence[Column] | None = None
    if rows and _is_header(rows[0][2]):
        columns = [_KNOWN.get(_word(field), Column.OTHER) for field in rows[0][2]]
        rows = rows[1:]
        columns = _completed(columns, [fields for _, _, fields in rows])
    guessed = columns or _guess([fields for _, line, fields in rows if "<" not in line])
    return [
        found
        for number, line, fields in rows
        for found in _people(number, line, fields, guessed, has_header=columns is not None)
    ]


def _people(
    number: int, text: str, fields: Sequence[str], columns: Sequence[Column], *, has_header: bool
) -> Iterator[Line]:
    """Return the people of a line: one, unless it is a list of addresses."""
    if len(text) > LINE_LIMIT:
        yield Line(number, text[:80] + "…", problem=Problem.LONG_LINE)
        return
    text = text.strip()
    if _CONTROL.search(text) or has_controls(text):
        yield Line(number, _CONTROL.sub("\ufffd", plain_name(text)), problem=Problem.CONTROLS)
        return
    if not has_header:
        listed = list(_addressees(text))
        if listed:
            for part, name, address in listed:
                yield _checked(number, part, name, address, "")
            return
    values: dict[Column, str] = {}
    for column, field in zip(columns, fields, strict=False):
        if field:
            values.setdefault(column, field)
    full = values.get(Column.NAME, "")
    if Column.GIVEN in values or Column.FAMILY in values:
        # `Name` beside a given name is the family name.
        family = values.get(Column.FAMILY, full)
        given = values.get(Column.GIVEN, "")
        full = f"{given} {family}"
    elif full.casefold() in _NOBODY:
        return
    else:
        full = _in_order(full)
    address, username = values.get(Column.ADDRESS, ""), values.get(Column.USERNAME, "")
    if not address and not has_header:
        # A line that differs from the others may have its address elsewhere.
        address = next((field for field in fields if "@" in field), "")
        full = "" if full == address else full
    if not has_header and " " in address:
        # A name and an address with nothing but a blank between them.
        before, _, address = address.rpartition(" ")
        full = full.strip() or before
    if named := _named(address):
        address, full = named[1], full.strip() or named[0]
    if not address and "@" in username and _ADDRESS.fullmatch(username):
        address, username = username, ""
    yield _checked(number, text, full, address, username)


def _addressees(text: str) -> Iterator[tuple[str, str, str]]:
    """Return the parts of a line as mail programs write it, each with its name and its address.

    There are none if a part is neither `Name <address>` nor a list of addresses.
    """
    found: list[tuple[str, str, str]] = []
    for part in (part.strip(" ,;") for part in _AFTER_ADDRESS.split(text)):
        if named := _named(part):
            found.append((part, *named))
            continue
        addresses = [word for word in _BETWEEN.split(part) if word]
        if not all("@" in word for word in addresses):
            return
        found += [(word, "", word) for word in addresses]
    yield from found


def _named(part: str) -> tuple[str, str] | None:
    """Return the name and the address of `Name <address>`, or None for anything else.

    By hand, as a pattern would take the square of the length of a line of blanks.
    """
    name, opened, rest = part.partition("<")
    address = rest.rstrip().removesuffix(">").strip()
    if not opened or not rest.rstrip().endswith(">") or re.search(r"[<>\s]", address):
        return None
    return name.strip().strip('"').strip(), address


def _checked(number: int, text: str, name: str, address: str, username: str) -> Line:
    """Return the line with its person, or with the first thing that is wrong."""
    name = plain_name(_in_order(name))
    address = address.strip().strip("<>").removeprefix("mailto:").lower()

    def refused(problem: Problem) -> Line:
        return Line(number, text, problem=problem)

    if name.startswith(_FORMULA) or username.startswith(("=", "+", "-")):
        return refused(Problem.FORMULA)
    if re.search(r"[<>{}]", name) or (name and not shows(name)):
        return refused(Problem.BAD_NAME)
    if len(name) > NAME_LIMIT:
        return refused(Problem.LONG_NAME)
    if address and (len(address) > ADDRESS_LIMIT or not _is_address(address)):
        return refused(Problem.BAD_ADDRESS)
    if not address and not username:
        return refused(Problem.NO_ADDRESS)
    if username and (len(username) > USERNAME_LIMIT or not _USERNAME.fullmatch(username)):
        return refused(Problem.BAD_USERNAME)
    return Line(number, text, Person(name, address, username))


def _is_address(text: str) -> bool:
    local = text.partition("@")[0]
    dots = local.startswith(".") or local.endswith(".") or ".." in text
    return not dots and _ADDRESS.fullmatch(text) is not None


def _in_order(name: str) -> str:
    """Return `Given Surname` for `Surname, Given`."""
    family, comma, given = name.partition(",")
    return f"{given.strip()} {family.strip()}" if comma and given.strip() else family.strip()


def _word(header: str) -> str:
    return _NOT_LETTERS.sub("", header.casefold())


def _is_header(fields: Sequence[str]) -> bool:
    """Return whether a row has the names of columns, and no address."""
    known = [_KNOWN.get(_word(field)) for field in fields]
    return any(known) and not any("@" in field for field in fields)


def _completed(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[Column]:
    """Return the columns of a header, with the one of addresses if its name said nothing."""
    found = list(columns)
    if Column.ADDRESS not in found:
        for place, column in enumerate(found):
            if column is Column.OTHER and _share(rows, place, "@") > 0.5:
                found[place] = Column.ADDRESS
                break
    return found


def _share(rows: Sequence[Sequence[str]], place: int, mark: str) -> float:
    """Return the share of the filled fields of a column that have a mark in them."""
    fields = [row[place] for row in rows if place < len(row) and row[place]]
    return sum(mark in field for field in fields) / len(fields) if fields else 0.0


def _guess(rows: Sequence[Sequence[str]]) -> list[Column]:
    """Return the columns of a list without a header, by what most of its fields look like."""
    width = max((len(row) for row in rows), default=0)
    found = [Column.OTHER] * width
    names: list[int] = []
    for place in range(width):
        fields = [row[place] for row in rows if place < len(row) and row[place]]
        looks = Counter(map(_look, fields)).most_common(1)
        if not looks:
            continue
        look = looks[0][0]
        if look is Column.ADDRESS and Column.ADDRESS not in found:
            found[place] = Column.ADDRESS
        elif look is Column.NAME and len(names) < 2:
            names.append(place)
        elif look is Column.USERNAME and Column.USERNAME not in found:
            found[place] = Column.USERNAME
    if Column.ADDRESS in found:
        # Beside an address a number may be anything; a word without a capital may be a name.
        words = [place for place, column in enumerate(found) if column is Column.USERNAME]
        for place in words:
            found[place] = Column.OTHER
            if len(names) < 2 and all(
                row[place].isalpha() for row in rows if place < len(row) and row[place]
            ):
                names = sorted([*names, place])
    for place in names:
        found[place] = Column.NAME
    if len(names) == 2:
        first, second = names
        turned = _is_turned(rows, found, first, second)
        found[first] = Column.FAMILY if turned else Column.GIVEN
        found[second] = Column.GIVEN if turned else Column.FAMILY
    return found


def _look(field: str) -> Column:
    if "@" in field:
        return Column.ADDRESS
    if re.fullmatch(r"[a-z0-9][a-z0-9._+-]*", field):
        return Column.USERNAME
    return Column.NAME if not any(c.isdigit() for c in field) else Column.OTHER


def _is_turned(
    rows: Sequence[Sequence[str]], columns: Sequence[Column], first: int, second: int
) -> bool:
    """Return whether the first of two columns has the family names, by the addresses of most.

    `ada.lovelace@` begins with the given name in most places.
    """
    if Column.ADDRESS not in columns:
        return False
    at, votes = columns.index(Column.ADDRESS), 0
    for row in rows:
        if len(row) <= max(at, first, second):
            continue
        local = row[at].casefold()
        one, other = (row[place].split(" ")[0].casefold() for place in (first, second))
        votes += bool(other) and local.startswith(other)
        votes -= bool(one) and local.startswith(one)
    return votes > 0
