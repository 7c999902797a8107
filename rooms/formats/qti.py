"""Reads questions from QTI 2.1 and 2.2: an item as XML, or a package of items as a zip file."""

import posixpath
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from . import MOST_BYTES, MOST_ITEMS, MOST_MARKUP, FileRefused, Item, ItemRefused, Refused
from .codes import FileFlaw, Reason
from .labels import name_of
from .packages import Package
from .qti_bodies import Body
from .qti_items import question
from .trees import Node, read_tree

MANIFEST = "imsmanifest.xml"
OTHERS = {
    "questestinterop": FileFlaw.QTI_VERSION,
    "qti-assessment-item": FileFlaw.QTI_VERSION,
    "qti-assessment-test": FileFlaw.QTI_VERSION,
    "assessmentTest": FileFlaw.QTI_PART,
    "manifest": FileFlaw.QTI_PART,
}
"""The flaws of QTI files without a question, by their first element."""

_ITEM = "assessmentItem"
_TYPES = ("imsqti_item_xmlv2p",)
_MAGIC = b"PK"


def read(data: bytes) -> list[Item]:
    """Return the questions of an item (XML) or a package (zip) in QTI 2.1 or 2.2.

    In a package, `line` is that of the item's own file. Raises `FileRefused` for what is neither.
    """
    if data.startswith(_MAGIC):
        return _of_package(Package(data))
    root = read_tree(data, limit=MOST_BYTES)
    if root.tag != _ITEM:
        raise FileRefused(flaw_of(root.tag), root.line, {"root": root.tag[:100]})
    return [_item(root, {}, "")]


def flaw_of(root: str) -> FileFlaw:
    """Return what is wrong with a file of this first element, which is no item."""
    return OTHERS.get(root, FileFlaw.XML_UNKNOWN)


def _of_package(package: Package) -> list[Item]:
    manifests = [name for name in package.names if posixpath.basename(name) == MANIFEST]
    if not manifests:
        raise FileRefused(FileFlaw.ZIP_NO_MANIFEST)
    # Some programs pack the folder around the package, too.
    path = min(manifests, key=lambda name: name.count("/"))
    manifest = read_tree(package.read(path), limit=MOST_BYTES)
    resources = [
        resource
        for all_ in manifest.children("resources")
        for resource in all_.children("resource")
    ]
    items = [one for one in resources if one.get("type").startswith(_TYPES)]
    if len(items) > MOST_ITEMS:
        raise FileRefused(FileFlaw.TOO_MANY, args={"limit": MOST_ITEMS})
    if not items:
        is_other = any("qti" in one.get("type") for one in resources)
        raise FileRefused(FileFlaw.QTI_VERSION if is_other else FileFlaw.NO_QUESTIONS)
    paths = [_path(path, one.get("href")) for one in items]
    if sum(package.size(one) for one in paths) > MOST_MARKUP:
        raise FileRefused(FileFlaw.ZIP_LARGE, args={"limit": MOST_MARKUP})
    files = _Members(package)
    return [_member(files, one) for one in paths]


def _path(base: str, address: str) -> str:
    """Return the path in the package to which an address in the file `base` leads."""
    address = unquote(address.partition("?")[0].partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(base), address))


def _member(files: "_Members", path: str) -> Item:
    refused = Refused(Reason.MEMBER, {"name": path[:100]})
    if path not in files.package:
        return Item(line=0, name=path[:100], refused=refused)
    try:
        root = read_tree(files.package.read(path), limit=MOST_BYTES)
    except FileRefused as error:
        refused = Refused(Reason.MEMBER, {"name": path[:100]}, error.line)
        return Item(line=0, name=path[:100], refused=refused)
    if root.tag != _ITEM:
        return Item(line=0, name=path[:100], refused=refused)
    return _item(root, files, path)


def _item(root: Node, files: Mapping[str, bytes], path: str) -> Item:
    title = root.get("title")
    body = Body(files, lambda address: _path(path, address))
    name = name_of(title, path, root.get("identifier"))
    try:
        content = question(root, body)
    except ItemRefused as error:
        return Item(line=root.line, name=name, refused=error.refused)
    return Item(
        line=root.line,
        name=name,
        content=content,
        notes=tuple(body.marked.notes),
        pictures=body.marked.pictures,
    )


class _Members(Mapping[str, bytes]):
    """The pictures of a package, each unpacked once, when a question cites it."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self._read: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            try:
                self._read[name] = self.package.read(name)
            except FileRefused:
                raise ItemRefused(Reason.BAD_PICTURE, {"name": name[:100]}) from None
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.package.names)

    def __len__(self) -> int:
        return len(self.package.names)

    def __contains__(self, name: object) -> bool:
        return name in self.package
