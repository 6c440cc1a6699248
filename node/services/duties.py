"""
The responsibility catalogue and the classification guide of a node: what is in force, what it proposes, and how a version is
made from a table (``qyzj duty``, ``qyzj import``).
"""

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Row, bindparam, or_, select

from node.domain.command import Order
from node.domain.duty_list import DUTIES, NO_LIST, DutyItem, DutyList, Fault, Precedent, Proposal, proposals, read_rows
from node.domain.guide import GUIDE, NO_GUIDE, Guide, GuideEntry
from node.domain.policy import Policy
from node.domain.ticket.duties import matter_of
from node.domain.time import local_day
from node.services import precedents as rulings
from node.services.unreadable import folded
from node.storage import schema
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View


@dataclass(frozen=True)
class Version:
    """An adopted version of a catalogue."""

    version: str
    digest: str
    effective_from: date


_adoptions = schema.adoptions.c
_VERSIONS = Prepared(
    select(_adoptions.version, _adoptions.digest, _adoptions.effective_from)
    .where(_adoptions.node == bindparam("node"), _adoptions.kind == bindparam("kind"))
    .order_by(_adoptions.seq)
)


def versions(connection: Connection, node: str, catalogue: str) -> list[Version]:
    """Every version that *node* adopted, in the order of adoption; *catalogue* is "duty_list" or "guide"."""
    rows = _VERSIONS.rows(connection, node=node, kind=catalogue)
    return [Version(version, digest, date.fromisoformat(effective_from)) for version, digest, effective_from in rows]


def in_force(connection: Connection, node: str, catalogue: str, day: date) -> Version | None:
    """The version that holds on *day*: of those that have begun the one that begins last, of these the one adopted last."""
    begun = [
        (one.effective_from, place, one) for place, one in enumerate(versions(connection, node, catalogue)) if one.effective_from <= day
    ]
    return max(begun)[2] if begun else None


# --- the duty list ----------------------------------------------------------------------------------------------------


def duty_list(connection: Connection, node: str, day: date, *, matter: str = "", field: str = "", code: str = "") -> DutyList:
    """
    The list in force on *day*: whole, or only what concerns *matter*, *field* or the item *code* if one of them is given; NO_LIST
    where there is none.
    """
    version = in_force(connection, node, DUTIES, day)
    if version is None:
        return NO_LIST
    table = schema.duty_items
    query = select(table).where(table.c.node == node, table.c.digest == bytes.fromhex(version.digest))
    asked: list[ColumnElement[bool]] = [
        column == value for column, value in ((table.c.matter, matter), (table.c.field, field), (table.c.code, code)) if value
    ]
    if asked:
        query = query.where(or_(*asked))
    rows = connection.execute(query.order_by(table.c.code))
    return DutyList(version.version, version.digest, tuple(_item(row) for row in rows))


def _item(row: Row[tuple[object, ...]]) -> DutyItem:
    values = row._mapping
    return DutyItem(
        code=values["code"],
        unit=values["unit"],
        matter=values["matter"],
        matter_name=values["matter_name"],
        field=values["field"],
        law_basis=values["law_basis"],
        level=values["level"],
        valid_from=date.fromisoformat(values["valid_from"]) if values["valid_from"] else None,
        valid_to=date.fromisoformat(values["valid_to"]) if values["valid_to"] else None,
        is_negative=values["is_negative"],
    )


@dataclass(frozen=True)
class Advice:
    """Who should lead a ticket and why, and the rulings on its matter, the last one first."""

    matter: str
    field: str
    proposals: tuple[Proposal, ...]
    precedents: tuple[Precedent, ...]


def advice(view: View, ticket_id: str, policy: Policy, now: datetime) -> Advice:
    """
    What a dispatch of the ticket should look at (FEATURES 36, 52).

    Raises:
        Refusal: SUBJECT_UNKNOWN, TICKET_UNREADABLE.
    """
    ticket = folded(view, ticket_id)
    matter, field, day = matter_of(ticket, policy), ticket.intake.field, local_day(now)
    node = view.head.node
    duties = duty_list(view.connection, node, day, matter=matter, field=field) if matter or field else NO_LIST
    found = rulings.on_matter(view.connection, node, matter)
    wanted = proposals(duties, found, matter, field, day)
    if not wanted:  # FJ25-3.6b: whose it usually is, where nothing says whose it must be
        explained = guide(view.connection, node, day)
        usual = explained.default_unit(ticket.classing.category, ticket.sorting.subtype)
        wanted = (Proposal(usual, GUIDE, explained.version),) if usual else ()
    return Advice(matter, field, wanted, tuple(found))


def read_table(text: str, node: str, units: Iterable[str]) -> tuple[tuple[DutyItem, ...], tuple[Fault, ...]]:
    """A list from the text of a CSV file with a head line, in Chinese or by field names; see ``duty_list.read_rows``."""
    return read_rows(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))), node, units)


# --- the guide --------------------------------------------------------------------------------------------------------


def guide(connection: Connection, node: str, day: date) -> Guide:
    """The classification guide in force on *day*; NO_GUIDE where there is none."""
    version = in_force(connection, node, GUIDE, day)
    if version is None:
        return NO_GUIDE
    table = schema.guide_entries
    rows = connection.execute(
        select(table)
        .where(table.c.node == node, table.c.digest == bytes.fromhex(version.digest))
        .order_by(table.c.category, table.c.subtype)
    )
    entries = tuple(
        GuideEntry(
            row.category, row.subtype, row.definition, tuple(json.loads(row.examples)), tuple(json.loads(row.key_words)), row.default_unit
        )
        for row in rows
    )
    return Guide(version.version, version.digest, entries)


# --- facts of decisions -----------------------------------------------------------------------------------------------


def duties_fact(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> DutyList:
    """What of the list concerns the command: the ticket's matter and field, and the item that it cites."""
    ticket = work.readings.ticket(order.subject)
    cited = str(getattr(order.command, "duty_item", "")) or (ticket.objection.duty_item if ticket and ticket.objection else "")
    matter, field = (matter_of(ticket, policy), ticket.intake.field) if ticket else ("", "")
    matter = str(getattr(order.command, "duty_matter", "")) or matter
    whole = duty_list(work.connection, policy.node, local_day(now), matter=matter, field=field, code=cited)
    if matter or field or cited:
        return whole
    return DutyList(whole.version, whole.digest)  # nothing to look up; but there is a list


def guide_fact(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Guide:
    """The guide in force."""
    day = local_day(now)
    return work.once(f"guide {day}", lambda: guide(work.connection, policy.node, day))
