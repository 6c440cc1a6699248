"""What a paper consists of, whatever it is printed as; kept as JSON in the paper that was issued."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """A line of a form: one or two labels, each with what stands beside it."""

    label: str
    value: str
    label_2: str = ""
    value_2: str = ""


@dataclass(frozen=True)
class Layout:
    """
    A paper: ``title``, the line to whom it goes, paragraphs, a form of rows, closing paragraphs, a foot.

    ``head`` are label and value pairs above the form; ``dated`` is the date in words of the paper.  Issuer, seal, number, QR code
    and digest are not part of it: they are the issued paper's own.
    """

    title: str
    to: str = ""
    head: tuple[tuple[str, str], ...] = ()
    paragraphs: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    closing: tuple[str, ...] = ()
    foot: str = ""
    dated: str = ""
    attachments: tuple[str, ...] = field(default=())


def to_json(layout: Layout) -> str:
    """The content of an issued paper."""
    return json.dumps(asdict(layout), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Layout:
    """
    What ``to_json`` wrote; fields of a later program are left out.  What is none of it, as an earlier release took it from other
    systems, is one paragraph as it stands: so it can be looked at, and withdrawn.
    """
    try:
        return _layout(json.loads(text))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return Layout("", paragraphs=(text,))


def _layout(table: Mapping[str, Any]) -> Layout:
    known = {name: table[name] for name in Layout.__dataclass_fields__ if name in table}
    known["head"] = tuple((label, value) for label, value in known.get("head", ()))
    known["rows"] = tuple(Row(**row) for row in known.get("rows", ()))
    for name in ("paragraphs", "closing", "attachments"):
        known[name] = tuple(known.get(name, ()))
    return Layout(**known)
