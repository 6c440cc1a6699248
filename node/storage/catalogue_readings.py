"""Readings of a node's catalogues (duty list, classification guide) and of its precedents."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from node.domain.duty_list import CatalogueAdopted, DutyItemListed
from node.domain.entry import Event, Folded, Header
from node.domain.guide import GuideEntryListed
from node.domain.ticket.duties import PrecedentSet
from node.storage import schema
from node.storage.database import micros
from node.storage.statements import upsert_many


def _adopted(connection: Connection, _own: str, head: Header, event: CatalogueAdopted) -> bool:
    # A catalogue's versions stand among those of packs and calendars; its items are entries, so that there is no text to name.
    digest = bytes.fromhex(event.digest)
    row = {
        "node": head.node,
        "kind": event.catalogue,
        "id": event.catalogue,
        "version": event.version,
        "digest": event.digest,
        "blob": digest,
        "effective_from": event.effective_from.isoformat(),
        "adopted_at": micros(head.recorded_at),
        "seq": head.seq,
    }
    upsert_many(connection, schema.adoptions, [row])
    return True


def _duty_listed(connection: Connection, _own: str, head: Header, event: DutyItemListed) -> bool:
    row = {
        "node": head.node,
        "digest": bytes.fromhex(event.digest),
        "code": event.item,
        "unit": event.unit,
        "matter": event.matter,
        "matter_name": event.matter_name,
        "field": event.field,
        "law_basis": event.law_basis,
        "level": event.level,
        "valid_from": event.valid_from.isoformat() if event.valid_from else "",
        "valid_to": event.valid_to.isoformat() if event.valid_to else "",
        "is_negative": event.is_negative,
    }
    upsert_many(connection, schema.duty_items, [row])
    return True


def _guide_listed(connection: Connection, _own: str, head: Header, event: GuideEntryListed) -> bool:
    row = {
        "node": head.node,
        "digest": bytes.fromhex(event.digest),
        "category": event.category,
        "subtype": event.subtype,
        "definition": event.definition,
        "examples": json.dumps(event.examples, ensure_ascii=False),
        "key_words": json.dumps(event.key_words, ensure_ascii=False),
        "default_unit": event.default_unit,
    }
    upsert_many(connection, schema.guide_entries, [row])
    return True


# For ``node_readings``: a node speaks for itself only.
WAYS: dict[type[Event], Callable[[Connection, str, Header, Any], bool]] = {
    CatalogueAdopted: _adopted,
    DutyItemListed: _duty_listed,
    GuideEntryListed: _guide_listed,
}


_PRECEDENT = PrecedentSet.kind()


def fold_precedents(connection: Connection, batch: Sequence[Folded]) -> None:
    """Write a row for each ruling in *batch*, this node's or one below."""
    rows = [
        {
            "entry": one.header.id,
            "node": one.header.node,
            "ticket": one.header.subject.id,
            "matter": one.event.matter,
            "unit": one.event.unit,
            "named": one.event.named,
            "ruled_by": one.event.ruled_by,
            "basis": one.event.basis,
            "ruled_at": micros(one.header.recorded_at),
        }
        for one in batch
        if one.header.kind == _PRECEDENT and isinstance(one.event, PrecedentSet)
    ]
    if rows:
        upsert_many(connection, schema.precedents, rows)
