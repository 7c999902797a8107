"""Makes hostile files of XML and zip, and reads each in a process with little memory.

Called with the bytes of address space that the process may have. Prints a line for each file: what
came of it, what is expected, seconds of the processor, the size of the file and its name. With
`traced` as second argument, it also prints the most memory that reading takes, which is slower.
"""

import base64
import io
import resource
import struct
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator

from rooms.formats import FileRefused
from rooms.formats.detect import read_any

ITEM = (
    b'<assessmentItem title="T"><responseDeclaration identifier="R" cardinality="single">'
    b"<correctResponse><value>a</value></correctResponse></responseDeclaration><itemBody>"
    b'<choiceInteraction responseIdentifier="R"><prompt>P</prompt>'
    b'<simpleChoice identifier="a">A</simpleChoice><simpleChoice identifier="b">B</simpleChoice>'
    b"</choiceInteraction></itemBody></assessmentItem>"
)


def quiz(*parts: bytes, start: bytes = b"") -> bytes:
    return b"%s<quiz>%s</quiz>" % (start, b"".join(parts))


def asked(prompt: bytes, *, files: bytes = b"", kind: bytes = b"truefalse") -> bytes:
    return (
        b'<question type="%s"><questiontext format="html"><text>%s</text>%s</questiontext>'
        b'<answer fraction="100"><text>true</text></answer>'
        b'<answer fraction="0"><text>false</text></answer></question>'
    ) % (kind, prompt, files)


def manifest(*paths: str) -> bytes:
    resources = "".join(f'<resource type="imsqti_item_xmlv2p1" href="{path}"/>' for path in paths)
    return f"<manifest><resources>{resources}</resources></manifest>".encode()


def packed(
    members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED, is_item: bool = True
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as package:
        if is_item:
            package.writestr("imsmanifest.xml", manifest("item.xml"))
            package.writestr("item.xml", ITEM)
        for name, data in members.items():
            package.writestr(name, data)
    return buffer.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    assert len(old) == len(new)
    return data.replace(old, new)


def entities() -> Iterator[tuple[str, str, bytes]]:
    laughs = b'<!ENTITY l0 "lol">' + b"".join(
        b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    for name, declared, used in (
        ("billion laughs", laughs, b"&l11;"),
        ("quadratic blow-up", b'<!ENTITY a "%s">' % (b"a" * 100_000), b"&a;" * 20_000),
        ("external entity", b'<!ENTITY a SYSTEM "file:///etc/passwd">', b"&a;"),
        ("parameter entity", b'<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;', b""),
        ("element declaration", b"<!ELEMENT quiz ANY>", b""),
    ):
        start = b"<!DOCTYPE quiz [%s]>" % declared
        yield name, "xml_dtd", quiz(asked(used), start=start)
    yield "external DTD", "xml_dtd", quiz(start=b'<!DOCTYPE quiz SYSTEM "http://127.0.0.1:9/">')
    yield "undeclared entity", "xml_entity", quiz(asked(b"&lol;"))
    include = b'<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
    yield "XInclude in Moodle XML", "refused no_prompt", quiz(asked(include))
    included = ITEM.replace(b"<itemBody>", b"<itemBody>" + include)
    yield "XInclude in QTI", "refused unsupported_part", included


def shapes() -> Iterator[tuple[str, str, bytes]]:
    yield "100 MB of questions", "too_large", quiz(asked(b"?") * 480_000)
    yield (
        "49 MB of one text",
        "xml_text",
        quiz(asked(b"a<br/>" * 100_000 + b"a" * 48_000_000)),
    )
    yield "49 MB of elements", "xml_large", quiz(b"<a/>" * 12_000_000)
    yield "a million names", "xml_large", quiz(*(b"<a%d/>" % n for n in range(1_000_000)))
    yield "100,000 deep", "xml_deep", b"<quiz>" * 100_000
    yield "deep HTML", "read", quiz(asked(b"<![CDATA[%s]]>" % (b"<b>" * 20_000 + b"x")))
    yield (
        "a million attributes",
        "xml_tag",
        b"<quiz %s/>" % b"".join(b'a%d="" ' % n for n in range(1_000_000)),
    )
    yield (
        "1,000 attributes",
        "xml_tag",
        b"<quiz %s/>" % b"".join(b'a%d="" ' % n for n in range(1_000)),
    )
    yield "49 MB of an attribute", "xml_tag", b'<quiz a="%s"/>' % (b"a" * 49_000_000)
    yield "49 MB of a comment", "xml_tag", b"<!--%s--><quiz/>" % (b"a" * 49_000_000)
    yield "49 MB of a name", "xml_tag", b"<quiz><%s" % (b"a" * 49_000_000)
    yield "49 MB of blanks", "empty", b" " * 49_000_000
    yield "blanks before", "xml_broken", b"<?xml version='1.0'?>" + b" " * 49_000_000
    yield "1,001 questions", "too_many", quiz(asked(b"?") * 1_001)
    yield "not well formed", "xml_broken", b"<quiz><question></quiz>"
    yield "6 MB of texts", "xml_text", quiz(asked(b"<![CDATA[%s]]>" % (b"x" * 99_000)) * 60)
    yield "300 KB of tags", "read", quiz(asked(b"<![CDATA[%s]]>" % (b"<b>x" * 24_000)) * 3)
    yield "999 categories", "no_questions", quiz(b'<question type="category"/>' * 999)
    script = b"<![CDATA[<script>alert(1)</script><img src=x onerror=alert(1)>a]]>"
    yield "script", "read", quiz(asked(script))


def encodings() -> Iterator[tuple[str, str, bytes]]:
    for name, code in (
        (b"UTF-7", "xml_encoding"),
        (b"UTF-32", "xml_encoding"),
        (b"unicode_escape", "xml_encoding"),
        (b"zlib_codec", "xml_encoding"),
        (b"UTF-8", "encoding"),
    ):
        start = b'<?xml version="1.0" encoding="%s"?>' % name
        yield f"said to be {name.decode()}", code, quiz(asked(b"+ADw-\xff"), start=start)
    yield "UTF-16 without a mark", "unknown_format", quiz(asked(b"?")).decode().encode("utf-16-le")
    yield "half of UTF-16", "encoding", quiz(asked(b"?")).decode().encode("utf-16")[:-1]
    yield "surrogates in UTF-8", "encoding", quiz(asked(b"\xed\xa0\x80"))
    yield "NUL", "unknown_format", quiz(asked(b"\0"))


def pictures() -> Iterator[tuple[str, str, bytes]]:
    dot = base64.b64encode(b"\x89PNG")
    many = b"".join(b'<file name="%d.png">%s</file>' % (n, dot) for n in range(5_000))
    cited = b"".join(b'<img src="@@PLUGINFILE@@/%d.png">' % n for n in range(2_000))
    yield "thousands of pictures", "read", quiz(asked(b"?", files=many))
    # The same bytes are one picture, and different ones are too many.
    yield "the same picture cited often", "read", quiz(asked(b"<![CDATA[%s]]>" % cited, files=many))
    apart = b"".join(
        b'<file name="%d.png">%s</file>' % (n, base64.b64encode(b"%d" % n)) for n in range(2_000)
    )
    yield (
        "thousands of pictures cited",
        "refused too_many_pictures",
        quiz(asked(b"<![CDATA[%s]]>" % cited, files=apart)),
    )
    for name, text in (
        ("no base64", b"!!!!"),
        ("half of base64", b"iVBORw="),
        ("letters beyond ASCII", "ä".encode()),
        ("11 MB", base64.b64encode(b"a" * 11_000_000)),
        ("nothing", b""),
    ):
        file = b'<file name="a.png" encoding="base64">%s</file>' % text
        prompt = b"<![CDATA[<img src='@@PLUGINFILE@@/a.png'>]]>"
        yield f"a picture of {name}", "refused bad_picture", quiz(asked(prompt, files=file))
    address = b"data:image/png;base64," + b"A" * 20_000_000
    prompt = b"<![CDATA[<img src='%s'>]]>" % address
    yield "a picture of 15 MB in its address", "refused bad_picture", quiz(asked(prompt))


def packages() -> Iterator[tuple[str, str, bytes]]:
    yield "a package", "read", packed({})
    yield "nested packages", "read", packed({"a.zip": packed({"b.zip": packed({})})})
    yield (
        "a package as an item",
        "refused member",
        packed({"imsmanifest.xml": manifest("a.zip"), "a.zip": packed({})}, is_item=False),
    )
    zeros = bytes(45_000_000)
    yield "45 MB of zeros", "zip_large", packed({"a.png": zeros})
    yield (
        "many files of zeros",
        "zip_large",
        packed({f"{n}.png": zeros[:990_000] for n in range(60)}),
    )
    yield "60,000 files", "zip_many", packed({f"{n}": b"" for n in range(60_000)})
    yield "5,001 files", "zip_many", packed({f"{n}": b"" for n in range(5_001)})
    for name in (
        "/etc/passwd",
        "../a.png",
        "a/../../b.png",
        "C:\\a.png",
        "a\\..\\..\\b",
        "a" * 501,
    ):
        yield f"named {name[:20]}", "zip_name", packed({name: b""})
    link = zipfile.ZipInfo("a.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    yield "a link", "zip_name", packed({link: b"/etc/passwd"})  # type: ignore[dict-item]
    twice = patched(packed({"xtem.xml": ITEM}), b"xtem.xml", b"item.xml")
    yield "a name twice", "zip_name", twice
    for method, name in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "LZMA")):
        yield f"packed by {name}", "zip_broken", packed({}, method=method)
    stored = packed({}, method=zipfile.ZIP_STORED)
    yield "a wrong checksum", "refused member", patched(stored, b">P<", b">Q<")
    yield "half a package", "zip_broken", stored[: len(stored) // 2]
    yield "only the start", "zip_broken", b"PK\x03\x04"
    yield "nothing in it", "zip_no_manifest", packed({}, is_item=False)
    end = stored.rfind(b"PK\x05\x06")
    yield "a comment", "read", stored[:-2] + struct.pack("<H", 5) + b"hello"
    yield "an end in the comment", "zip_many", stored[:-2] + b"\x16\0PK\x05\x06" + b"\xff" * 18
    yield "a list beyond the file", "zip_broken", _field(stored, end + 12, "<L", 1_999_999)
    yield "a list of 3 GB", "zip_many", _field(stored, end + 12, "<L", 3_000_000_000)
    yield "for 4 GB and more", "zip_broken", stored[:end] + b"PK\x06\x07" + bytes(16) + stored[end:]
    directory = stored.find(b"PK\x01\x02")
    yield "encrypted", "zip_encrypted", _field(stored, directory + 8, "<H", 1)
    yield "a size that is too large", "zip_large", _field(stored, directory + 24, "<L", 60_000_000)
    yield "a size that is not true", "zip_member", _field(stored, directory + 24, "<L", 500)
    yield "files upon each other", "refused member", _overlapping(stored)
    yield "a broken list", "zip_broken", _field(stored, directory, "<L", 0)
    yield (
        "a manifest with entities",
        "xml_dtd",
        packed({"imsmanifest.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><manifest/>'}, is_item=False),
    )
    yield (
        "a manifest with 1,001 items",
        "too_many",
        packed({"imsmanifest.xml": manifest(*["item.xml"] * 1_001)}, is_item=False),
    )
    leading_out = {"imsmanifest.xml": manifest("../../../etc/passwd", "file:///etc/passwd")}
    yield "a manifest that leads out", "refused member", packed(leading_out, is_item=False)


def _field(data: bytes, place: int, kind: str, value: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(kind, changed, place, value)
    return bytes(changed)


def _overlapping(data: bytes) -> bytes:
    """Let all entries of the list begin where the first one does."""
    second = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 1)
    changed = _field(data, second + 42, "<L", 0)
    return patched(changed, b"imsmanifest.xml", b"imsmanifest.xml")


GROUPS: list[Callable[[], Iterator[tuple[str, str, bytes]]]] = [
    entities,
    shapes,
    encodings,
    pictures,
    packages,
]


def outcome(data: bytes) -> str:
    """Return `read`, the code of the file, or that of its last question that is refused."""
    try:
        _, items = read_any(data)
    except FileRefused as refused:
        return refused.code
    codes = [item.refused.code for item in items if item.refused]
    return f"refused {codes[-1]}" if codes else "read"


def main(memory: int, is_traced: bool) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for group in GROUPS:
        for name, expected, data in group():
            if is_traced:
                tracemalloc.start()
            before = time.process_time()
            found = outcome(data)
            seconds = time.process_time() - before
            columns = [found, expected, f"{seconds:.2f} s", f"{len(data) / 1e6:.1f} MB", name]
            if is_traced:
                columns.append(f"{tracemalloc.get_traced_memory()[1] / 1e6:.0f} MB")
                tracemalloc.stop()
            sys.stdout.write("\t".join(columns) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), "traced" in sys.argv)
