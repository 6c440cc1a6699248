"""
Files that a superior hands down: a statutory calendar is adopted at once, everything else is proposed to the office (DESIGN 6).

A file that is broken, or is not what the letter says, is adopted by nobody on its own: it stays in the office's inbox.
"""

import uuid

from sqlalchemy import select

from node.domain.command import Order
from node.domain.entry import Actor
from node.domain.letter.answering import ADOPTED, ReportLetter
from node.domain.letter.record import CALENDAR, Letter
from node.domain.payload import SealedRef
from node.domain.refusal import Refusal
from node.domain.registry import AdoptCalendar
from node.packs.calendar_file import CalendarFile, FaultyCalendar, Layer, parse_calendar
from node.services.handle import Handler
from node.storage import schema
from node.storage.blobs import Blobs
from node.storage.unit_of_work import UnitOfWork

_NAMESPACE = uuid.UUID("6f1c1f0e-2a4b-5c8d-9e10-71797a6a0032")


def adopt_by_itself(work: UnitOfWork, handler: Handler, blobs: Blobs, letter: Letter, actor: Actor) -> bool:
    """Adopt the statutory calendar that *letter* brought, and report so; False if it is none, or not one that can be adopted."""
    if not letter.is_automatic or letter.letter_kind != CALENDAR or work.head.node not in letter.to_nodes:
        return False
    try:
        text = file_text(work, letter)
        found = parse_calendar(letter.file, text)
    except (FaultyCalendar, Refusal):
        return False
    if found.layer is not Layer.STATUTORY:
        return False
    adopt = calendar_adoption(found, text, blobs)
    if not _is_newer(work, found, adopt):
        return False
    handler.carry_out(work, Order(_order_id(letter, "adopt"), actor, work.head.node, adopt))
    handler.carry_out(work, Order(_order_id(letter, "report"), actor, letter.id, ReportLetter(result=ADOPTED)))
    return True


def file_text(work: UnitOfWork, letter: Letter) -> str:
    """
    The file that was handed down, whole.

    Raises:
        Refusal: PAYLOAD_MISSING, PAYLOAD_SEALED.
    """
    return work.payloads.open(letter.subject, letter.text) if isinstance(letter.text, SealedRef) else ""


def calendar_adoption(found: CalendarFile, text: str, blobs: Blobs) -> AdoptCalendar:
    """The command that puts a calendar into force, its text stored."""
    return AdoptCalendar(f"{found.origin}.toml", found.version, blobs.put(text.encode()))


def _is_newer(work: UnitOfWork, found: CalendarFile, adopt: AdoptCalendar) -> bool:
    """False beside a later version of the same year, or another text under the same version: the office looks at it."""
    table = schema.adoptions
    own = (table.c.node == work.head.node, table.c.kind == "calendar", table.c.id == adopt.calendar)
    held = work.connection.execute(select(table.c.version, table.c.blob).where(*own)).all()
    numbers = [int(row.version.rpartition(".")[2]) for row in held if bytes(row.blob).hex() != adopt.blob]
    return all(number < found.number for number in numbers)


def _order_id(letter: Letter, step: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, f"{letter.id}|{step}"))
