"""Taking a peer's entries, on both databases: verify, append, fold, route, or say why not (FEDERATION 2.2 R5, 2.3)."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import event, select

from federation.codec import Carried, Segment
from federation.mirror import Mirror, Taken
from federation.outgoing import read_up
from node.domain.merkle import Range, leaf_hash
from node.domain.refusal import Code, Refusal
from node.storage import schema
from node.storage.riders import KeyRow
from node.v1 import entry_pb2
from tests.federation.levels import Place, enrol, make_place

COUNTY, CITY = "520402", "520400"


MALFORMED: list[dict[str, object]] = [
    {"node": "520424"},
    {"epoch": 2},
    {"seq": 77},
    {"id": ""},
    {"id": "not-an-id"},
    {"id": "018F2C4A-0000-7000-8000-000000000001"},
    {"kind": ""},
]


@dataclass
class Pair:
    """A county and its city, joined, nothing sent yet."""

    county: Place
    city: Place

    def owed(self, after: int = 0) -> list[Segment]:
        with self.county.level.store.read() as view:
            return list(read_up(view, after).segments)

    def take(self, *segments: Segment, peer: str = COUNTY) -> Taken:
        mirror = Mirror(self.city.level.now)
        return self.city.level.writer.batch(lambda work: mirror.take(work, peer, segments), 1)

    def refused(self, *segments: Segment, peer: str = COUNTY) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.take(*segments, peer=peer)
        return caught.value


@pytest.fixture
def pair(tmp_path: Path, database_url: str) -> Pair:
    county, city = make_place(tmp_path, COUNTY), make_place(tmp_path, CITY, "anshun-2025", database_url=database_url)
    enrol(county, city)
    county.register()
    return Pair(county, city)


def sizes(taken: Taken) -> list[tuple[str, int, int]]:
    return [(one.node, one.epoch, one.size) for one in taken.positions]


def part(segment: Segment, start: int, end: int) -> Segment:
    """Entries *start* to *end* (seq, both counted) of a segment that begins at 1."""
    return replace(segment, from_seq=start, entries=segment.entries[start - segment.from_seq : end - segment.from_seq + 1])


def edited(carried: Carried, **changes: object) -> Carried:
    content = entry_pb2.EntryContent.FromString(carried.data)
    for name, value in changes.items():
        setattr(content, name, value)
    return carried._replace(data=content.SerializeToString(deterministic=True))


class TestTake:
    """The mirror is byte for byte the stream, and the answer is where it stands."""

    def test_a_batch_is_taken_and_answered_with_its_position(self, pair: Pair) -> None:
        taken = pair.take(*pair.owed())

        assert pair.county.contents(COUNTY) == pair.city.contents(COUNTY)
        assert [pair.county.position(COUNTY)] == [(one.size, one.root) for one in taken.positions]

    def test_it_is_folded_in_the_same_transaction(self, pair: Pair) -> None:
        number = pair.county.register()

        pair.take(*pair.owed())

        assert (COUNTY, "registered") in {(row.origin, row.state) for row in pair.city.rows(schema.tickets) if row.id == number}

    def test_a_duplicate_batch_changes_nothing(self, pair: Pair) -> None:
        """FEDERATION 2.3 no. 1."""
        first = pair.take(*pair.owed())
        before = pair.city.rows(schema.entries)

        again = pair.take(*pair.owed())

        assert (first.positions, 0) == (again.positions, again.entries)
        assert before == pair.city.rows(schema.entries)

    def test_a_gap_is_left_out_and_the_position_says_so(self, pair: Pair) -> None:
        """FEDERATION 2.3 no. 3: no reordering buffer; the sender goes on from the position."""
        (whole,) = pair.owed()
        pair.take(part(whole, 1, 3))

        taken = pair.take(part(whole, 6, 8))

        assert ([(COUNTY, 1, 3)], 0) == (sizes(taken), taken.entries)

    def test_batches_that_overlap_and_overtake_each_other_end_up_the_same(self, pair: Pair) -> None:
        """FEDERATION 2.3 no. 4."""
        (whole,) = pair.owed()
        last = len(whole.entries)
        for start, end in ((4, 7), (1, 5), (3, 9), (1, 2), (8, last), (6, last), (1, last)):
            pair.take(part(whole, start, end))

        assert pair.county.contents(COUNTY) == pair.city.contents(COUNTY)
        assert pair.county.position(COUNTY) == pair.city.position(COUNTY)

    def test_the_order_of_the_request_is_the_order_of_taken(self, pair: Pair) -> None:
        """What a node knew when it wrote arrives before what it wrote."""
        (whole,) = pair.owed()
        pair.take(part(whole, 1, 4), part(whole, 5, 6), part(whole, 7, 8))

        table = schema.entries
        with pair.city.level.store.read() as view:
            seqs = view.connection.execute(select(table.c.seq).where(table.c.node == COUNTY).order_by(table.c.taken)).scalars().all()
        assert list(range(1, 9)) == list(seqs)


class TestFork:
    """Other bytes under a number that is taken: kept, refused, shown (FEDERATION 2.3 no. 2)."""

    def test_the_other_bytes_are_kept_and_the_link_is_forked(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        pair.take(whole)
        other = edited(whole.entries[4], cause="another past")

        taken = pair.take(replace(whole, entries=(*whole.entries[:4], other)))

        assert taken.refusal is not None
        assert (Code.FORK, "5") == (taken.refusal.code, taken.refusal.facts["seq"])
        assert [("fork", COUNTY, 1, 5, other.data)] == [
            (row.kind, row.node, row.epoch, row.seq, bytes(row.content)) for row in pair.city.rows(schema.incidents)
        ]
        assert "forked" == pair.city.link(COUNTY).status
        assert pair.county.contents(COUNTY) == pair.city.contents(COUNTY)

    def test_what_stands_before_the_fork_is_taken(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        pair.take(part(whole, 1, 3))
        other = edited(whole.entries[1], cause="another past")

        taken = pair.take(part(whole, 4, 6), replace(part(whole, 2, 2), entries=(other,)))

        assert ([(COUNTY, 1, 6)], 3) == (sizes(taken), taken.entries)
        assert taken.refusal is not None

    def test_the_same_fork_again_is_one_incident(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        pair.take(whole)
        other = replace(part(whole, 5, 5), entries=(edited(whole.entries[4], cause="another past"),))
        pair.take(other)
        pair.take(other)

        assert 1 == len(pair.city.rows(schema.incidents))


class TestRefusals:
    """What is refused leaves nothing behind."""

    def test_a_stream_of_somebody_else(self, pair: Pair) -> None:
        (whole,) = pair.owed()

        refusals = [
            pair.refused(replace(whole, node="520424")),
            pair.refused(replace(whole, node=CITY)),
            pair.refused(whole, peer="520424"),
        ]

        assert [(Code.FOREIGN_STREAM, "520424"), (Code.FOREIGN_STREAM, CITY), (Code.FOREIGN_STREAM, COUNTY)] == [
            (one.code, one.facts["node"]) for one in refusals
        ]

    @pytest.mark.parametrize("epoch", [2, 3])
    def test_an_epoch_that_is_not_the_current_one(self, pair: Pair, epoch: int) -> None:
        """FEDERATION 2.3 no. 5: with an answer that names the current one; silence would kill the link."""
        (whole,) = pair.owed()

        refusal = pair.refused(replace(whole, epoch=epoch))

        assert (Code.STALE_EPOCH, "1") == (refusal.code, refusal.facts["current"])

    def test_a_malformed_entry_is_refused_by_its_field(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        fields = []
        for changes in MALFORMED:
            entries = list(whole.entries)
            entries[3] = edited(entries[3], **changes)
            refusal = pair.refused(replace(whole, entries=tuple(entries)))
            fields.append((refusal.code, refusal.facts["field"], refusal.facts["seq"]))

        assert [(Code.MALFORMED_ENTRY, next(iter(changes)), "4") for changes in MALFORMED] == fields
        assert [] == pair.city.contents(COUNTY)

    def test_bytes_that_are_no_entry(self, pair: Pair) -> None:
        (whole,) = pair.owed()

        refusal = pair.refused(replace(whole, entries=(Carried(b"\xff\xff\xff"),)))

        assert (Code.MALFORMED_ENTRY, "content", COUNTY) == (refusal.code, refusal.facts["field"], refusal.facts["node"])

    def test_a_malformed_entry_behind_good_segments_undoes_them(self, pair: Pair) -> None:
        """All of a batch or nothing: a bad job in the writer's group disturbs no other."""
        (whole,) = pair.owed()
        bad = replace(part(whole, 4, 4), entries=(edited(whole.entries[3], seq=9),))

        pair.refused(part(whole, 1, 3), bad)

        assert [] == pair.city.contents(COUNTY)
        assert [(COUNTY, 1, 3)] == sizes(pair.take(part(whole, 1, 3)))


class TestUnknown:
    """Replicate first, interpret later (FEDERATION 2.3 no. 14, 15)."""

    def test_an_unknown_kind_is_kept_and_put_into_quarantine(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        entries = list(whole.entries)
        entries[4] = edited(entries[4], kind="FromTheFuture", body=b"\x0a\x03abc")

        pair.take(replace(whole, entries=tuple(entries)))

        assert [entry.data for entry in entries] == pair.city.contents(COUNTY)
        assert ["unknown_kind"] == [row.reason for row in pair.city.rows(schema.quarantine)]

    def test_a_broken_body_is_kept_and_what_stands_behind_it_flows_on(self, pair: Pair) -> None:
        number = pair.county.register()
        (whole,) = pair.owed()
        entries = list(whole.entries)
        entries[-2] = edited(entries[-2], body=b"\xff\xff")

        pair.take(replace(whole, entries=tuple(entries)))

        assert 1 == len(pair.city.rows(schema.quarantine))
        assert [number] == [row.id for row in pair.city.rows(schema.tickets)]


class TestRiders:
    """What rides beside an entry is kept only if it fits what the entry names."""

    def test_payloads_and_keys_arrive_as_they_were_sent(self, pair: Pair) -> None:
        pair.take(*pair.owed())

        assert _payloads(pair.county) == _payloads(pair.city)
        # Its own keys the city has, too: those of the county are what came.
        assert _keys(pair.county) == {key for key in _keys(pair.city) if key[1] == COUNTY}

    def test_a_ciphertext_that_is_not_what_the_entry_names_is_dropped(self, pair: Pair) -> None:
        (whole,) = pair.owed()
        laden = whole.entries[-1]
        (blob, good), *others = laden.sealed
        forged = laden._replace(sealed=((blob, good + b"x"), *others, (b"s" * 32, b"stranger")))

        pair.take(replace(whole, entries=(*whole.entries[:-1], forged)))

        assert (len(laden.sealed) - 1, 1) == (
            sum(1 for _, ciphertext in _payloads(pair.city) if ciphertext is not None),
            sum(1 for name, ciphertext in _payloads(pair.city) if name == blob and ciphertext is None),
        )
        assert pair.county.contents(COUNTY) == pair.city.contents(COUNTY)

    def test_nobody_brings_a_key_in_anothers_name(self, pair: Pair) -> None:
        """Else a county could take the place of its sister's key before that has come."""
        (whole,) = pair.owed()
        stranger = KeyRow("text", "520424", "2026-01", "", "", "520400/node", b"w" * 80)
        entries = (*whole.entries[:-1], whole.entries[-1]._replace(keys=(stranger,)))

        pair.take(replace(whole, entries=entries))

        assert [] == [row for row in pair.city.rows(schema.wrapped_keys) if row.node == "520424"]


class TestDown:
    """What comes from above has a numbering of its own, and is never sent up again."""

    def test_it_is_taken_once_in_its_numbering(self, pair: Pair) -> None:
        carried = _city_entries(pair)
        mirror = Mirror(pair.county.level.now)

        def take(from_seq: int, entries: list[Carried]) -> tuple[int, bytes]:
            position = pair.county.level.writer.batch(lambda work: mirror.take_down(work, CITY, 1, from_seq, entries), 1)
            return position.size, position.root

        steps = [take(1, carried[:2]), take(4, carried[3:5]), take(2, carried[1:4]), take(1, carried[:4])]

        assert [2, 2, 4, 4] == [size for size, _ in steps]
        assert Range().extend([leaf_hash(one.data) for one in carried[:4]]).root() == steps[-1][1]
        assert [one.data for one in carried[:4]] == pair.county.contents(CITY)
        assert {CITY} == {row.node for row in pair.county.rows(schema.entries) if row.from_above}
        assert {COUNTY} == {segment.node for segment in pair.owed()}

    def test_another_numbering_is_refused(self, pair: Pair) -> None:
        mirror = Mirror(pair.county.level.now)

        with pytest.raises(Refusal) as caught:
            pair.county.level.writer.batch(lambda work: mirror.take_down(work, CITY, 2, 1, _city_entries(pair)), 1)

        assert (Code.DOWN_EPOCH, "1") == (caught.value.code, caught.value.facts["current"])

    def test_what_this_node_wrote_itself_is_only_counted(self, pair: Pair) -> None:
        """Its own stream it holds whole; a superior cannot write into it."""
        (whole,) = pair.owed()
        before = pair.county.contents(COUNTY)
        forged = edited(whole.entries[0], seq=len(before) + 1)
        mirror = Mirror(pair.county.level.now)

        position = pair.county.level.writer.batch(lambda work: mirror.take_down(work, CITY, 1, 1, [whole.entries[0], forged]), 1)

        assert (2, before) == (position.size, pair.county.contents(COUNTY))

    def test_a_superior_that_tells_two_histories_is_a_fork(self, pair: Pair) -> None:
        carried = _city_entries(pair)
        mirror = Mirror(pair.county.level.now)
        pair.county.level.writer.batch(lambda work: mirror.take_down(work, CITY, 1, 1, carried[:2]), 1)

        with pytest.raises(Refusal) as caught:
            pair.county.level.writer.batch(lambda work: mirror.take_down(work, CITY, 1, 3, [edited(carried[1], cause="other")]), 1)

        assert Code.FORK == caught.value.code
        assert 2 == pair.county.link(CITY).down_size


def test_a_backlog_costs_a_fixed_number_of_commits_and_few_statements(pair: Pair) -> None:
    """DESIGN 12: entries that call for no reaction move the cursor of reactions in the batch's own commit."""
    (whole,) = pair.owed()
    statements: list[str] = []
    engine = pair.city.level.store.database.writer
    pair.city.reactions.run()
    pair.take(part(whole, 1, 1))
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    pair.take(part(whole, 2, 9))

    with pair.city.level.store.read() as view:
        assert view.head.taken == view.head.reacted
    assert len(statements) <= 30


def _city_entries(pair: Pair) -> list[Carried]:
    """The city's own entries, as a down link would carry them."""
    return [Carried(data) for data in pair.city.contents(CITY)]


def _payloads(place: Place) -> list[tuple[bytes, bytes | None]]:
    rows = place.rows(schema.payloads)
    return sorted(
        (bytes(row.blob), None if row.ciphertext is None else bytes(row.ciphertext)) for row in rows if row.subject_kind == "ticket"
    )


def _keys(place: Place) -> set[tuple[str, str, str, str, str, bytes]]:
    return {(row.kind, row.node, row.month, row.subject_id, row.recipient, bytes(row.wrapped)) for row in place.rows(schema.wrapped_keys)}
