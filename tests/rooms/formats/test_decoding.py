import pytest

from rooms.formats import MOST_BYTES, FileRefused
from rooms.formats.codes import FileFlaw
from rooms.formats.decoding import text_of


@pytest.mark.parametrize(
    "data",
    [
        "ä\n\nö".encode(),
        b"\xef\xbb\xbf" + "ä\r\n\r\nö".encode(),
        "ä\r\rö".encode(),
        "ä\r\n\nö".encode("utf-16"),
        b"\xfe\xff" + "ä\n\nö".encode("utf-16-be"),
    ],
)
def test_a_text_in_unicode_is_read_with_any_ends_of_lines(data):
    assert text_of(data) == "ä\n\nö"


@pytest.mark.parametrize(
    ("data", "code", "line", "details"),
    [
        (b"", FileFlaw.EMPTY, None, {}),
        (b"\xef\xbb\xbf \r\n", FileFlaw.EMPTY, None, {}),
        (b"a\r\nb\r\nGr\xfc\xdfe", FileFlaw.ENCODING, 3, {"byte": 9}),
        (b"\xef\xbb\xbfa\n\xff", FileFlaw.ENCODING, 2, {"byte": 6}),
        ("aä".encode("utf-16")[:-1], FileFlaw.ENCODING, 1, {"byte": 5}),
        ("abc".encode("utf-16-le"), FileFlaw.NUL, 1, {}),
        (b"a\n\nb\0", FileFlaw.NUL, 3, {}),
        (b" " * (MOST_BYTES + 1), FileFlaw.TOO_LARGE, None, {"limit": MOST_BYTES}),
    ],
)
def test_everything_else_is_refused_with_its_place(data, code, line, details):
    with pytest.raises(FileRefused) as refused:
        text_of(data)
    assert (refused.value.code, refused.value.line, refused.value.details) == (code, line, details)
