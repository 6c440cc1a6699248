"""What the clause tests begin with: a county under its pack, needs in a given state, and what a page of the node then shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from node.domain.payload import Contact, SealedRef, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.ticket import Ticket
from node.domain.time import BEIJING
from node.domain.time import end_of as last_moment_of
from node.services import queries, ticket_view
from tests.support.node import Hands, make_node

PROVINCE, CITY, COUNTY = "520000", "520400", "520402"
HOUSING, WATER, FINANCE = (f"{COUNTY}-{unit}" for unit in ("housing", "water", "finance"))
PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
# One working day after it is Saturday 14 February, made up for; then the Spring Festival, off until the 23rd.
FRIDAY = "2026-02-13 10:00"
HEAD = """
[pack]
id = "own-2025"
version = "1"
level = "county"
name = "本县机制"
effective_from = 2025-01-01
parents = ["default"]
"""


def beijing(text: str) -> datetime:
    """A moment in Beijing, as "2026-02-13 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def end_of(day: str) -> datetime:
    """24:00 of that Beijing day, at which a limit is over."""
    return last_moment_of(date.fromisoformat(day))


def a_county(directory: Path, at: str = FRIDAY, *, pack: str = "xixiu-2025", rules: str = "", code: str = COUNTY) -> Hands:
    """
    A node with three departments.  *rules*, as TOML, are what another mechanism than Anshun's sets: a pack of its own over the
    product's defaults instead of *pack*.
    """
    if rules:
        own = directory / code / "packs" / "own-2025.toml"
        own.parent.mkdir(parents=True)
        own.write_text(HEAD + rules, "utf-8")
        pack = "own-2025"
    made = make_node(directory, code, pack, now=beijing(at))
    made.staff("housing", "water", "finance")
    return made


@contextmanager
def refuses(code: Code, **facts: str) -> Iterator[None]:
    """What is done inside is refused with *code* and, among others, *facts*."""
    with pytest.raises(Refusal) as refused:
        yield
    assert (code, facts) == (refused.value.code, {name: refused.value.facts.get(name) for name in facts})


def registered(hands: Hands, channel: str = "window", **fields: Any) -> str:
    """A need that the centre took in."""
    given: dict[str, Any] = {"appeal": Text("厂房门口道路施工，货车进不来"), "name": Contact("王某"), "phone": Contact("13800001234")}
    return hands.act("window_clerk", Register(channel, **(given | fields))).subject.id


def formed(hands: Hands, category: str = "coordination", complexity: str = "plain", **fields: Any) -> str:
    """A ticket that waits for its dispatch."""
    ticket = registered(hands, **fields)
    hands.act("office", Form(category, complexity, PASSED), ticket)
    return ticket


def dispatched(hands: Hands, *co_handlers: str, lead: str = HOUSING, **fields: Any) -> str:
    """A ticket that its lead has not signed yet."""
    ticket = formed(hands, **fields)
    hands.act("office", Dispatch(lead, co_handlers), ticket)
    return ticket


def handled(hands: Hands, *co_handlers: str, **fields: Any) -> str:
    """A ticket in the hands of the housing department."""
    ticket = dispatched(hands, *co_handlers, **fields)
    hands.act("department", Sign(), ticket, "housing")
    return ticket


def a_completion(hands: Hands, **fields: Any) -> Complete:
    """A completion that has all that Anshun asks for, but for *fields*."""
    whole: dict[str, Any] = {
        "standard": "solved",
        "result": Text("施工便道已开通"),
        "is_truthful": True,
        "feedback_way": "phone",
        "feedback": Text("已电话告知"),
        "evidence": (hands.node.blobs.put("现场照片".encode()),),
    }
    return Complete(**(whole | fields))


def completed(hands: Hands, **fields: Any) -> str:
    """A ticket that the housing department completed."""
    ticket = handled(hands, **fields)
    hands.act("department", a_completion(hands), ticket, "housing")
    return ticket


def a_revisit(**fields: Any) -> RecordRevisit:
    """A revisit that finds everything as the department stated, but for *fields*."""
    return RecordRevisit(**({"is_consistent": True, "is_standard_met": True, "evaluation": "satisfied"} | fields))


def the(hands: Hands, ticket: str) -> Ticket:
    """The ticket as this node knows it."""
    with hands.node.store.read() as view:
        found = view.readings.ticket(ticket)
    assert found is not None
    return found


def page_of(hands: Hands, ticket: str) -> ticket_view.TicketPage:
    """The ticket's page at this node."""
    with hands.node.store.read() as view:
        return ticket_view.ticket_page(view, ticket, hands.node.policies.bare(view).calendar, hands.now)


def clock_of(hands: Hands, ticket: str, name: str) -> queries.ClockLine:
    """One clock of the ticket's page, running or not."""
    return next(clock for clock in page_of(hands, ticket).clocks if clock.name == name)


def kinds_of(hands: Hands, ticket: str) -> list[str]:
    """The kinds of the ticket's entries, as its page shows them."""
    return [entry.kind for entry in page_of(hands, ticket).timeline]


def rungs_of(hands: Hands, ticket: str, clock: str, rung: str) -> list[ticket_view.EntryLine]:
    """What the clock set off: its "early_warning" or "overdue" entries."""
    fired = [entry for entry in page_of(hands, ticket).timeline if entry.kind == "RungFired"]
    return [entry for entry in fired if (entry.facts["clock"], entry.facts["rung"]) == (clock, rung)]


def swept(hands: Hands, at: str) -> None:
    """The node's own clock at work at that moment."""
    hands.at(beijing(at)).node.sweep.run(hands.now)


def listed(hands: Hands, **wanted: Any) -> list[str]:
    """The tickets of a list, by number."""
    with hands.node.store.read() as view:
        calendar = hands.node.policies.bare(view).calendar
        return [line.row.id for line in queries.list_tickets(view, queries.Wanted(**wanted), calendar, hands.now)]


def words_at(hands: Hands, ticket: str, ref: object) -> str:
    """What a sealed text says at this node."""
    assert isinstance(ref, SealedRef)
    with hands.node.store.read() as view:
        return view.payloads.open(the(hands, ticket).subject, ref)
