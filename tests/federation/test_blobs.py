"""Attachments between levels (FEATURES 96): fetched by the right of the ticket, in pieces, and never in an entry's way."""

import hashlib
from pathlib import Path

import pytest

from federation import blobs
from federation.client import Peer, Superior
from federation.retry import CallFailed
from federation.v1 import link_pb2
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import SubmitMaterial
from node.domain.ticket.ticket import Ticket
from node.services import attachments
from node.v1 import entry_pb2
from tests.clauses.test_levels import contents_of
from tests.federation.exchange import CITY, PASSED, PROVINCE, Tree, at
from tests.federation.levels import WALL, Place, serve
from tests.federation.situations import escalate
from tests.web.api import Caller
from tests.web.support import at_desk

LETTER = "盖章的申请".encode() * 40_000
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 3000


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def file_in(county: Place, ticket: str, *contents: bytes) -> list[str]:
    """Hand files in for a ticket of *county*."""
    names = [county.hands.node.blobs.put(one) for one in contents]
    for name in names:
        county.hands.act("window_clerk", SubmitMaterial(name, Text("材料.pdf")), ticket)
    return names


def escalated_with(tree: Tree, *contents: bytes) -> tuple[str, list[str]]:
    """A ticket of the county with these files, and the city asked to take it; not settled yet."""
    ticket = tree.county.register()
    names = file_in(tree.county, ticket, *contents)
    escalate(tree.county, ticket)
    return ticket, names


def exchange(below: Place) -> int:
    """What the subordinate's job does, with what its session was told."""
    assert below.session is not None
    wanted, below.session.wanted = below.session.wanted, ()
    ends: list[Peer] = list(below.session.ends.values())
    return blobs.exchange(below.level, below.session.peer, ends[0], wanted)


def stored(place: Place) -> set[str]:
    return set(place.hands.node.blobs.names())


class TestUp:
    """AS25-3.2.1d: content and materials travel with what is submitted."""

    @pytest.mark.clause("AS25-3.2.1d")
    def test_what_the_city_submits_to_the_province_arrives_with_its_files_and_its_history(self, tree: Tree) -> None:
        """Two files, byte for byte, and the five entries before; a department that submits by itself gets 403."""
        city, province = tree.city, tree.province
        ticket = city.register()
        names = file_in(city, ticket, LETTER, PHOTO)
        city.hands.staff("housing")
        city.hands.act("office", Form("coordination", "plain", PASSED), ticket)
        city.hands.act("office", Dispatch(f"{CITY}-housing"), ticket)
        history = contents_of(city.hands, ticket, by=CITY)
        assert 5 == len(history)

        submitted = {"power_item": "LAND-07", "reason": "超出市级权限", "materials": names}
        refused, taken = (
            Caller(city.hands, account, role).post(f"/tickets/{ticket}/request-escalation", submitted)
            for account, role in (("d-housing", "department"), ("centre", "office"))
        )
        assert (403, "PERMISSION_DENIED", 200) == (refused.status_code, refused.json()["code"], taken.status_code)
        tree.settle(60)
        assert 2 == exchange(city)

        arrived = contents_of(province.hands, ticket, by=CITY)
        assert (history, contents_of(city.hands, ticket, by=CITY)) == (arrived[:5], arrived)
        assert [LETTER, PHOTO] == [province.hands.node.blobs.get(one) for one in names]
        assert [name_of(LETTER), name_of(PHOTO)] == names
        shown = Caller(province.hands, "centre", "office").get(f"/tickets/{ticket}").json()["ticket"]
        assert ("escalated", PROVINCE) == (shown["state"], shown["asked"])
        desk = at_desk(province.hands, "centre", "office")
        assert [LETTER, PHOTO] == [desk.get(f"/tickets/{ticket}/attachments/{one}").content for one in names]

    def test_an_escalated_ticket_brings_its_files_up_to_the_province_byte_for_byte(self, tree: Tree) -> None:
        _, names = escalated_with(tree, LETTER, PHOTO)
        tree.settle(60)

        assert 2 == exchange(tree.county)

        assert set(names) <= stored(tree.city)
        assert [LETTER, PHOTO] == [tree.city.hands.node.blobs.get(one) for one in names]
        assert () == tuple(wanted(tree.city)), "and nobody asks again"

    def test_a_cut_in_the_middle_goes_on_where_it_was(self, tree: Tree) -> None:
        _, (name,) = escalated_with(tree, LETTER)
        tree.settle(60)
        wire, pieces = tree.wires[tree.county.code], -(-len(LETTER) // blobs.piece_bytes_max)

        wire.calls.clear()
        with cut_after(tree, 1), pytest.raises(CallFailed):
            exchange(tree.county)
        assert blobs.piece_bytes_max == tree.city.hands.node.blobs.begun(name)
        tree.settle(60)
        wire.calls.clear()

        assert 1 == exchange(tree.county)
        assert pieces == wire.calls.count("PutBlob"), "one to learn where to go on, then the rest"
        assert LETTER == tree.city.hands.node.blobs.get(name)

    def test_bytes_that_come_to_another_digest_are_thrown_away(self, tree: Tree) -> None:
        _, (name,) = escalated_with(tree, PHOTO)
        path = tree.county.hands.node.data_dir / "blobs" / name[:2] / name
        path.write_bytes(b"x" + PHOTO[1:])
        tree.settle(60)

        assert 0 == exchange(tree.county)

        assert name not in stored(tree.city)
        assert 0 == tree.city.hands.node.blobs.begun(name)

    def test_a_missing_file_holds_up_nothing(self, tree: Tree) -> None:
        ticket, (name,) = escalated_with(tree, PHOTO)
        (tree.county.hands.node.data_dir / "blobs" / name[:2] / name).unlink()
        tree.settle(60)

        assert 0 == exchange(tree.county)
        assert [name] == [one.digest for one in wanted(tree.city)], "it is told again at each greeting"
        assert name in attachments.digests_of(at(tree.city, ticket))

    def test_a_file_that_never_comes_keeps_no_other_waiting(self, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
        """More are wanted than one greeting names, and the first of them are lost for good."""
        monkeypatch.setattr(attachments, "asked_at_once_max", 1)
        contents = [PHOTO + bytes([number]) for number in range(3)]
        _, names = escalated_with(tree, *contents)
        *lost, left = sorted(names)
        for name in lost:
            (tree.county.hands.node.data_dir / "blobs" / name[:2] / name).unlink()

        for _ in range(3):
            greet(tree.county)
            tree.settle(60)
            exchange(tree.county)

        assert left in stored(tree.city)
        assert set(lost) == {one.digest for one in all_wanted(tree.city, tree.county)}

    def test_what_nobody_wants_is_not_taken(self, tree: Tree) -> None:
        """A subordinate cannot fill its superior's disk."""
        wire = tree.wires[tree.county.code]
        request = link_pb2.PutBlobRequest(sha256=hashlib.sha256(PHOTO).digest(), size=len(PHOTO), chunk=PHOTO[:10])

        with pytest.raises(CallFailed) as caught:
            wire.put_blob(request)

        assert Code.BLOB_FOREIGN is caught.value.failure.code
        assert 0 == tree.city.hands.node.blobs.begun(name_of(PHOTO))

    def test_the_city_asks_on_for_what_the_province_wants(self, tree: Tree) -> None:
        """The province looks into a ticket that the county holds: the city has none of its files either."""
        ticket = tree.county.register()
        name = file_in(tree.county, ticket, PHOTO)[0]
        tree.settle(60)
        assert [] == wanted(tree.city), "what a county holds itself, nobody fetches before he looks at it"
        want(tree.province, ticket)
        tree.settle(60)
        assert 0 == exchange(tree.city)
        tree.settle(60)

        assert 1 == exchange(tree.county)
        tree.settle(60)
        assert 1 == exchange(tree.city)

        assert PHOTO == tree.province.hands.node.blobs.get(name)

    def test_over_a_real_connection(self, tree: Tree) -> None:
        _, (name,) = escalated_with(tree, LETTER)
        tree.settle(60)
        assert tree.county.session is not None
        server = serve(tree.city)
        end = Superior(f"127.0.0.1:{server.port}", tree.county.files.uplink, tree.county.code, tree.city.code, lambda: WALL)
        try:
            given = blobs.exchange(tree.county.level, tree.city.code, end, tree.county.session.wanted)
        finally:
            end.close()
            server.stop()

        assert (1, LETTER) == (given, tree.city.hands.node.blobs.get(name))


class TestDown:
    """What a superior holds of a ticket of the subordinate's, it gives; and nothing else."""

    def test_a_file_that_was_lost_below_comes_back(self, tree: Tree) -> None:
        ticket, (name,) = escalated_with(tree, LETTER)
        tree.settle(60)
        exchange(tree.county)
        (tree.county.hands.node.data_dir / "blobs" / name[:2] / name).unlink()

        want(tree.county, ticket)
        assert 1 == exchange(tree.county)

        assert LETTER == tree.county.hands.node.blobs.get(name)

    def test_a_file_that_the_superior_has_lost_keeps_no_other_waiting(self, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket, names = escalated_with(tree, *(PHOTO + bytes([number]) for number in range(3)))
        tree.settle(60)
        assert 3 == exchange(tree.county)
        monkeypatch.setattr(attachments, "asked_at_once_max", 1)
        *lost, left = sorted(names)
        for name in names:
            (tree.county.hands.node.data_dir / "blobs" / name[:2] / name).unlink()
        for name in lost:
            (tree.city.hands.node.data_dir / "blobs" / name[:2] / name).unlink()
        want(tree.county, ticket)

        assert [0, 0, 1] == [exchange(tree.county) for _ in range(3)]
        assert {left} == stored(tree.county) & {*names}

    def test_another_countys_file_is_refused(self, tree: Tree) -> None:
        ticket, (name,) = escalated_with(tree, PHOTO)
        tree.settle(60)
        exchange(tree.county)
        subject = entry_pb2.Subject(kind="ticket", id=ticket)

        with pytest.raises(CallFailed) as caught:
            tree.wires[tree.sister.code].get_blob(link_pb2.GetBlobRequest(sha256=bytes.fromhex(name), subject=subject))

        assert Code.BLOB_FOREIGN is caught.value.failure.code

    def test_a_file_that_no_entry_of_the_ticket_names_is_refused(self, tree: Tree) -> None:
        ticket, _ = escalated_with(tree, PHOTO)
        tree.settle(60)
        secret = tree.city.hands.node.blobs.put(b"of another ticket")
        subject = entry_pb2.Subject(kind="ticket", id=ticket)

        with pytest.raises(CallFailed) as caught:
            tree.wires[tree.county.code].get_blob(link_pb2.GetBlobRequest(sha256=bytes.fromhex(secret), subject=subject))

        assert Code.BLOB_FOREIGN is caught.value.failure.code
        with pytest.raises(Refusal) as refused:
            attachments.content_of(tree.city.hands.node.blobs, at(tree.city, ticket), secret)
        assert Code.EVIDENCE_UNKNOWN is refused.value.code


def wanted(place: Place) -> list[attachments.Wanted]:
    with place.level.store.read() as view:
        return [one for node in view.place().subordinates for one in attachments.wanted_from(view, node)]


def all_wanted(place: Place, of: Place) -> list[attachments.Wanted]:
    """What *place* wants of *of*, more than it asks for at once too."""
    with place.level.store.read() as view, pytest.MonkeyPatch.context() as patch:
        patch.setattr(attachments, "asked_at_once_max", 1_000)
        return attachments.wanted_from(view, of.code)


def greet(below: Place) -> None:
    """Its next call up is a greeting."""
    assert below.session is not None
    below.session.machine.greet_again()


def want(place: Place, ticket: str) -> None:
    """Somebody at *place* opens the ticket, and the files are not there."""
    found: Ticket = at(place, ticket)
    level = place.level
    level.writer.command(lambda work: attachments.want(work, level.handler.blobs, found, level.now()))


class cut_after:
    """The county's wire is cut after so many more calls."""

    def __init__(self, tree: Tree, calls: int) -> None:
        self._wire, self._left = tree.wires[tree.county.code], calls

    def __enter__(self) -> None:
        self._call = self._wire._call

        def counted(name: str, request: object) -> object:
            self._wire.is_cut = self._left <= 0
            self._left -= 1
            return self._call(name, request)

        self._wire._call = counted  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        self._wire._call, self._wire.is_cut = self._call, False  # type: ignore[method-assign]
