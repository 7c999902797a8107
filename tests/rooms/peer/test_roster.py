"""Lists of people as platforms export them and as people paste them."""

import pytest

from rooms.peer.roster import Problem, read_list
from rooms.peer.sheets import LINE_LIMIT, decoded

ADA = ("Ada Lovelace", "ada@example.org", "")
BEA = ("Bea Öz", "bea@example.org", "")

# ruff: noqa: ISC004 - a list is written line by line
LISTS = {
    "Moodle": (
        "First name,Surname,ID number,Institution,Department,Email address\n"
        "Ada,Lovelace,17,,,ada@example.org\nBea,Öz,18,,,bea@example.org\n",
        [ADA, BEA],
    ),
    "Moodle, German": (
        '"Vorname","Nachname","ID-Nummer","E-Mail-Adresse"\n'
        '"Ada","Lovelace","","ada@example.org"\n"Bea","Öz","","bea@example.org"',
        [ADA, BEA],
    ),
    "Canvas, gradebook": (
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        '"Lovelace, Ada",1,s1,al17,A\n"Student, Test",9,,x,A\n',
        [("Ada Lovelace", "", "al17")],
    ),
    "Canvas, SIS": (
        "user_id,login_id,first_name,last_name,full_name,sortable_name,email,status\n"
        's1,al17,Ada,Lovelace,Ada Lovelace,"Lovelace, Ada",ada@example.org,active\n',
        [("Ada Lovelace", "ada@example.org", "s1")],
    ),
    "Blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t"Availability"\n'
        '"Lovelace"\t"Ada"\t"al17"\t"0017"\t"2026-11-01 10:00:00"\t"Yes"\n',
        [("Ada Lovelace", "", "al17")],
    ),
    "Blackboard, German": (
        '"Nachname"\t"Vorname"\t"Benutzername"\t"Studierenden-ID"\nLovelace\tAda\tal17\t3\n',
        [("Ada Lovelace", "", "al17")],
    ),
    "ILIAS": (
        "Nachname;Vorname;Anmeldename;Rolle/Status;E-Mail\n"
        "Lovelace;Ada;al17;Kursmitglied;ada@example.org\n",
        [("Ada Lovelace", "ada@example.org", "al17")],
    ),
    "ILIAS, English": (
        "Last name;First name;Login;Role / Status;Email\n"
        "Lovelace;Ada;al17;Course Member;ada@example.org\n",
        [("Ada Lovelace", "ada@example.org", "al17")],
    ),
    "Stud.IP": (
        "Anrede;Titel;Vorname;Nachname;Titel nachgestellt;Username;Adresse;Telefonnr.;E-Mail;"
        "Anmeldedatum;Matrikelnummer;Studiengänge\n"
        'Frau;Dr.;Ada;Lovelace;;al17;"Weg 1; Ulm";0731;ada@example.org;1.10.26;17;"Physik"\n',
        [("Ada Lovelace", "ada@example.org", "al17")],
    ),
    "Name and first name": ("Name;Vorname;Mail\nLovelace;Ada;ada@example.org", [ADA]),
    "a header without a word for addresses": ("Name,Kontakt\nAda Lovelace,ada@example.org", [ADA]),
    "no header, given name first": (
        "Ada,Lovelace,ada@example.org\nBea,Öz,bea@example.org",
        [ADA, BEA],
    ),
    "no header, family name first": (
        "ada@example.org;Lovelace;Ada\nbea@example.org;Öz;Bea",
        [ADA, BEA],
    ),
    "no header, the name quoted": (
        '"Lovelace, Ada",ada@example.org\n"Öz, Bea",bea@example.org',
        [ADA, BEA],
    ),
    "no header, with numbers": (
        "17\tAda Lovelace\tada@example.org\n18\tBea Öz\tbea@example.org",
        [ADA, BEA],
    ),
    "mail programs": (
        'Ada Lovelace <ada@example.org>\n"Öz, Bea" <bea@example.org>,\nÖz, Bea <bea@example.org>',
        [ADA, BEA, BEA],
    ),
    "mail programs, one line": (
        "Ada Lovelace <ada@example.org>; Bea Öz <bea@example.org>, carl@example.org",
        [ADA, BEA, ("", "carl@example.org", "")],
    ),
    "addresses, one a line": (
        "ada@example.org\r\n\r\n  \r\nBEA@Example.org\r\n",
        [("", "ada@example.org", ""), ("", "bea@example.org", "")],
    ),
    "addresses in one line": (
        "ada@example.org, bea@example.org; mailto:carl@example.org",
        [("", f"{name}@example.org", "") for name in ("ada", "bea", "carl")],
    ),
    "a blank between": ("Ada Lovelace ada@example.org", [ADA]),
    "usernames": ("al17\nbo18", [("", "", "al17"), ("", "", "bo18")]),
    "usernames that are addresses": ("Name;Username\nAda Lovelace;ADA@example.org", [ADA]),
    "a name beside the address in its column": (
        "Name;E-Mail\n;Ada Lovelace <ada@example.org>\nBea Öz;Bea <bea@example.org>",
        [ADA, BEA],
    ),
    "two names and a username": (
        "Ada,Lovelace,al17\nBea,Öz,bo18",
        [("Ada Lovelace", "", "al17"), ("Bea Öz", "", "bo18")],
    ),
    "names without a capital": (
        "ada;ada@example.org\nbea;bea@example.org",
        [("ada", "ada@example.org", ""), ("bea", "bea@example.org", "")],
    ),
    "numbers that look like usernames": (
        "al17;Ada Lovelace;ada@example.org\nbo18;Bea Öz;bea@example.org",
        [ADA, BEA],
    ),
    "a line that lacks the names": (
        "ada@example.org;Lovelace;Ada\nbea@example.org",
        [ADA, ("", "bea@example.org", "")],
    ),
    "a byte-order mark": ("\ufeffE-Mail\nada@example.org", [("", "ada@example.org", "")]),
    "names that are not Latin": (
        "김민준;kim@example.org\n佐藤 花子;avi@example.org",
        [("김민준", "kim@example.org", ""), ("佐藤 花子", "avi@example.org", "")],
    ),
    "a stray quote": (
        '"Ada,ada@example.org\nBea Öz,bea@example.org\nCarl,carl@example.org',
        [("Ada", "ada@example.org", ""), BEA, ("Carl", "carl@example.org", "")],
    ),
    "nothing": (" \n;;\n\t\n", []),
    "a header alone": ("Vorname;Nachname;E-Mail", []),
}


@pytest.mark.parametrize("name", LISTS)
def test_people_are_found_in_any_order(name):
    text, people = LISTS[name]
    found = [line.person for line in read_list(text)]
    assert [(one.name, one.address, one.username) for one in found if one] == people
    assert None not in found


WRONG = {
    "Ada Lovelace": Problem.NO_ADDRESS,
    "Ada;ada@example": Problem.BAD_ADDRESS,
    "Ada;ada@@example.org": Problem.BAD_ADDRESS,
    "Ada;a..da@example.org": Problem.BAD_ADDRESS,
    "Ada;ädä@example.org": Problem.BAD_ADDRESS,
    f"Ada;{'a' * 250}@example.org": Problem.BAD_ADDRESS,
    '=HYPERLINK("http://evil.example");ada@example.org': Problem.FORMULA,
    "+cmd();ada@example.org": Problem.FORMULA,
    "<script>alert(1)</script>;ada@example.org": Problem.BAD_NAME,
    "\u200b;ada@example.org": Problem.BAD_NAME,
    "A\0da;ada@example.org": Problem.CONTROLS,
    "Ada \u202egnirts;ada@example.org": Problem.CONTROLS,
    f"{'A' * 151};ada@example.org": Problem.LONG_NAME,
    "A" * (LINE_LIMIT + 1): Problem.LONG_LINE,
}


@pytest.mark.parametrize("line", WRONG, ids=lambda line: repr(line[:30]))
def test_what_names_nobody_says_why_and_spoils_no_other_line(line):
    wrong, right = read_list(f"{line}\nBea Öz;bea@example.org")
    assert (wrong.number, wrong.problem, wrong.person) == (1, WRONG[line], None)
    assert right.person is not None
    assert (right.number, right.person.address) == (2, "bea@example.org")
    assert "\0" not in wrong.text


@pytest.mark.parametrize("username", ["a b", "a/b", "a" * 151])
def test_a_username_that_no_site_takes_is_told(username):
    wrong, right = read_list(f"Name;Username\nAda;{username}\nBea Öz;bo18")
    assert (wrong.number, wrong.problem, wrong.person) == (2, Problem.BAD_USERNAME, None)
    assert right.person is not None
    assert right.person.username == "bo18"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_files_of_any_encoding(encoding):
    text = "Vorname;Nachname;E-Mail\nBea;Öz;bea@example.org\n"
    (line,) = read_list(decoded(text.encode(encoding)))
    assert (line.number, line.person.name) == (2, "Bea Öz")


def test_bytes_that_are_no_text_are_told():
    (line,) = read_list(decoded(b"Ada \x81\x8d;ada@example.org"))
    assert line.problem is Problem.CONTROLS


def test_a_thousand_lines_of_anything_end():
    """Patterns that a hostile line could make slow would take minutes here."""
    for hostile in (
        "<" * 19_000,
        '"' * 19_000,
        "a." * 9_000 + "@",
        "a@" * 9_000,
        ", " * 9_000 + "x",
        "a" + " " * 19_000 + "b",
        " " * 9_000 + "<" + " " * 9_000 + "@",
    ):
        assert read_list("\n".join([hostile] * 3)) is not None
