"""QR codes of addresses, as SVG within a page."""

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(address: str) -> SafeString:
    """Return the QR code of an address as an `svg` element of the class `qr`.

    It has no style of its own, as the Content-Security-Policy forbids that: the page sets the size.
    It is black on white with a quiet zone in any colour scheme, since readers need both. The page
    describes it to those who cannot see it. Raises ValueError for an address of more than 1,000
    characters.
    """
    if len(address) > 1000:
        raise ValueError("The address is too long for a QR code that phones can read.")
    code = segno.make(address, error="m", micro=False)
    drawn = code.svg_inline(
        border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    # It consists of numbers that segno made; nothing of the address is in it as text.
    return mark_safe(drawn)  # noqa: S308
