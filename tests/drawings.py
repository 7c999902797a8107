"""Files of pictures, made for tests."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

CAMERA = "Camera of Ada Lovelace"


def picture(
    name: str = "PNG",
    size: tuple[int, int] = (40, 30),
    *,
    mode: str = "RGB",
    color: Any = (200, 30, 30),
    **options: Any,
) -> bytes:
    """Return the bytes of a picture of one colour in a format of Pillow."""
    return saved(Image.new(mode, size, color), name, **options)


def saved(image: Image.Image, name: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def photo(size: tuple[int, int] = (60, 40), *, turned: int = 6) -> bytes:
    """Return a JPEG with a left half in red, that was turned, with the place where it was taken."""
    image = Image.new("RGB", size, (0, 0, 250))
    image.paste((250, 0, 0), (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = CAMERA
    exif.get_ifd(0x8825)[1] = "N"
    return saved(image, "JPEG", exif=exif, comment=CAMERA.encode(), quality=95)


def png(width: int, height: int, data: bytes, *, bits: int = 1, kind: int = 0) -> bytes:
    """Return a PNG of any header, with these bytes as pixels, whether they fit or not."""

    def chunk(name: bytes, content: bytes) -> bytes:
        sum_ = zlib.crc32(name + content)
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", sum_)

    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    pixels = zlib.compress(data, 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
