"""Files of letters between levels (AS25-3.2.3): to whom a letter is addressed, back to whom asked, and to nobody else."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from federation import blobs
from federation.client import Peer
from federation.retry import CallFailed
from federation.v1 import link_pb2
from node.domain.entry import Subject
from node.domain.letter.answering import AnswerLetter, ReportLetter
from node.domain.letter.record import Letter
from node.domain.letter.sending import AskGuidance, PublishNotice, RaiseIssue, SubmitIssue
from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.time import local_day
from node.services import attachments, letter_files
from node.services.attachments import Wanted
from node.storage import schema
from node.v1 import entry_pb2
from tests.clauses.given import refuses
from tests.federation.exchange import COUNTY, Tree, the_letter
from tests.federation.levels import Place

PDF = b"%PDF-1.7\n" + "关于开展走访月活动的通知".encode() * 20_000
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(range(256)) * 300
REPLY = b"%PDF-1.7\n" + "答复意见".encode() * 2000


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def stored(place: Place, content: bytes) -> str:
    """A file that somebody handed in at *place*."""
    return place.hands.node.blobs.put(content)


def has(place: Place, content: bytes) -> bool:
    """True if the file is at *place*, byte for byte."""
    files = place.hands.node.blobs
    return files.has(name_of(content)) and files.get(name_of(content)) == content


def wanted(place: Place) -> list[tuple[str, str, str]]:
    """Of whom *place* wants which files, and on whose account."""
    return sorted((row.peer, row.digest, row.kind) for row in place.rows(schema.wanted_blobs))


def exchange(below: Place) -> int:
    """What the subordinate's job does, with what its session was told."""
    assert below.session is not None
    told, below.session.wanted = below.session.wanted, ()
    ends: list[Peer] = list(below.session.ends.values())
    return blobs.exchange(below.level, below.session.peer, ends[0], told)


def go_round(tree: Tree) -> None:
    """Entries arrive, everybody greets, and each subordinate's job runs, often enough for the whole way."""
    for _ in range(3):
        tree.settle(60)
        for below in (tree.county, tree.sister, tree.city):
            exchange(below)


def a_notice(author: Place, *contents: bytes, to: tuple[str, ...] = ()) -> str:
    files = tuple(stored(author, one) for one in contents)
    return author.hands.act("office", PublishNotice(Text("走访月"), Text("见附件"), to=to, evidence=files)).subject.id


def get(tree: Tree, below: Place, letter: str, content: bytes) -> link_pb2.GetBlobResponse:
    """The subordinate asks for a piece, whether it is its own or not."""
    request = link_pb2.GetBlobRequest(sha256=bytes.fromhex(name_of(content)), subject=entry_pb2.Subject(kind="letter", id=letter))
    return tree.wires[below.code].get_blob(request)


def put(tree: Tree, below: Place, letter: str, content: bytes) -> link_pb2.PutBlobResponse:
    """The subordinate sends a piece, whether it is wanted or not."""
    subject = entry_pb2.Subject(kind="letter", id=letter)
    request = link_pb2.PutBlobRequest(sha256=bytes.fromhex(name_of(content)), size=len(content), chunk=content[:9], subject=subject)
    return tree.wires[below.code].put_blob(request)


@contextmanager
def foreign() -> Iterator[None]:
    """What is done here is refused by the other side: no right to it."""
    with pytest.raises(CallFailed) as caught:
        yield
    assert Code.BLOB_FOREIGN is caught.value.failure.code


class TestNotices:
    """AS25-3.2.3a: what is attached to a notice comes where the notice comes."""

    def test_a_citys_notice_brings_its_document_to_both_counties_and_to_nobody_above(self, tree: Tree):
        """Wanted when the letter arrives, before anybody opens it."""
        a_notice(tree.city, PDF)
        tree.settle()
        assert [("520400", name_of(PDF), "letter")] == wanted(tree.county) == wanted(tree.sister)

        assert [1, 1] == [exchange(tree.county), exchange(tree.sister)]

        assert (True, True, False) == (has(tree.county, PDF), has(tree.sister, PDF), has(tree.province, PDF))
        assert [[], [], []] == [wanted(place) for place in (tree.county, tree.sister, tree.city)]

    def test_a_provinces_notice_comes_through_the_city_to_the_county_that_it_names(self, tree: Tree):
        """The city is not addressed and has not asked for it: it asks on for whoever is."""
        a_notice(tree.province, PDF, to=(COUNTY,))
        tree.settle()
        assert ([], []) == (wanted(tree.city), wanted(tree.sister))

        assert (0, 1, 1) == (exchange(tree.county), exchange(tree.city), exchange(tree.county))

        assert (True, False) == (has(tree.county, PDF), has(tree.sister, PDF))
        assert [[], []] == [wanted(place) for place in (tree.county, tree.city)]

    def test_a_county_that_is_not_addressed_is_refused(self, tree: Tree):
        """By both ways, also with the digest and the letter's id in hand."""
        letter = a_notice(tree.city, PDF, to=(COUNTY,))
        tree.settle()

        assert PDF[:9] == get(tree, tree.county, letter, PDF).chunk[:9]
        with foreign():
            get(tree, tree.sister, letter, PDF)
        with foreign():
            put(tree, tree.sister, letter, b"of nobody")
        assert [] == wanted(tree.sister)

    def test_what_the_letter_does_not_name_is_refused(self, tree: Tree):
        """A letter opens no other file of the city's."""
        letter = a_notice(tree.city, PDF)
        stored(tree.city, b"a secret of the city")
        tree.settle()

        with foreign():
            get(tree, tree.county, letter, b"a secret of the city")

    def test_a_file_that_the_author_lost_comes_back_from_whom_it_addressed(self, tree: Tree):
        letter = a_notice(tree.city, PDF)
        go_round(tree)
        tree.city.hands.node.blobs.discard(name_of(PDF))

        open_at(tree.city, letter)
        go_round(tree)

        assert has(tree.city, PDF)


class TestReports:
    """AS25-3.2.3a: what was done is shown above, and is none of a sister's business."""

    def test_a_reports_file_goes_up_to_whoever_wrote_the_notice(self, tree: Tree):
        """Through the city, which is only on the way."""
        notice = PublishNotice(Text("走访月"), Text("请报告"), local_day(tree.county.hands.now))
        letter = tree.province.hands.act("office", notice).subject.id
        tree.settle()
        tree.county.hands.act("office", ReportLetter(Text("已走访12户"), evidence=(stored(tree.county, PHOTO),)), letter)
        tree.settle()
        assert ([("520400", name_of(PHOTO), "letter")], []) == (wanted(tree.province), wanted(tree.city))

        go_round(tree)

        assert (True, False) == (has(tree.province, PHOTO), has(tree.sister, PHOTO))
        with foreign():
            get(tree, tree.sister, letter, PHOTO)
        assert (name_of(PHOTO),) == letter_files.addressed_to(found(tree.province, letter), "520000")


class TestUpward:
    """AS25-3.2.3b, 3.2.1c: what is asked comes with what it is about, and the answer with what it cites."""

    def test_a_question_brings_its_photo_up_and_the_answer_its_document_down(self, tree: Tree):
        asked = tree.county.hands.act("office", AskGuidance(Text("牵头"), Text("如图"), evidence=(stored(tree.county, PHOTO),))).subject.id
        go_round(tree)
        assert (True, False) == (has(tree.city, PHOTO), has(tree.province, PHOTO))

        tree.city.hands.act("office", AnswerLetter(Text("见附件"), evidence=(stored(tree.city, REPLY),)), asked)
        go_round(tree)

        assert (True, False) == (has(tree.county, REPLY), has(tree.sister, REPLY))
        with foreign():
            get(tree, tree.sister, asked, REPLY)

    def test_a_countys_issue_and_its_answer_go_through_the_city(self, tree: Tree):
        """The top of the tree has what it answers; the city asks its county for whoever wants it."""
        issue = tree.county.hands.act(
            "office", RaiseIssue("process", Text("会签"), Text("如图"), evidence=(stored(tree.county, PHOTO),))
        ).subject.id
        go_round(tree)
        assert (False, []) == (has(tree.city, PHOTO), wanted(tree.city)), "what is only collected asks nobody"
        tree.county.hands.act("office", SubmitIssue(), issue)
        go_round(tree)
        assert has(tree.province, PHOTO)

        tree.province.hands.act("office", AnswerLetter(Text("采纳"), "accepted", (stored(tree.province, REPLY),)), issue)
        go_round(tree)

        assert (True, False) == (has(tree.county, REPLY), has(tree.sister, REPLY))

    def test_an_answer_names_only_files_that_are_here(self, tree: Tree):
        """A name for nothing proves nothing."""
        asked = tree.county.hands.act("office", AskGuidance(Text("牵头"), Text("请予指导"))).subject.id
        tree.settle()

        with refuses(Code.EVIDENCE_UNKNOWN):
            tree.city.hands.act("office", AnswerLetter(Text("见附件"), evidence=(name_of(REPLY),)), asked)

    def test_a_level_that_only_looks_has_a_file_once_somebody_opens_it(self, tree: Tree):
        """The province sees what a county asks its city."""
        asked = tree.county.hands.act("office", AskGuidance(Text("牵头"), Text("如图"), evidence=(stored(tree.county, PHOTO),))).subject.id
        go_round(tree)
        assert not has(tree.province, PHOTO)

        open_at(tree.province, asked)
        go_round(tree)

        assert has(tree.province, PHOTO)


class TestTrouble:
    """One letter's trouble is nobody else's."""

    @pytest.mark.parametrize("damaged", ["city", "county"])
    def test_a_letter_that_cannot_be_read_keeps_no_other_file_waiting(self, tree: Tree, damaged: str):
        """Its own file waits where it is damaged above; what was asked for goes on where it is damaged below."""
        first, second = a_notice(tree.city, PDF, to=(COUNTY,)), a_notice(tree.city, REPLY, to=(COUNTY,))
        tree.settle()
        place: Place = getattr(tree, damaged)
        with place.hands.node.store.database.write() as connection:
            entries = schema.entries
            connection.execute(update(entries).where(entries.c.subject_id == first).values(content=b"\xff\xff\xff"))

        exchange(tree.county)

        assert (damaged == "county", True) == (has(tree.county, PDF), has(tree.county, REPLY))
        assert second != first

    def test_the_same_file_is_given_on_either_right(self, tree: Tree):
        """A county's letter cannot be read any more at the city, another one names the same file."""
        first = a_notice(tree.city, PDF, to=(COUNTY,))
        a_notice(tree.city, PDF, to=(COUNTY,))
        tree.settle()
        assert 2 == len(wanted(tree.county))
        with tree.city.hands.node.store.database.write() as connection:
            entries = schema.entries
            connection.execute(update(entries).where(entries.c.subject_id == first).values(content=b"\xff\xff\xff"))

        assert 1 == exchange(tree.county)

        assert (True, []) == (has(tree.county, PDF), wanted(tree.county))

    def test_a_superior_of_an_older_program_refuses_it_and_gives_the_files_of_tickets(self, tree: Tree, monkeypatch: pytest.MonkeyPatch):
        """It knows files of tickets only: those of letters wait until it is upgraded."""
        a_notice(tree.city, PDF, to=(COUNTY,))
        tree.settle()

        def tickets_only(view: object, subject: Subject) -> object:
            return attachments_of(view, subject) if subject.kind == "ticket" else None  # type: ignore[arg-type]

        attachments_of = attachments.subject_of
        monkeypatch.setattr(attachments, "subject_of", tickets_only)
        assert (0, 1) == (exchange(tree.county), len(wanted(tree.county)))

        monkeypatch.undo()
        assert (1, True) == (exchange(tree.county), has(tree.county, PDF))

    def test_files_of_tickets_are_told_before_those_of_letters(self, tree: Tree, monkeypatch: pytest.MonkeyPatch):
        """What waits for an upgrade of the peer takes no place of what it gives."""
        monkeypatch.setattr(attachments, "asked_at_once_max", 1)
        rows = [
            {"peer": "520400", "digest": digit * 64, "kind": kind, "subject": digit, "since": since, "times_asked": 0}
            for digit, kind, since in (("a", "letter", 1), ("b", "ticket", 2))
        ]
        with tree.county.hands.node.store.database.write() as connection:
            connection.execute(schema.wanted_blobs.insert(), rows)

        with tree.county.level.store.read() as view:
            assert [Wanted("b" * 64, Subject("ticket", "b"))] == attachments.wanted_from(view, "520400")


def found(place: Place, letter: str) -> Letter:
    """The letter as *place* holds it."""
    held = the_letter(place, letter)
    assert held is not None
    return held


def open_at(place: Place, letter: str) -> None:
    """Somebody at *place* opens the files of the letter, and they are not there."""
    held, level = found(place, letter), place.level
    level.writer.command(lambda work: attachments.want(work, level.handler.blobs, held, level.now()))
