"""Refolding and verifying on both databases: the readings are what the journal says, the journal is what it was."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from node.services import rebuild
from node.services.verify import Flaw, verify
from node.storage import schema
from tests.services.test_queries import a_handled_ticket, a_ticket
from tests.support.node import Hands, make_node


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    """A county with a ticket in a department's hands and one at the office."""
    made = make_node(tmp_path, database_url=database_url)
    made.staff("water")
    a_handled_ticket(made)
    a_ticket(made)
    return made


class TestRebuild:
    """DESIGN 2.1: readings can be dropped and rebuilt at will."""

    def test_what_was_folded_step_by_step_is_what_a_refold_gives(self, hands: Hands):
        """Every row of every reading."""
        found = rebuild.check(hands.node.store)

        assert ((), True) == (found.differences, found.agrees)
        assert found.entries > 0 and found.rows > 0

    def test_small_batches_give_the_same(self, hands: Hands, monkeypatch: pytest.MonkeyPatch):
        """Where a batch ends makes no difference."""
        monkeypatch.setattr(rebuild, "batch_entries_max", 1)

        assert rebuild.check(hands.node.store).agrees

    def test_each_kind_of_difference_is_named(self, hands: Hands):
        """A changed row, one that nobody folded, one that is gone."""
        tickets, units, clocks = schema.tickets, schema.units, schema.clocks
        with hands.node.store.database.write() as connection:
            connection.execute(update(tickets).where(tickets.c.state == "handling").values(state="closed", lead=""))
            connection.execute(insert(units).values(code="520402-x", node="520402", kind="department", name="x", is_active=True))
            gone = connection.execute(clocks.select().where(clocks.c.name == "resolve")).one()
            connection.execute(delete(clocks).where(clocks.c.name == "resolve"))

        found = rebuild.check(hands.node.store).differences

        expected = {
            ("tickets", gone.ticket): ("changed", ("lead", "state")),
            ("clocks", gone.ticket): ("missing", ()),
            ("units", "520402-x"): ("surplus", ()),
        }
        assert expected == {(one.table, one.key[0]): (one.kind, tuple(sorted(one.columns))) for one in found}

    def test_a_check_changes_nothing_and_a_rebuild_repairs(self, hands: Hands):
        """The journal wins."""
        with hands.node.store.database.write() as connection:
            connection.execute(delete(schema.tickets))
            connection.execute(delete(schema.accounts))

        first, second = rebuild.check(hands.node.store), rebuild.check(hands.node.store)
        repaired = rebuild.rebuild(hands.node.store)

        assert first == second and not first.agrees
        assert (first.differences, True) == (repaired.differences, repaired.is_kept)
        assert rebuild.check(hands.node.store).agrees

    def test_what_was_set_aside_is_tried_again(self, hands: Hands):
        """After an upgrade it may fold: the quarantine is a reading, too."""
        with hands.node.store.database.write() as connection:
            connection.execute(insert(schema.quarantine).values(taken=1, subject_id="x", reason="unknown_kind", at=0))

        assert [("quarantine", "surplus")] == [(one.table, one.kind) for one in rebuild.rebuild(hands.node.store).differences]
        assert rebuild.check(hands.node.store).agrees


class TestVerify:
    """Entries, streams, payloads and blobs against their digests."""

    def test_a_sound_node_has_no_flaw(self, hands: Hands):
        """All of it was read."""
        with hands.node.store.read() as view:
            verdict = verify(view, hands.node.blobs)
            assert (view.journal.position("520402", 1).size, True) == (verdict.entries, verdict.is_sound)
        assert verdict.payloads > 0 and verdict.blobs > 0

    def test_a_changed_byte_is_found_where_it_stands(self, hands: Hands):
        """In the leaf, and so in the root."""
        table = schema.entries
        with hands.node.store.database.write() as connection:
            content = bytes(connection.execute(table.select().where(table.c.seq == 3)).one().content)
            connection.execute(update(table).where(table.c.seq == 3).values(content=content[:-1] + bytes([content[-1] ^ 1])))

        with hands.node.store.read() as view:
            flaws = verify(view, hands.node.blobs).flaws

        assert (Flaw("leaf", "520402/1/3"), Flaw("root", "520402/1")) == flaws

    def test_a_missing_entry_is_found(self, hands: Hands):
        """A gap, another size, another root."""
        with hands.node.store.database.write() as connection:
            connection.execute(delete(schema.entries).where(schema.entries.c.seq == 3))

        with hands.node.store.read() as view:
            flaws = verify(view, hands.node.blobs).flaws

        assert (Flaw("gap", "520402/1/4"), Flaw("size", "520402/1"), Flaw("root", "520402/1")) == flaws

    def test_payloads_and_blobs_are_looked_at(self, hands: Hands):
        """AS25-3.6.5a: a changed or missing attachment shows."""
        table = schema.payloads
        with hands.node.store.database.write() as connection:
            first = connection.execute(table.select().order_by(table.c.taken, table.c.place)).first()
            assert first is not None
            same = (table.c.taken == first.taken) & (table.c.place == first.place)
            connection.execute(update(table).where(same).values(ciphertext=b"x"))
        kept, lost = hands.node.blobs.names()
        (hands.node.data_dir / "blobs" / kept[:2] / kept).write_bytes(b"x")
        (hands.node.data_dir / "blobs" / lost[:2] / lost).unlink()

        with hands.node.store.read() as view:
            flaws = verify(view, hands.node.blobs).flaws

        assert {Flaw("payload", f"{first.taken}/{first.place}"), Flaw("blob_damaged", kept), Flaw("blob_missing", lost)} == set(flaws)
