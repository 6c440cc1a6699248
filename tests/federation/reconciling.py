"""What the tests of `qyzj reconcile` share: the command at a level, damage, and what comes down to be compared."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from federation.serving import Clocks, Serving
from node import app
from node.cli.console import Parts
from node.cli.main import execute
from node.domain.merkle import leaf_hash
from node.domain.order.issuing import IssueOrder
from node.domain.payload import Text
from node.storage import schema
from node.storage.writer import Writer
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import CITY

PARTS = Parts(app.build, app.create, app.set_rehearsal_clock, app.serve)


class Call:
    """``qyzj`` at a level."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def __call__(self, place: Place, *arguments: str) -> tuple[int, Any]:
        self._capture.readouterr()
        code = execute(["--data", str(place.hands.node.data_dir), *arguments, "--json"], PARTS)
        out, err = self._capture.readouterr()
        return code, json.loads(out or err)

    def plain(self, place: Place, *arguments: str) -> str:
        self._capture.readouterr()
        execute(["--data", str(place.hands.node.data_dir), *arguments], PARTS)
        return self._capture.readouterr().out


def tamper(place: Place, node: str, seq: int, *, with_leaf: bool = False) -> str:
    """Change a row as somebody with access to the database would; gives what the entry is about."""
    table = schema.entries
    its = (table.c.node == node, table.c.seq == seq)
    with place.level.store.database.write() as connection:
        row = connection.execute(table.select().where(*its)).one()
        content = bytes(row.content)[:-1] + bytes([row.content[-1] ^ 1])
        changed: dict[str, bytes] = {"content": content}
        if with_leaf:
            changed["leaf"] = leaf_hash(content)
        connection.execute(update(table).where(*its).values(**changed))
    return str(row.subject_id)


def damage(place: Place, node: str, seq: int, how: str) -> None:
    """Change an entry's bytes, these and their leaf, or remove its row."""
    if how == "row":
        table = schema.entries
        with place.level.store.database.write() as connection:
            connection.execute(delete(table).where(table.c.node == node, table.c.seq == seq))
    else:
        tamper(place, node, seq, with_leaf=how == "leaf")


def demand(issuer: Place, county: Place, *between: Place, settled: bool = True) -> str:
    """A supervision order about a need of the county, come down if *settled*; gives its id."""
    if county.session is None:
        connect(county, issuer)
    ticket = county.register()
    settle(county, *between, issuer)
    order = issuer.hands.act("office", IssueOrder("supervise", "overdue", "written", (ticket,), demand=Text("请限期办结"))).subject.id
    if settled:
        settle(county, *between, issuer)
    return order


def from_above(place: Place) -> list[bytes]:
    """The bytes of what came down to a level."""
    table = schema.entries
    with place.level.store.read() as view:
        rows = view.connection.execute(select(table.c.content).where(table.c.from_above).order_by(table.c.node, table.c.epoch, table.c.seq))
        return [bytes(content) for content in rows.scalars()]


def place_of(place: Place, subject: str, node: str = CITY) -> int:
    """Where the first entry of *node* about *subject* stands."""
    return min(row.seq for row in place.rows(schema.entries) if (row.node, row.subject_id) == (node, subject))


def places_of(found: dict[str, Any]) -> list[tuple[str, int, int, str]]:
    """The places that a comparison names, as `--json` gives them."""
    return [(one["node"], one["epoch"], one["seq"], one["subject"]) for one in found["differing"]]


def serving_at(place: Place) -> Serving:
    """A level as `qyzj serve` runs it, not yet started."""
    node = place.hands.node
    clocks = Clocks(node.now, node.wall, time.monotonic, time.sleep)
    return Serving(node.settings, node.store, Writer(node.store), node.handler, node.policies, node.sweep, clocks, "0.1.0")
