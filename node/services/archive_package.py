"""
The archive package of a ticket (AS25-3.6.7a): one file that holds it all and proves itself without this system.

It is a zip, made the same each time from the same ticket: ``ticket.json`` (facts and texts, revisit and vote, every entry in
order; what is sealed as a contact is named and never opened), ``entries/`` (the journal's own bytes, whose hashes are the
leaves of its log), ``attachments/`` by their digest, and ``manifest.json`` with the SHA-256 of each. ``python3 FILE`` checks
it: the interpreter runs the ``__main__.py`` inside. Beside it lies ``FILE.sha256`` in the form of ``sha256sum``, so that no
byte can change unseen; the same digest stands in the entry that puts the ticket away.
"""

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import select

from node.domain.merkle import leaf_hash
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.state import State
from node.domain.ticket.ticket import Ticket
from node.services import ticket_view
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.unit_of_work import View

PACKABLE = frozenset({State.CLOSED, State.ARCHIVED})
# Every member bears the same time: the package is a function of the ticket.
_TIME = (1980, 1, 1, 0, 0, 0)

CHECK = '''"""Checks this archive package by itself: run it with python3."""

import hashlib, json, os, sys, zipfile

def check(path):
    whole = open(path, "rb").read()
    beside = path + ".sha256"
    if os.path.exists(beside) and open(beside).read().split()[:1] != [hashlib.sha256(whole).hexdigest()]:
        return "the file is not the one that was put away"
    package = zipfile.ZipFile(path)
    manifest = json.loads(package.read("manifest.json"))
    names = set(package.namelist()) - {"manifest.json"}
    if names != set(manifest["files"]):
        return "a file was added or taken away"
    for name, digest in manifest["files"].items():
        if hashlib.sha256(package.read(name)).hexdigest() != digest:
            return name + " was changed"
    for name, leaf in manifest["leaves"].items():
        if hashlib.sha256(b"\\0" + package.read(name)).hexdigest() != leaf:
            return name + " is not the entry of the journal"
    for name in names:
        if name.startswith("attachments/") and hashlib.sha256(package.read(name)).hexdigest() != name.split("/")[1]:
            return name + " is not the attachment that was filed"
    return ""

flaw = check(sys.argv[1] if len(sys.argv) > 1 else sys.argv[0])
print(flaw or "sound")
sys.exit(1 if flaw else 0)
'''


@dataclass(frozen=True)
class Package:
    """The bytes of a package and their SHA-256 in hex, and how long it is to be kept; 0 years is for ever."""

    content: bytes
    digest: str
    retention_years: int

    def write(self, path: Path) -> None:
        """Write the package, and beside it what ``sha256sum -c`` reads."""
        path.write_bytes(self.content)
        path.with_name(f"{path.name}.sha256").write_text(f"{self.digest}  {path.name}\n", "utf-8")


def package_of(view: View, ticket_id: str, blobs: Blobs, policy: Policy) -> Package:
    """
    The package of a ticket that is closed here.

    Raises:
        Refusal: SUBJECT_UNKNOWN; WRONG_STATE, before it is closed; NOT_HOLDER, where another node has it.
    """
    ticket = view.readings.ticket(ticket_id)
    if ticket is None:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="ticket", id=ticket_id)
    if ticket.custody.holder != view.head.node:
        raise Refusal(Code.NOT_HOLDER, ticket=ticket.id, holder=ticket.custody.holder, number=ticket.custody.number)
    if ticket.state not in PACKABLE:
        raise Refusal(Code.WRONG_STATE, ticket=ticket.id, state=ticket.state, wanted=sorted(state.value for state in PACKABLE))
    years = policy.pack.number("archive.retention_years")
    files = {"ticket.json": _json(_file_of(view, ticket, years)), "__main__.py": CHECK.encode()}
    leaves = {}
    table = schema.entries
    rows = view.connection.execute(
        select(table.c.content, table.c.kind).where(table.c.subject_id == ticket.id, table.c.kind != "Archived").order_by(table.c.taken)
    ).all()
    for place, row in enumerate(rows, 1):
        name = f"entries/{place:04}-{row.kind}"
        files[name], leaves[name] = row.content, leaf_hash(row.content).hex()
    for digest in _attachments(ticket):
        if blobs.has(digest):
            files[f"attachments/{digest}"] = blobs.get(digest)
    manifest = {"files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}, "leaves": leaves}
    content = _zip({**files, "manifest.json": _json(manifest)})
    return Package(content, hashlib.sha256(content).hexdigest(), years)


def _file_of(view: View, ticket: Ticket, years: int) -> dict[str, Any]:
    """The file of the ticket in words: what it was, each round with its result, revisit and vote, every entry in order."""
    return {
        "node": view.head.node,
        "ticket": ticket.id,
        "number": ticket.number,
        "retention_years": years,
        "pack": ticket.pack,
        "intake": {
            "channel": ticket.intake.channel,
            "registered_at": ticket.intake.registered_at,
            "first_contact": ticket.intake.first_contact,
        },
        "class": dataclasses.asdict(ticket.classing),
        "lead": ticket.lead,
        "rounds": [
            {
                "number": one.number,
                "cause": one.cause,
                "completion": one.completion and dataclasses.asdict(one.completion),
                "revisit": one.revisit and dataclasses.asdict(one.revisit),
                "evaluation": one.evaluation and dataclasses.asdict(one.evaluation),
            }
            for one in ticket.rounds
        ],
        # Putting it away belongs to the journal, not to the package: packed before and after it is the same.
        "timeline": [_line(line) for line in ticket_view.timeline(view, ticket) if line.kind != "Archived"],
    }


def _line(line: ticket_view.EntryLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "kind": line.kind,
        "node": line.node,
        "recorded_at": line.recorded_at,
        "actor": {"account": line.account, "role": line.role, "unit": line.unit} | ({"behalf": line.behalf} if line.behalf else {}),
        "facts": line.facts,
        "texts": line.texts,
        "sealed": line.contacts,
    }


def _attachments(ticket: Ticket) -> list[str]:
    named = [digest for one in ticket.rounds for digest in (*one.evidence, *(one.completion.evidence if one.completion else ()))]
    return sorted({*named, *ticket.intake.materials})


def _zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        for name in sorted(files):
            package.writestr(zipfile.ZipInfo(name, _TIME), files[name])
    return packed.getvalue()


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1, default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value.value) if isinstance(value, Enum) else str(value)
