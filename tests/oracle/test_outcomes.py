"""Generated tickets under each pack: what the hub says of them is what the documents say, reckoned apart."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from node.domain.ticket.ticket import Ticket
from node.services.figures import counts
from tests.oracle.expected import Expected, expect
from tests.oracle.play import STAGES, Stage
from tests.oracle.reckoning import STEPS
from tests.oracle.script import generate, sweeps

SEED = 20261121
COMPARED = frozenset({"form", "sign", "resolve"})


def found(stage: Stage, ticket: Ticket) -> Expected:
    """What the hub says of a ticket, in the oracle's words."""
    with stage.hands.node.store.read() as view:
        entries = view.journal.of_subject(ticket.subject)
    rungs = frozenset(
        (one.content.event.clock, one.content.event.rung, one.content.event.due_at)  # type: ignore[union-attr]
        for one in entries
        if one.header.kind == "RungFired"
        and one.content.event.clock in COMPARED  # type: ignore[union-attr]
        and one.content.event.rung in {"early_warning", "overdue", *STEPS[stage.pack].values()}  # type: ignore[union-attr]
    )
    due = {name: clock.last_due_at for name, clock in ticket.clocks.items() if name in COMPARED and clock.last_due_at is not None}
    done = ticket.completion
    vote = ticket.round.evaluation if ticket.round else None
    return Expected(
        state=ticket.state.value,
        rounds=len(ticket.rounds),
        due=due,
        rungs=rungs,
        is_late=None if done is None else not done.is_in_time,
        is_satisfied=vote.is_satisfied if vote else None,
    )


def compare(pack: str, count: int, directory: Path) -> Counter[str]:
    """Play *count* scripts of *pack* and hold each ticket, and the node's own counts, against the oracle."""
    scripts = generate(pack, count, SEED)
    looks = sweeps(max(script.steps[-1][0] for script in scripts) + timedelta(days=1))
    stage = STAGES[pack](directory, pack)
    stage.run(scripts, looks)
    tally: Counter[str] = Counter()
    with stage.hands.node.store.read() as view:
        for script in scripts:
            ticket = view.readings.ticket(stage.tickets[script.number])
            assert ticket is not None
            expected = expect(script, looks)
            assert expected == found(stage, ticket), f"{pack} script {script.number}: {script}"
            tally[expected.state] += 1
            tally["late"] += expected.is_late is True
            tally["satisfied"] += expected.is_satisfied is True
            tally["dissatisfied"] += expected.is_satisfied is False
        here = counts(view, stage.hands.now)
    said = (here.completed, here.late, here.satisfied, here.dissatisfied, here.not_accepted, here.terminated)
    assert said == tuple(tally[name] for name in ("closed", "late", "satisfied", "dissatisfied", "not_accepted", "terminated"))
    return tally


@pytest.mark.parametrize("pack", STAGES)
def test_sixty_generated_tickets_come_out_as_the_documents_say(pack: str, tmp_path: Path):
    """Issue: states, due times, rungs and counts equal those of an oracle that uses nothing of the program."""
    tally = compare(pack, 60, tmp_path)
    assert 60 == sum(tally[state] for state in ("closed", "terminated", "not_accepted"))


@pytest.mark.slow
@pytest.mark.parametrize("pack", STAGES)
def test_a_thousand_generated_tickets_come_out_as_the_documents_say(pack: str, tmp_path: Path):
    """The same, a thousand of each pack."""
    tally = compare(pack, 1000, tmp_path)
    assert 1000 == sum(tally[state] for state in ("closed", "terminated", "not_accepted"))
