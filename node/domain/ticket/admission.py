"""
The admission standard (入库标准): what a superior asks of what is put to it, published downward as a letter (XS25-4.3.3c).

The asker's node checks it before it sends, the superior's once more before it takes the ticket over: by the same function, over
what the request and the ticket say in the open.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.ticket import Ticket

# What a standard may ask to be filled: of the request itself, and of the ticket that it puts above.
OF_THE_REQUEST = ("legal_basis", "opinion", "tried", "materials")
OF_THE_TICKET = ("matter", "division", "consultation")
FIELDS = OF_THE_REQUEST + OF_THE_TICKET
# An item of a power list, a kind of evidence: nothing that anybody writes freely.
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class AdmissionStandard:
    """
    A standard in force.  ``id`` is the letter's; ``requires`` are of FIELDS, ``classes`` core classes, ``power_items`` items of the
    superior's power list, ``material_kinds`` the kinds of evidence of which each must be there.  An empty list asks for nothing.
    """

    id: str
    node: str
    published_at: datetime
    requires: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    power_items: tuple[str, ...] = ()
    material_kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Put:
    """What is put above: ``filled`` are those of OF_THE_REQUEST that the request has."""

    power_item: str
    core_class: str
    filled: frozenset[str]
    material_kinds: tuple[str, ...] = ()


def need_codes(field: str, values: tuple[str, ...]) -> None:
    """
    Every one of *values* is a code, not words: they stand in the open.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    if not all(CODE.fullmatch(value) for value in values):
        raise Refusal(Code.MALFORMED_COMMAND, field=field)


def need_admission(standard: AdmissionStandard | None, ticket: Ticket, put: Put) -> None:
    """
    Refuse what does not meet *standard*, naming what is lacking; without a standard nothing is asked.

    Raises:
        Refusal: ADMISSION_UNMET, with the first lacking field, and all of them.
    """
    if standard is None:
        return
    lacking = list(_lacking(standard, ticket, put))
    if lacking:
        raise Refusal(Code.ADMISSION_UNMET, ticket=ticket.id, node=standard.node, standard=standard.id, field=lacking[0], missing=lacking)


def _lacking(standard: AdmissionStandard, ticket: Ticket, put: Put) -> Iterator[str]:
    if standard.classes and put.core_class not in standard.classes:
        yield "category"
    if standard.power_items and put.power_item not in standard.power_items:
        yield "power_item"
    for field in standard.requires:
        if not (field in put.filled if field in OF_THE_REQUEST else _has(ticket, field)):
            yield field
    if set(standard.material_kinds) - set(put.material_kinds):
        yield "material_kinds"


def _has(ticket: Ticket, field: str) -> bool:
    if field == "consultation":
        return ticket.judgement is not None and ticket.judgement.outcome != ""
    return bool(getattr(ticket.intake, field))


def need_recorded_consultation(ticket: Ticket, policy: Policy) -> None:
    """AS25-4.2.1.3a: what crosses regions, levels or industries goes above only after the members' recorded consultation."""
    crossing = {*ticket.intake.crossing} - {"cross_department"}
    if not crossing or not policy.pack.flag("escalation.consultation_required"):
        return
    if ticket.judgement is None or ticket.judgement.outcome not in ("form", "escalate"):
        raise Refusal(Code.CONSULTATION_MISSING, ticket=ticket.id, crossing=ticket.intake.crossing)
