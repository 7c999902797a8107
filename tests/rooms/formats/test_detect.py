"""Which format a file is, by what is in it and by its name."""

from pathlib import Path

import pytest

from rooms.formats import MOST_BYTES_WITH_PICTURES, FileRefused
from rooms.formats.codes import FileFlaw
from rooms.formats.detect import FORMATS, detect, read_any

CORPUS = Path(__file__).with_name("corpus")


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("<?xml version='1.0'?><quiz/>", "", "moodle"),
        ("\ufeff\n<quiz>", "export.txt", "moodle"),
        ("<assessmentItem>", "", "qti"),
        ("PK\x03\x04", "", "qti"),
        ("::Sum::What is 2+2? {=4 ~5}", "", "gift"),
        ("// only a comment\nTrue? {T}", "questions.txt", "gift"),
        ("<p>Is this HTML in GIFT?</p> {T}", "", "gift"),
        ("What?\nA. this\nB. that\nANSWER: B", "questions.txt", "aiken"),
        ("Was?\nA) dies\nB) das\nAntwort: A", "", "aiken"),
        ("Which set is {1, 2}?\nA) this\nB) that\nANSWER: A", "", "aiken"),
        ("question;A;B;correct\nWhat?;x;y;A", "", "csv"),
        ("Frage\tA\tB\tRichtig\nWas?\tx\ty\tA", "liste.txt", "csv"),
        ("# ours\npeerchat_questions: 1\nquestions: []", "", "yaml"),
        ("anything", "a.b.GIFT", "gift"),
        ("anything", "a.yml", "yaml"),
    ],
)
def test_a_format_is_known_by_what_is_in_it_or_by_its_name(text, name, found):
    assert detect(text.encode(), name=name) == found
    if "PK" not in text:
        assert detect(text.strip("\ufeff").encode("utf-16"), name=name) == found


@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "a.gift", FileFlaw.EMPTY),
        (b" \n\n", "", FileFlaw.EMPTY),
        (b"Dear colleagues, see you on Monday.", "letter.txt", FileFlaw.UNKNOWN_FORMAT),
        (b"%PDF-1.7\n{T}", "slides.pdf", FileFlaw.UNKNOWN_FORMAT),
        (b"\x89PNG\r\n\x1a\n\0\0", "a.png", FileFlaw.UNKNOWN_FORMAT),
        (b"\x1f\x8b\x08", "backup.mbz", FileFlaw.MOODLE_BACKUP),
        (b"<questestinterop/>", "quiz.xml", FileFlaw.QTI_VERSION),
        (b"<manifest/>", "imsmanifest.xml", FileFlaw.QTI_VERSION),
        (b"<?xml version='1.0'?><html/>", "", FileFlaw.XML_UNKNOWN),
        (b"<quiz", "moodle.xml", FileFlaw.XML_BROKEN),
        (b"<!DOCTYPE quiz [<!ENTITY a 'b'>]><quiz/>", "", FileFlaw.XML_DTD),
        (b" " * (MOST_BYTES_WITH_PICTURES + 1), "", FileFlaw.TOO_LARGE),
    ],
    ids=lambda value: value if isinstance(value, FileFlaw) else "",
)
def test_what_is_none_is_refused(data, name, code):
    with pytest.raises(FileRefused) as refused:
        detect(data, name=name)
    assert refused.value.code == code


@pytest.mark.parametrize("folder", ["moodle", "qti"])
def test_files_of_the_corpus_are_known(folder):
    for path in sorted((CORPUS / folder).iterdir()):
        if path.suffix == ".expected":
            continue
        expected = path.with_name(f"{path.name}.expected").read_text(encoding="utf-8")
        try:
            found = detect(path.read_bytes(), name=path.name)
        except FileRefused as refused:
            found = f"file: {refused.code}"
        assert found == folder or expected.startswith(found)


def test_a_file_is_read_as_what_it_is_or_as_what_it_is_said_to_be():
    data = b"What is 2+2? {=4}"
    found, (item,) = read_any(data, name="sum.txt")
    assert (found, item.content.prompt, item.content.accepted) == ("gift", "What is 2+2?", ("4",))
    with pytest.raises(FileRefused):
        read_any(data, name="sum.txt", format="moodle")
    assert [*FORMATS] == ["gift", "aiken", "moodle", "qti", "csv", "yaml"]
