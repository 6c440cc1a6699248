"""What an issued paper bears besides its words: number, issuer, seal line, a QR code and the digest that it is known by."""

import io
from dataclasses import dataclass

import segno


@dataclass(frozen=True)
class Stamp:
    """
    ``digest`` are the first 16 hex digits of the entry's hash in the node's journal, ``link`` is what the QR code says: where the
    paper can be checked, or the bare number where the node has no public address.
    """

    number: str
    issuer: str
    seal: str
    digest: str
    link: str
    is_withdrawn: bool = False

    @property
    def seal_line(self) -> str:
        """The line at the foot: the issuer, and who seals for it if it has no seal of its own (AS25-1.3c)."""
        return self.issuer if self.seal == self.issuer else f"{self.issuer}\n{self.seal}"


def qr_svg(text: str) -> str:
    """A QR code as inline SVG, about 25 mm wide at 96 dots an inch."""
    return str(segno.make(text, error="m").svg_inline(scale=3, border=2))


def qr_png(text: str) -> io.BytesIO:
    """A QR code as PNG, for docx."""
    out = io.BytesIO()
    segno.make(text, error="m").save(out, kind="png", scale=6, border=2)
    out.seek(0)
    return out
