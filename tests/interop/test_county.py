"""
A county in JavaScript below a city and a province of ours: written from PROTOCOL.md and the proto files alone.

Both levels above are real processes that serve over mutual TLS on loopback; commands are given at the city as a clerk gives them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from federation.credentials import KeyFiles
from federation.enrolment import invite, join
from federation.invitation import read as read_invitation
from federation.level import Level
from federation.outgoing import down_position
from federation.rehearsal.agreement import compare
from federation.rehearsal.stage import Stage, closing, set_up
from node import app
from node.domain.entry import Subject
from node.domain.payload import PayloadKind, SealedRef, Text
from node.domain.refusal import Refusal
from node.domain.registry import OpenAccount, OpenUnit
from node.domain.ticket.custody import DecideAbove
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation
from node.domain.ticket.handling import RecordProgress
from node.services.acting import act
from node.services.registry import actor_of
from node.services.verify import verify
from node.storage import schema
from tests.interop.javascript import County, answers, install
from tests.support.node import MONDAY

PROVINCE, CITY, COUNTY = "520000", "520400", "520402"
APPEAL, PHONE, REASON, DECISION = "水渠堵塞，货车进不了厂", "13800001234", "超出本级权限", "由市水务局于本月底前疏通"


@dataclass(frozen=True)
class Entry:
    """A node of this stage."""

    code: str
    superior: str
    pack: str
    name: str = "node"
    centre_name: str = "centre"


TREE = (Entry(PROVINCE, "", "guizhou"), Entry(CITY, PROVINCE, "anshun-2025"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Province and city, each serving in a process of its own, not linked yet; the city has a department."""
    made = set_up(app.create, app.set_rehearsal_clock, tmp_path / "levels", TREE, MONDAY)
    with closing(made, keep=False):
        for entry in TREE:
            made.start(entry.code)
        for entry in TREE:
            made.wait_listening(entry.code)
        act(made.nodes[CITY], "centre:office", OpenUnit("water", "水务局"))
        act(made.nodes[CITY], "centre:office", OpenAccount("li", ("department",), f"{CITY}-water"))
        yield made
    for node in made.nodes.values():
        node.close()


@pytest.fixture
def county(tmp_path: Path) -> County:
    """Installed, and nothing done yet."""
    code = tmp_path / "javascript"
    code.mkdir()
    return County(install(code), tmp_path / "county", MONDAY.isoformat())


def test_a_county_in_another_language_lives_in_the_tree(county: County, stage: Stage, tmp_path: Path) -> None:
    """It joins, registers, escalates, is answered, dies and comes back; in the end every level holds the same."""
    _joins(county, _invitation(stage, CITY, COUNTY, tmp_path), tmp_path)
    number = _registers(county, stage)
    _hears_of_the_province(county, stage, number, tmp_path)
    _escalates(county, stage, number)
    _is_answered_and_dies(county, stage, number)
    _goes_on(county, stage, number)
    _agrees(county, stage)


def _joins(county: County, invitation: Path, tmp_path: Path) -> None:
    """What the city refuses arrives as its code; then one key is taken, and no second one."""
    stranger = County(county.code, tmp_path / "stranger", county.now)
    stranger("init", "--node", COUNTY, "--name", "西秀区")
    assert "REHEARSAL_MISMATCH" == stranger("join", str(invitation))["code"]

    county("init", "--node", COUNTY, "--name", "西秀区", "--rehearsal")
    assert {} == county("join", str(invitation))
    assert [CITY] == county("show")["line"]
    assert "INVITATION_USED" == stranger("join", str(invitation))["code"]


def _registers(county: County, stage: Stage) -> str:
    """A ticket of its own goes up; the city opens its text, its contact only the city's desk."""
    number: str = county("register", "--appeal", APPEAL, "--name", "王某", "--phone", PHONE)["ticket"]
    assert {"sent": 3, "acked": 3}.items() <= county("sync").items()
    assert APPEAL == _opened(stage, CITY, number, "Registered", 1)
    assert PHONE == _opened(stage, CITY, number, "Registered", 3, PayloadKind.CONTACT, as_desk=True)
    with pytest.raises(Refusal, match="PAYLOAD_SEALED"):
        _opened(stage, CITY, number, "Registered", 3, PayloadKind.CONTACT)
    return number


def _hears_of_the_province(county: County, stage: Stage, number: str, directory: Path) -> None:
    """The city joins the province while all serve: the county says its new place, and the province opens what was written before."""
    city = stage.nodes[CITY]
    file = _invitation(stage, PROVINCE, CITY, directory)
    join(_level(stage, CITY), KeyFiles(city.data_dir / "keys"), read_invitation(file, CITY, city.wall()))

    assert {"sent": 1, "acked": 4}.items() <= county("sync").items()
    assert [CITY, PROVINCE] == county("show")["line"]
    stage.arrived(PROVINCE, number, "Registered")
    stage.rest(MONDAY)
    assert APPEAL == _opened(stage, PROVINCE, number, "Registered", 1)


def _escalates(county: County, stage: Stage, number: str) -> None:
    """From the request on it is frozen, at the county, too, and the city has its contacts; what is sent again changes nothing."""
    county("escalate", number, "--power-item", "LAND-07", "--reason", REASON)
    assert 1 == county("sync")["sent"]
    stage.arrived(CITY, number, "EscalationReceived")
    assert ("escalated", COUNTY, CITY) == _standing(stage, CITY, number)[:3]
    assert REASON == _opened(stage, CITY, number, "EscalationRequested", 1)
    assert PHONE == _opened(stage, CITY, number, "Registered", 3, PayloadKind.CONTACT)
    assert "not this node's to change" in county("resume", number)["message"]

    held = _positions(stage, CITY)
    assert 5 == county("resend")["sent"]
    assert held == _positions(stage, CITY)
    assert ["EscalationReceived"] == county("show")["tickets"][number]["heard"]


def _is_answered_and_dies(county: County, stage: Stage, number: str) -> None:
    """The city accepts, handles and decides while the county waits on its long poll; then the county is killed and begins again."""
    process = county.serve()
    heard = answers(process)
    assert 5 == next(heard)["acked"]
    _handle_at_the_city(stage, number)
    while "DecidedAbove" not in next(heard)["received"]:
        pass
    process.kill()
    process.wait()

    before = county("show")
    assert {"sent": 0, "acked": 5, "received": []} == county("sync")
    after = county("show")
    assert before == after
    ticket = after["tickets"][number]
    assert (3, COUNTY, "formed", "office", []) == tuple(ticket[name] for name in ("custody", "holder", "state", "withWhom", "openAsks"))
    assert DECISION == ticket["decision"]


def _handle_at_the_city(stage: Stage, number: str) -> None:
    city = stage.nodes[CITY]
    act(city, "centre:office", AcceptEscalation(category="coordination", complexity="plain"), ticket=number)
    act(city, "centre:office", Dispatch(lead="520400-water"), ticket=number)
    act(city, "li", Sign(), ticket=number)
    act(city, "li", RecordProgress(Text("已现场查看")), ticket=number)
    act(city, "centre:office", DecideAbove(Text(DECISION)), ticket=number)


def _goes_on(county: County, stage: Stage, number: str) -> None:
    """Custody is back: what the county writes under its number counts above."""
    county("resume", number)
    assert 1 == county("sync")["sent"]
    stage.arrived(PROVINCE, number, "ClocksResumed")
    assert [("formed", COUNTY, "", 3, 2, False)] * 2 == [_standing(stage, code, number) for code in (CITY, PROVINCE)]
    ticket = county("show")["tickets"][number]
    assert (3, 2, []) == (ticket["custody"], ticket["version"], ticket["void"])


def _agrees(county: County, stage: Stage) -> None:
    """Sizes and roots of both streams are the same at every level; nothing is set aside, and every reading is what its entries say."""
    stage.rest(MONDAY)
    assert {"agreed": 6} == county("audit")
    shown = county("show")
    own = shown["position"]
    assert [(own["size"], own["root"])] * 2 == [_positions(stage, code)[COUNTY] for code in (CITY, PROVINCE)]
    with stage.nodes[CITY].store.read() as view:
        link = view.connection.execute(select(schema.links).where(schema.links.c.peer == COUNTY)).one()
        down = down_position(link.down_epoch, bytes(link.down_peaks))
        assert verify(view, stage.nodes[CITY].blobs).is_sound
    assert shown["down"] == {"epoch": down.epoch, "size": down.size, "root": down.root.hex()}
    assert (down.size, "active") == (link.down_acked, link.status)
    assert [] == compare({code: node.store for code, node in stage.nodes.items()}).broken
    for node in stage.nodes.values():
        with node.store.read() as view:
            assert [] == view.connection.execute(select(schema.quarantine)).all()
            assert [] == view.connection.execute(select(schema.incidents)).all()


# --- what is asked of the levels above ------------------------------------------------------------------------------------


def _invitation(stage: Stage, above: str, below: str, directory: Path) -> Path:
    """As `qyzj invite` writes it."""
    node = stage.nodes[above]
    with node.store.read() as view:
        operator = actor_of(view.connection, above, "operator")
    authority = KeyFiles(node.data_dir / "keys").authority(above, node.wall())
    file = directory / f"{below}.invitation"
    invite(_level(stage, above), authority, below, f"node {below}", node.settings.advertise, operator).write(file)
    return file


def _level(stage: Stage, code: str) -> Level:
    node = stage.nodes[code]
    return Level(node.store, node.writer, node.handler, node.now, node.wall, time.monotonic)


def _opened(
    stage: Stage, code: str, ticket: str, kind: str, place: int, of: PayloadKind = PayloadKind.TEXT, *, as_desk: bool = False
) -> str:
    """The plain text at *place* of the ticket's entry of that kind, as a level opens it."""
    subject = Subject("ticket", ticket)
    with stage.nodes[code].store.read() as view:
        entry = next(one.content for one in view.journal.of_subject(subject) if one.header.kind == kind)
        ref = SealedRef(entry.header.id, place, of, entry.payloads[place - 1].digest)
        return view.payloads.open(subject, ref, as_desk=as_desk)


def _standing(stage: Stage, code: str, ticket: str) -> tuple[str, str, str, int, int, bool]:
    """State, holder, who is asked, custody number, version, and whether something is missing: as a level reads it."""
    with stage.nodes[code].store.read() as view:
        row = view.readings.rows({ticket})[ticket]
    return row.state, row.holder, row.asked, row.custody, row.version, row.is_incomplete


def _positions(stage: Stage, code: str) -> dict[str, tuple[int, str]]:
    """Size and root of every stream that a level holds whole."""
    with stage.nodes[code].store.read() as view:
        return {one.node: (one.size, one.root.hex()) for one in view.journal.positions()}
