"""A vote that is given at one level while another holds the ticket (DESIGN 13; USERS A9: what follows is the holder's pack's)."""

from datetime import date
from pathlib import Path

import pytest

from node.domain.entry import Subject
from node.domain.payload import Text
from node.domain.ticket.custody import ReturnCustody
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.forming import Form
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import AcceptTransfer, TransferDown
from node.domain.ticket.verification import OrderRework
from tests.clauses.after_given import MECHANISMS, complete, resign
from tests.federation.levels import MemoryWire, Place, connect, enrol, make_place, settle

COUNTY, CITY = "520402", "520400"
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")


def two_levels(directory: Path, pack: str) -> tuple[Place, Place, MemoryWire]:
    """A county under *pack* below a city of Anshun's mechanism."""
    county, city = make_place(directory, COUNTY, pack), make_place(directory, CITY, "anshun-2025")
    enrol(county, city)
    wire = connect(county, city)
    settle(county, city)
    county.hands.staff("housing")
    return county, city, wire


def completed_below(county: Place, city: Place, pack: str) -> str:
    """A need that the city took in and handed down, which the county completed and still holds."""
    way = MECHANISMS[pack]
    ticket = city.register("厂区门口积水")
    city.hands.act("office", Form("coordination", "plain", PASSED), ticket)
    city.hands.act("office", TransferDown(COUNTY, date(2026, 2, 27)), ticket)
    settle(county, city)
    county.hands.act("office", AcceptTransfer(way.category, way.complexity), ticket)
    county.hands.act("office", Dispatch(f"{COUNTY}-housing"), ticket)
    resign(county.hands, pack, ticket)
    complete(county.hands, pack, ticket)
    settle(county, city)
    return ticket


def at(place: Place, ticket: str) -> Ticket:
    """The ticket as this level folds it."""
    with place.level.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None
    return found


def kinds(place: Place, ticket: str) -> list[str]:
    with place.level.store.read() as view:
        return [one.header.kind for one in view.journal.of_subject(Subject("ticket", ticket))]


def test_the_holder_puts_a_dissatisfied_vote_to_its_supervision_side(tmp_path: Path) -> None:
    """FJ25-4.11.1a: the need was told to the city, so the vote is given there; the county verifies, and handles it once more."""
    county, city, _ = two_levels(tmp_path, "fengjie-2025")
    ticket = completed_below(county, city, "fengjie-2025")

    city.hands.act("enterprise", Evaluate("dissatisfied", Text("南侧仍有积水")), ticket)
    assert ("completed", ["EvaluationPassedOn"]) == (at(city, ticket).state.value, [ask.kind for ask in at(city, ticket).open_asks()])
    settle(county, city)

    task = at(county, ticket).clock("verify")
    assert ["verifying"] * 2 == [at(place, ticket).state.value for place in (county, city)]
    assert task is not None and ("supervision", True) == (task.owes, task.is_running)
    assert () == at(city, ticket).open_asks()
    county.hands.act("supervision", OrderRework("partly_solved", Text("只排了北侧")), ticket)
    settle(county, city)
    assert [("dispatched", 2, False)] * 2 == [
        (found.state.value, len(found.rounds), found.rounds[0].evaluation.is_satisfied)  # type: ignore[union-attr]
        for found in (at(county, ticket), at(city, ticket))
    ]


def test_it_is_taken_up_once_however_often_it_is_looked_at(tmp_path: Path) -> None:
    """A repeated look at what arrived writes nothing more."""
    county, city, _ = two_levels(tmp_path, "fengjie-2025")
    ticket = completed_below(county, city, "fengjie-2025")
    city.hands.act("enterprise", Evaluate("dissatisfied"), ticket)
    settle(county, city)

    with county.level.store.write() as work:
        work.head.reacted = 0
    settle(county, city)

    assert 1 == kinds(county, ticket).count("DissatisfactionReferred")
    assert kinds(city, ticket) == kinds(county, ticket)


def test_another_vote_takes_it_to_the_next_step(tmp_path: Path) -> None:
    """The ticket waited for the vote: it waits no more, and nobody verifies anything."""
    county, city, _ = two_levels(tmp_path, "fengjie-2025")
    ticket = completed_below(county, city, "fengjie-2025")
    assert at(county, ticket).clock("evaluate") is not None

    city.hands.act("enterprise", Evaluate("satisfied"), ticket)
    settle(county, city)

    found = at(county, ticket)
    assert ("completed", None, "StepReached") == (found.state.value, found.clock("evaluate"), kinds(county, ticket)[-1])
    assert () == at(city, ticket).open_asks()


@pytest.mark.parametrize("pack", ["xiangshan-2025", "haimen-2020"])
def test_under_a_pack_that_verifies_nothing_the_vote_counts_and_no_more(tmp_path: Path, pack: str) -> None:
    """USERS A9: what a pack says and nothing else; the ask is granted all the same."""
    county, city, _ = two_levels(tmp_path, pack)
    ticket = completed_below(county, city, pack)

    city.hands.act("enterprise", Evaluate("dissatisfied"), ticket)
    settle(county, city)

    found = at(county, ticket)
    assert ("completed", 1, False) == (found.state.value, len(found.rounds), found.rounds[0].evaluation.is_satisfied)  # type: ignore[union-attr]
    assert ((), ()) == (found.open_asks(), at(city, ticket).open_asks())


def test_a_vote_that_crossed_the_return_of_custody_is_the_next_holders(tmp_path: Path) -> None:
    """DESIGN 13: an ask follows the ticket.  The city has it again, and its mechanism verifies nothing on a vote."""
    county, city, wire = two_levels(tmp_path, "fengjie-2025")
    ticket = completed_below(county, city, "fengjie-2025")
    wire.is_cut = True
    city.hands.act("enterprise", Evaluate("dissatisfied"), ticket)
    county.hands.act("office", ReturnCustody(Text("已办结")), ticket)
    wire.is_cut = False
    county.steady.later(5)
    settle(county, city, seconds=60)

    found = at(city, ticket)
    assert (CITY, "completed", False) == (found.custody.holder, found.state.value, found.rounds[0].evaluation.is_satisfied)  # type: ignore[union-attr]
    assert "DissatisfactionReferred" not in kinds(county, ticket)
    settle(county, city, seconds=60)
    assert ((), ()) == (found.open_asks(), at(county, ticket).open_asks())
