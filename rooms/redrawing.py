"""Draws uploaded pictures anew, as a program of its own without Django.

`rooms.pictures` runs it. A file that was made to harm a decoder can then take neither the memory
nor the time of a worker, whose other threads would wait for some decoders. The program reads
pictures from its standard input and writes an answer to each, in the same order:

    input   4 bytes with the number of bytes (big-endian), and the bytes
    output  a line of JSON, followed by the bytes that it announces
"""

import contextlib
import io
import json
import os
import sys
import warnings
from typing import BinaryIO

from PIL import (
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

FORMATS = [
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
    )
]
MOST_PIXELS = 40_000_000
"""Pixels of a picture that is taken."""
LONGEST_SIDE = 2000
"""Pixels of the longer side of a picture as it is kept."""
LOSSLESS_UP_TO = 200_000
"""Bytes up to which a drawing is kept without loss, even where a lossy file would be smaller."""
QUALITY = 85
MEMORY = 1 << 30
"""Bytes that the program may take."""
CPU_SECONDS = 20
"""Seconds of CPU for one picture."""

NOT_A_PICTURE, TOO_MANY_PIXELS = "not_a_picture", "too_many_pixels"
CONTENT_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


class Refused(Exception):
    """A file is refused; the text is the reason."""


def redraw(data: bytes) -> tuple[str, int, int, bytes]:
    """Return the content type, width, height and bytes of a picture drawn anew.

    Nothing of the file is kept but the pixels: of an animation those of the first frame, turned as
    the camera was held, and no metadata. Raises Refused.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Refused(TOO_MANY_PIXELS)
            image = _pixels(opened)
    except (Image.DecompressionBombError, MemoryError):
        raise Refused(TOO_MANY_PIXELS) from None
    except Refused:
        raise
    except Exception as error:  # decoders raise anything
        raise Refused(NOT_A_PICTURE) from error
    name, drawn = _encoded(image, is_photo=opened.format in ("JPEG", "MPO"))
    return CONTENT_TYPES[name], image.width, image.height, drawn


def _pixels(opened: Image.Image) -> Image.Image:
    """Return the pixels of a picture, as grey values, RGB or RGBA."""
    # A decoder that can skip pixels does, and so takes less memory.
    opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    turned = opened.getexif().get(0x0112, 1)
    image: Image.Image = opened
    if image.mode.startswith("I"):
        # 16 bits for each pixel, which Pillow would cut off at 255.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    else:
        image.load()
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2.0)
    plain = Image.new(image.mode, image.size)
    plain.paste(image)
    plain.getexif()[0x0112] = turned
    plain = ImageOps.exif_transpose(plain)
    plain.info.clear()
    if plain.mode == "RGBA" and plain.getchannel("A").getextrema() == (255, 255):
        plain = plain.convert("RGB")
    return plain


def _encoded(image: Image.Image, *, is_photo: bool) -> tuple[str, bytes]:
    """Return the format and the bytes: without loss unless that makes the file much larger."""
    name = "WEBP" if image.mode == "RGBA" else "JPEG"
    lossy = _saved(image, name, quality=QUALITY)
    if is_photo:
        return name, lossy
    lossless = _saved(image, "PNG")
    if len(lossless) <= max(LOSSLESS_UP_TO, 2 * len(lossy)):
        return "PNG", lossless
    return name, lossy


def _saved(image: Image.Image, name: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def answer(source: BinaryIO, target: BinaryIO) -> None:
    """Answer each picture of the input until it ends."""
    while len(head := source.read(4)) == 4:
        data = source.read(int.from_bytes(head, "big"))
        _allow_cpu()
        try:
            kind, width, height, drawn = redraw(data)
            told = {"type": kind, "width": width, "height": height, "bytes": len(drawn)}
        except Refused as refusal:
            told, drawn = {"refused": str(refusal), "bytes": 0}, b""
        except MemoryError:
            told, drawn = {"refused": TOO_MANY_PIXELS, "bytes": 0}, b""
        target.write(json.dumps(told).encode() + b"\n" + drawn)
        target.flush()


def _bound() -> None:
    """Bound the memory of the program, and let others go first."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # Windows has none

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(10)


def _allow_cpu() -> None:
    """Bound the CPU until the next picture."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # Windows has none

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


if __name__ == "__main__":
    _bound()
    # What Pillow thinks of a file is no news for the log of the site.
    warnings.simplefilter("ignore")
    answer(sys.stdin.buffer, sys.stdout.buffer)
