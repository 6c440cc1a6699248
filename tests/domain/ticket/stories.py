"""
Random stories between three levels: who does what next, and which entries reach whom when, in any order.

Commands are tried by everybody; a refusal is part of the story.  Every node folds what reaches it onto its rows, as the
storage does, and every story ends with everything delivered.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

from node.domain.command import Command
from node.domain.entry import Actor, Folded
from node.domain.payload import Text
from node.domain.refusal import Refusal
from node.domain.ticket.custody import (
    DecideAbove,
    OverrideCustody,
    PassDownDecision,
    ReleaseClocks,
    ResumeAfterReturn,
    ReturnCustody,
)
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import (
    AcceptEscalation,
    ReceiveEscalation,
    RequestEscalation,
    RequestWithdrawalOfEscalation,
    ReturnEscalation,
    WithdrawEscalation,
)
from node.domain.ticket.finding import AnswerFinding, ExecuteFinding, RaiseFinding, RefuseAsk
from node.domain.ticket.fold import fold_ticket
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.row import TicketRow, fold_row, row_of
from node.domain.ticket.sweep import FireRung, due_rungs
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import AcceptTransfer, CarryOutTransferRuling, ObjectTransfer, ReceiveTransfer, RuleTransfer, TransferDown
from tests.domain.ticket.given import CITY, COUNTY, FORM_TESTS, MONDAY, NODE, PROVINCE
from tests.domain.ticket.levels import DONE, World, a_world, desk, office, registered

NODES = (COUNTY, CITY, PROVINCE)
# A peer's clock may be minutes wrong: order never depends on it.
SKEW = {COUNTY: timedelta(minutes=7), CITY: timedelta(), PROVINCE: timedelta(minutes=-9)}
UP = RequestEscalation(power_item="LAND-07", reason=Text("beyond us"))

Making = Callable[[Ticket, random.Random], Command]


def _ask(ticket: Ticket, kind: str, chance: random.Random) -> str:
    return chance.choice([ask.id for ask in ticket.asks.values() if ask.kind == kind] or ["none"])


OFFICE: tuple[Making, ...] = (
    lambda t, c: Form(category="coordination", passed=FORM_TESTS),
    lambda t, c: Dispatch(lead=f"{t.custody.holder}-housing"),
    lambda t, c: UP,
    lambda t, c: AcceptEscalation(category="coordination"),
    lambda t, c: ReturnEscalation("incomplete", Text("more, please")),
    lambda t, c: RequestWithdrawalOfEscalation(Text("solved")),
    lambda t, c: WithdrawEscalation(),
    lambda t, c: DecideAbove(Text("so be it")),
    lambda t, c: PassDownDecision(),
    lambda t, c: ReturnCustody(Text("yours")),
    lambda t, c: TransferDown(c.choice((CITY, COUNTY)), date(2026, 4, 10)),
    lambda t, c: AcceptTransfer(category="coordination"),
    lambda t, c: ObjectTransfer(Text("not ours")),
    lambda t, c: RuleTransfer(c.random() < 0.5),
    lambda t, c: RaiseFinding(is_consistent=False, is_standard_met=True, round="r-1"),
    lambda t, c: RecordRevisit(is_consistent=c.random() < 0.5, is_standard_met=True, evaluation="satisfied"),
)
DESK: tuple[Making, ...] = (
    lambda t, c: Sign(),
    lambda t, c: RecordProgress(Text("on")),
    lambda t, c: DONE,
    lambda t, c: AnswerFinding("rework"),
)
REACTIONS: tuple[Making, ...] = (
    lambda t, c: ReceiveEscalation(),
    lambda t, c: ReceiveTransfer(),
    lambda t, c: CarryOutTransferRuling(),
    lambda t, c: WithdrawEscalation(),
    lambda t, c: ResumeAfterReturn(),
    lambda t, c: ReleaseClocks(),
    lambda t, c: ReturnCustody(),
    lambda t, c: ExecuteFinding(_ask(t, "FindingRaised", c)),
    lambda t, c: RefuseAsk(_ask(t, "EscalationWithdrawalRequested", c), "NOT_ASKED"),
)
OVERRIDES: tuple[Making, ...] = (lambda t, c: OverrideCustody(c.choice((COUNTY, CITY)), Text("nobody answers")),)


@dataclass
class Story:
    """A world with one ticket, its rows as each node keeps them, and what is still on the way to whom."""

    seed: int
    with_overrides: bool
    world: World = field(default_factory=a_world)
    rows: dict[str, TicketRow | None] = field(default_factory=dict)
    fast: int = 0
    after_each: Callable[["Story"], None] = lambda story: None

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._now = MONDAY
        self.id = registered(self.world, MONDAY, self._chance.choice(NODES))
        self._folded: dict[str, int] = {}
        self._catch_up()

    def tell(self, steps: int) -> "Story":
        """*steps* times somebody tries something or something arrives; at the end all is delivered."""
        for _ in range(steps):
            self._now += timedelta(minutes=self._chance.choice((1, 5, 60, 60 * 26)))
            if self._chance.random() < 0.5:
                self._arrive(self._chance.choice(NODES))
            else:
                any(self._try(node) for node in self._chance.sample(NODES, len(NODES)))
            self._catch_up()
            self.after_each(self)
        for node in NODES:
            self._take(node, self._on_the_way(node))
        return self

    def react(self) -> None:
        """Every node carries out what needs no judgement, until nothing follows any more."""
        for _ in range(6):
            for node in NODES:
                ticket = self.see(node)
                for making in REACTIONS if ticket is not None else ():
                    self._act(node, NODE, making(ticket, self._chance))
            self.world.deliver()
        self._catch_up()

    def entries(self) -> list[Folded]:
        """Everything that anybody wrote."""
        return [entry for node in NODES for entry in self.world.journals.get(node, ())]

    def see(self, node: str) -> Ticket | None:
        """The ticket at *node*."""
        return self.world.ticket(node, self.id)

    def _try(self, node: str) -> bool:
        ticket = self.see(node)
        if ticket is None:
            return False
        actors: list[tuple[Actor, tuple[Making, ...]]] = [(office(node), OFFICE), (desk(node), DESK), (NODE, REACTIONS)]
        if self.with_overrides:
            actors.append((office(node), OVERRIDES))
        now = self._now + SKEW[node]
        rungs = due_rungs(ticket, self.world.policies[node], now)
        if rungs and self._chance.random() < 0.2:
            self._act(node, NODE, FireRung(rungs[0].clock, rungs[0].rung))
        # Whoever is at his desk finds something to do, if there is anything.
        ideas = [(actor, making) for actor, several in actors for making in several]
        self._chance.shuffle(ideas)
        return any(self._act(node, actor, making(ticket, self._chance)) for actor, making in ideas)

    def _act(self, node: str, actor: Actor, command: Command) -> bool:
        try:
            return bool(self.world.act(node, actor, command, self._now + SKEW[node], self.id))
        except Refusal:
            return False

    def _on_the_way(self, node: str) -> list[Folded]:
        known = self.world.known.get(node, {}).get(self.id, {})
        waiting = [entry for entry in self.entries() if entry.header.id not in known]
        self._chance.shuffle(waiting)
        return waiting

    def _arrive(self, node: str) -> None:
        waiting = self._on_the_way(node)
        much = len(waiting) if self._chance.random() < 0.6 else self._chance.randint(0, len(waiting))
        self._take(node, waiting[:much])

    def _take(self, node: str, entries: list[Folded]) -> None:
        for entry in entries:
            self.world.take(node, [entry])
            self._fold(node, entry)

    def _catch_up(self) -> None:
        """A node's own entries are folded onto its rows as it writes them."""
        for node in NODES:
            own = self.world.journals.get(node, [])
            for entry in own[self._folded.get(node, 0) :]:
                self._fold(node, entry)
            self._folded[node] = len(own)

    def _fold(self, node: str, entry: Folded) -> None:
        row = fold_row(self.rows.get(node), entry)
        if row is None:
            ticket = self.see(node)
            self.rows[node] = row_of(ticket) if ticket is not None else None
        else:
            self.rows[node] = row
            self.fast += 1


def refolded(story: Story, node: str) -> TicketRow | None:
    """The row of *node*'s ticket from all its entries."""
    ticket = fold_ticket(story.world.known.get(node, {}).get(story.id, {}).values(), story.world.policies[node].place.rank)
    return row_of(ticket) if ticket is not None else None


__all__ = ["NODES", "Story", "refolded"]
