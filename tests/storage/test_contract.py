"""What every store keeps, told once and run on SQLite and on PostgreSQL: a node, used through its handler."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from sqlalchemy import insert, select

from node import app
from node.domain.merkle import Range, leaf_hash
from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.migrate import NEWEST, alembic_config, revision
from node.storage.unit_of_work import Store
from node.storage.writer import Writer
from tests.support.node import Hands, make_node

CANARY = "灌溉水渠堵塞CANARY"
PHONE = "13800001234"
TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


@pytest.fixture
def hands(tmp_path: Path, database_url: str) -> Hands:
    return make_node(tmp_path, database_url=database_url)


def register(hands: Hands, **more: object) -> str:
    command = Register(channel="window", appeal=Text(CANARY), name=Contact("王某"), phone=Contact(PHONE), judgement="foreign")
    return hands.act("window_clerk", command, **more).subject.id


def entries(hands: Hands) -> list[tuple[int, int, bytes, bytes]]:
    with hands.node.store.read() as view:
        table = schema.entries
        rows = view.connection.execute(select(table.c.taken, table.c.seq, table.c.content, table.c.leaf).order_by(table.c.taken))
        return [(row.taken, row.seq, bytes(row.content), bytes(row.leaf)) for row in rows]


class TestJournal:
    """One ordered, gapless history; its leaves make the root that the head keeps."""

    def test_entries_are_numbered_without_a_gap_and_hash_to_the_root(self, hands: Hands) -> None:
        register(hands)
        register(hands)

        kept = entries(hands)
        with hands.node.store.read() as view:
            position = view.journal.position("520402", 1)

        assert list(range(1, len(kept) + 1)) == [seq for _, seq, _, _ in kept]
        assert [leaf_hash(content) for _, _, content, _ in kept] == [leaf for _, _, _, leaf in kept]
        assert Range().extend([leaf for _, _, _, leaf in kept]).root() == position.root

    def test_the_first_entry_opens_the_epoch(self, hands: Hands) -> None:
        """DESIGN 13: a new node opens epoch 1 itself, by its first entry."""
        assert decode_content(entries(hands)[0][2]).header.kind == "EpochStarted"

    def test_a_refusal_writes_nothing(self, hands: Hands) -> None:
        ticket = register(hands)
        before = entries(hands)

        with pytest.raises(Refusal) as refused:
            hands.act("office", Form(category="coordination", passed=TESTS[:3]), ticket)

        assert Code.FORMING_TEST_FAILED is refused.value.code
        assert before == entries(hands)

    def test_the_same_command_again_gives_the_first_outcome(self, hands: Hands) -> None:
        """A second submit of the same form registers nothing twice."""
        first = register(hands, id="0190a000-0000-7000-8000-000000000001")
        before = entries(hands)

        again = register(hands, id="0190a000-0000-7000-8000-000000000001")

        assert first == again
        assert before == entries(hands)

    def test_a_clock_behind_the_last_entry_takes_no_command(self, hands: Hands) -> None:
        """DESIGN 9: until it is right again, a node whose clock went back takes no command that has a time."""
        register(hands)
        hands.later(days=-1)

        with pytest.raises(Refusal) as refused:
            register(hands)

        assert Code.CLOCK_BEHIND is refused.value.code


class TestConflict:
    """Two clerks at one ticket: the second sees that it moved on."""

    def test_an_older_version_is_refused(self, hands: Hands) -> None:
        ticket = register(hands)
        hands.act("office", Form(category="coordination", passed=TESTS), ticket, seen=(1, 1))

        with pytest.raises(Refusal) as refused:
            hands.act("office", Form(category="consultation", passed=TESTS), ticket, seen=(1, 1))

        assert Code.VERSION_CONFLICT is refused.value.code

    def test_of_two_at_once_exactly_one_is_carried_out(self, hands: Hands) -> None:
        hands.staff("housing")
        ticket = register(hands)
        hands.act("office", Form(category="coordination", passed=TESTS), ticket)
        unit = "520402-housing"
        hands.act("office", Dispatch(lead=unit), ticket)
        writer = Writer(hands.node.store)
        hands.node.handler._writer = writer
        orders = [hands.order("department", Sign(), ticket, "housing", seen=(1, 3)) for _ in range(8)]

        def tried(order: object) -> str:
            try:
                hands.node.handler.handle(order)  # type: ignore[arg-type]
            except Refusal as refusal:
                return refusal.code.name
            return "done"

        with ThreadPoolExecutor(8) as pool:
            answers = sorted(pool.map(tried, orders))
        writer.close()

        assert ["VERSION_CONFLICT"] * 7 + ["done"] == answers


class TestReadings:
    """Readings are folded with the entry that changes them, and can be folded again at any time."""

    def test_a_ticket_is_read_as_it_was_decided(self, hands: Hands) -> None:
        hands.staff("housing")
        ticket = register(hands)
        hands.act("office", Form(category="coordination", passed=TESTS), ticket)
        hands.act("office", Dispatch(lead="520402-housing"), ticket)

        with hands.node.store.read() as view:
            row = view.readings.rows({ticket})[ticket]

        assert ("dispatched", "department", "520402-housing", 3) == (row.state, row.with_whom, row.lead, row.version)

    def test_what_waits_has_a_running_clock(self, hands: Hands) -> None:
        """DESIGN 5: whoever must act now always has a running clock."""
        register(hands)

        with hands.node.store.read() as view:
            rows = view.connection.execute(select(schema.clocks.c.name, schema.clocks.c.due_at)).all()

        assert ["form"] == [row.name for row in rows]
        assert all(row.due_at is not None for row in rows)


class TestSealing:
    """Texts and contacts are never in an entry: they lie sealed beside it (DESIGN 4)."""

    def test_neither_words_nor_numbers_stand_in_the_journal(self, hands: Hands) -> None:
        ticket = register(hands)

        with hands.node.store.read() as view:
            every = b"".join(
                bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
                for table in schema.metadata.sorted_tables
                for row in view.connection.execute(select(table))
                for value in row
            )
            told = view.readings.ticket(ticket)

        assert told is not None
        assert [] == [canary for canary in (CANARY, PHONE, "王某") if canary.encode() in every]

    def test_the_node_itself_opens_them(self, hands: Hands) -> None:
        ticket = register(hands)

        with hands.node.store.read() as view:
            told = view.readings.ticket(ticket)
            assert told is not None
            assert isinstance(told.intake.appeal, SealedRef)
            assert isinstance(told.appellant.phone, SealedRef)
            opened = (view.payloads.open(told.subject, told.intake.appeal), view.payloads.open(told.subject, told.appellant.phone))

        assert (CANARY, PHONE) == opened

    def test_what_was_erased_does_not_open_and_the_log_still_verifies(self, hands: Hands) -> None:
        ticket = register(hands)
        with hands.node.store.write() as work:
            told = work.readings.ticket(ticket)
            assert told is not None
            work.payloads.erase(told.subject)

        with hands.node.store.read() as view, pytest.raises(Refusal) as refused:
            view.payloads.open(told.subject, told.intake.appeal)  # type: ignore[arg-type]

        assert Code.PAYLOAD_MISSING is refused.value.code
        kept = entries(hands)
        assert [leaf_hash(content) for _, _, content, _ in kept] == [leaf for _, _, _, leaf in kept]


class TestMigrations:
    """Both databases are made by the same migrations, and these make what the schema says."""

    def test_a_new_node_is_at_the_newest_revision(self, hands: Hands) -> None:
        from alembic.script import ScriptDirectory

        newest = ScriptDirectory.from_config(alembic_config()).get_current_head()

        assert (NEWEST, NEWEST) == (newest, revision(hands.node.store.database))

    def test_the_migrations_make_the_schema(self, hands: Hands) -> None:
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        with hands.node.store.database.writer.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            differences = compare_metadata(context, schema.metadata)

        assert [] == differences

    def test_files_that_were_wanted_stay_wanted_of_their_tickets(self, hands: Hands) -> None:
        """Up and down again; the former table knows no letters, and one ticket a file."""
        from alembic import command

        def migrate(step: Callable[[Config, str], None], to: str) -> None:
            with hands.node.store.database.write() as connection:
                config = alembic_config()
                config.attributes["connection"] = connection
                step(config, to)

        def rows(columns: str) -> list[tuple[object, ...]]:
            with hands.node.store.database.write() as connection:
                found = connection.exec_driver_sql(f"SELECT {columns} FROM wanted_blobs ORDER BY {columns}").all()
            return [tuple(row) for row in found]

        def wants(columns: str, *values: str) -> None:
            with hands.node.store.database.write() as connection:
                for value in values:
                    connection.exec_driver_sql(f"INSERT INTO wanted_blobs ({columns}, since, is_told) VALUES ({value}, 5, false)")

        migrate(command.downgrade, "0005_pre_unit_lists")
        wants("peer, digest, ticket", "'p', 'd', 't1'")
        migrate(command.upgrade, "0006_pre_wanted_subjects")
        assert [("p", "d", "ticket", "t1", 5)] == rows("peer, digest, kind, subject, since")

        wants("peer, digest, kind, subject", "'p', 'd', 'ticket', 't2'", "'p', 'd', 'letter', 'l'", "'p', 'e', 'letter', 'l'")
        migrate(command.downgrade, "0005_pre_unit_lists")
        assert [("p", "d", "t1", 5)] == rows("peer, digest, ticket, since")
        migrate(command.upgrade, "0007_pre_papers_of_ticket")
        with hands.node.store.database.write() as connection:
            connection.exec_driver_sql("UPDATE wanted_blobs SET is_told = true")
        migrate(command.upgrade, "head")
        assert [("p", 1)] == rows("peer, times_asked")
        migrate(command.downgrade, "0007_pre_papers_of_ticket")
        assert [("p", True)] == rows("peer, is_told")
        migrate(command.upgrade, "head")

    def test_the_words_of_dossiers_that_are_there_are_filled_in(self, hands: Hands) -> None:
        """As a fold writes them, whatever stands in the row; more dossiers than are read at once."""
        from alembic import command

        def migrate(step: Callable[[Config, str], None], to: str) -> None:
            with hands.node.store.database.write() as connection:
                config = alembic_config()
                config.attributes["connection"] = connection
                step(config, to)

        migrate(command.downgrade, "0011_pre_certificate_ends")
        row = {"owner": "520402", "state": "issued", "version": 1, "key": "", "opened_at": 1, "changed_at": 1}
        rows = [{**row, "id": f"o-{n:04}", "kind": "order", "parties": ",", "about": f",t-{n},"} for n in range(2_001)]
        rows += [{**row, "id": f"p-{kind}", "kind": kind, "parties": ",a,b,", "about": ",t-1,t-2,"} for kind in ("paper", "letter")]
        with hands.node.store.database.write() as connection:
            connection.execute(insert(schema.dossiers), rows)
        migrate(command.upgrade, "head")

        words = schema.dossier_words
        columns = (words.c.dossier, words.c.kind, words.c.name, words.c.word)
        with hands.node.store.read() as view:
            found = [tuple(one) for one in view.connection.execute(select(*columns).order_by(*columns))]
        assert 2_001 == sum(one[1:3] == ("order", "about") and f"t-{int(one[0][2:])}" == one[3] for one in found)
        assert [
            *(("p-letter", "letter", "about", "t-1"), ("p-letter", "letter", "about", "t-2")),
            *((f"p-{kind}", kind, "party", word) for kind in ("letter", "paper") for word in "ab"),
        ] == [one for one in found if one[0].startswith("p-")]

    def test_a_node_opens_again_as_it_was_left(self, hands: Hands) -> None:
        ticket = register(hands)
        data_dir = hands.node.data_dir
        hands.node.close()

        again = app.build(data_dir)
        with again.store.read() as view:
            row = view.readings.rows({ticket})[ticket]
        again.close()

        assert "registered" == row.state


class TestSweep:
    """The clock service fires what is due, once, whatever was missed while the node was off."""

    def test_what_was_missed_fires_once_and_in_order(self, hands: Hands) -> None:
        ticket = register(hands)
        hands.later(days=9)

        first = hands.node.sweep.run(hands.now)
        second = hands.node.sweep.run(hands.now + timedelta(minutes=1))

        with hands.node.store.read() as view:
            fired = [
                one.content.event.rung
                for one in view.journal.of_subject(view.readings.ticket(ticket).subject)
                if one.header.kind == "RungFired"
            ]  # type: ignore[union-attr]
        assert ["early_warning", "overdue"] == fired
        assert (2, 0) == (first.fired, second.fired)


class TestFaults:
    """Nothing is half-written: an error in the middle leaves the node as it was."""

    def test_an_error_before_the_commit_leaves_nothing(self, hands: Hands) -> None:
        before = entries(hands)

        def die(point: str) -> None:
            if point == "commit.before":
                raise RuntimeError(point)

        hands.node.store.fault = die
        with pytest.raises(RuntimeError):
            register(hands)
        hands.node.store.fault = lambda _point: None

        assert before == entries(hands)
        assert "20" == register(hands)[6:8]

    def test_two_processes_at_once_lose_nothing(self, hands: Hands) -> None:
        """Read-then-write under the head's lock: 4 x 25 turns of two openings of one database end at 100."""
        second = app.build(hands.node.data_dir)

        def turns(store: Store) -> None:
            for _ in range(25):
                with store.write() as work:
                    work.head.swept_at += 1

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(turns, [hands.node.store, second.store] * 2))
        with second.store.read() as view:
            reached = view.head.swept_at
        second.close()

        assert 100 == reached

    @pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
    def test_a_full_disk_is_an_answer_and_leaves_nothing_half(self, hands: Hands) -> None:
        """FEDERATION 2.3 no. 18: intake is told to come again, reading goes on, and work goes on without a restart."""
        before = entries(hands)
        with hands.node.store.database.write() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        with hands.node.store.database.writer.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        with pytest.raises(Refusal) as refused:
            for _ in range(50):
                hands.act("window_clerk", Register(channel="window", appeal=Text("x" * 20_000), phone=Contact(PHONE), judgement="foreign"))
        kept = entries(hands)
        with hands.node.store.database.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=1000000")

        assert Code.STORAGE_FULL is refused.value.code
        assert before == kept[: len(before)]
        assert list(range(1, len(kept) + 1)) == [seq for _, seq, _, _ in kept]
        assert register(hands)
