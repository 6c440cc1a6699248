"""What clerks do: any of the commands by which tickets are worked on and move between levels, as their state and their node allow."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from federation.simulation.plan import Item
from federation.simulation.world import DEPARTMENT, Crash, Node, below
from node.domain import registry as g
from node.domain.command import Command, Order
from node.domain.payload import Contact, Text
from node.domain.refusal import Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.correction import Correct
from node.domain.ticket.custody import DecideAbove, OverrideCustody, ReturnCustody
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation, RequestWithdrawalOfEscalation, ReturnEscalation
from node.domain.ticket.finding import RaiseFinding
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.termination import Withdraw
from node.domain.ticket.transfer import AcceptTransfer, ObjectTransfer, RuleTransfer, TransferDown
from node.domain.time import local_day

if TYPE_CHECKING:
    from federation.simulation.simulation import Simulation

PASSED = ("responsibility", "jurisdiction", "materials", "lawfulness")
REASON = Text("超出本级权限")
_register_share = 0.3
_rule_share = 0.7
# From the pool of a node to its way back: formed, dispatched, signed, completed, returned.
_steps_max = 8

# Role, unit, command.
Offer = tuple[str, str, Command]
# id, origin, holder, asked, state, custody, handed_down
_COLUMNS = "id, origin, holder, asked, state, custody, handed_down"


def may_write(simulation: Simulation, code: str) -> bool:
    """True if the node runs: whether it writes just now, it says itself."""
    return code in simulation.processes


def act(simulation: Simulation, item: Item) -> None:
    """Somebody at the node does something that fits; what the node refuses is an answer like any other."""
    if not may_write(simulation, item.node):
        simulation.note(item.node, "is down")
        return
    chance, node = random.Random(item.seed), simulation.nodes[item.node]
    tickets = node.rows(
        f"SELECT {_COLUMNS} FROM tickets WHERE state NOT IN ('closed', 'archived', 'not_accepted', 'merged', 'terminated')"
        " AND id NOT IN (SELECT subject_id FROM quarantine) ORDER BY id"
    )
    offers: list[tuple[str, Offer]] = []
    if tickets and chance.random() > _register_share:
        ticket = chance.choice(tickets)
        _rule(simulation, node, item)
        _go_on(simulation, node, ticket, item)
        offers = [(ticket[0], offer) for offer in fitting(simulation, node, ticket, chance)]
    subject, offer = chance.choice(offers) if offers else ("", registration(node, chance))
    give(simulation, node, offer, subject)


def _rule(simulation: Simulation, node: Node, item: Item) -> None:
    """
    The office rules on an objection to what it handed down, or leaves it lying.  Among all that fits a ticket chance hardly ever came
    to it; it is drawn apart, so that a seed without an objection is what it was.
    """
    chance = random.Random(f"rules|{item.seed}")
    asks = (
        "SELECT a.subject_id FROM entries a JOIN tickets t ON t.id = a.subject_id WHERE a.kind = 'TransferObjected' AND t.holder = ?"
        " AND t.asked <> '' AND t.id NOT IN (SELECT subject_id FROM quarantine) ORDER BY a.taken DESC"
    )
    objected = node.rows(asks, node.code)
    if objected and chance.random() < _rule_share:
        give(simulation, node, ("office", "centre", RuleTransfer(chance.random() < 0.5)), chance.choice(objected)[0])


def _go_on(simulation: Simulation, node: Node, ticket: Sequence[Any], item: Item) -> None:
    """Somebody goes on with what was asked of another level: that is refused, and takes nothing of the seed's own chances."""
    number, _, holder, asked, *_ = ticket
    if asked and holder == node.code:
        correct = Correct("name", contact=Contact("王某某"), reason=REASON)
        _hand_in(simulation, node, Order(f"goes-on-{item.number}", node.actor("office"), number, correct))


def finish(simulation: Simulation, node: Node, seed: int) -> int:
    """Answer what lies before this office of other levels, and hand back what it took over; gives how much was done."""
    chance, done = random.Random(f"{seed}|{node.code}"), 0
    open_here = (
        "(asked = ? OR (holder = ? AND (origin <> ? OR handed_down) AND asked = '')) AND id NOT IN (SELECT subject_id FROM quarantine)"
    )
    for (number,) in node.rows(f"SELECT id FROM tickets WHERE {open_here} ORDER BY id", *(node.code,) * 3):
        for _ in range(_steps_max):
            ticket = node.rows(f"SELECT {_COLUMNS} FROM tickets WHERE id = ? AND {open_here}", number, *(node.code,) * 3)
            if not ticket or not any(give(simulation, node, offer, number) for offer in _endings(simulation, node, ticket[0], chance)):
                break
            done += 1
    return done


def give(simulation: Simulation, node: Node, offer: Offer, subject: str) -> bool:
    """Carry a command out; False if it was refused, or the node died of it."""
    role, unit, command = offer
    return _hand_in(simulation, node, node.order(node.actor(role, unit), command, subject))


def _hand_in(simulation: Simulation, node: Node, order: Order) -> bool:
    name, subject = type(order.command).__name__, order.subject
    try:
        outcome = node.handler.handle(order)
    except Refusal as refusal:
        simulation.refused(node.code, name, subject, refusal)
        return False
    except Crash as crash:
        simulation.crashed(crash)
        return False
    except Exception as error:
        simulation.bug(node.code, name, error)
        return False
    simulation.acted(node.code, name, outcome.subject.id)
    return True


def set_status(simulation: Simulation, code: str, status: str) -> None:
    """The superior's operator suspends, resumes or revokes a node."""
    above = simulation.nodes[simulation.nodes[code].superior]
    if may_write(simulation, above.code):
        give(simulation, above, ("operator", "centre", g.SetNodeStatus(code, status)), above.code)


def sweep(simulation: Simulation, code: str) -> None:
    """The clock of a node looks what is due."""
    node = simulation.nodes[code]
    if not may_write(simulation, code):
        return
    try:
        swept = node.sweep.run(node.now())
    except Refusal as refusal:
        simulation.refused(code, "Sweep", "", refusal)
    except Crash as crash:
        simulation.crashed(crash)
    except Exception as error:
        simulation.bug(code, "Sweep", error)
    else:
        simulation.note(code, f"sweeps: {swept.fired} fired")


# --- what fits ------------------------------------------------------------------------------------------------------------


def fitting(simulation: Simulation, node: Node, ticket: Sequence[Any], chance: random.Random) -> list[Offer]:
    """Commands that somebody at *node* might give about *ticket*, as the node sees it."""
    _, origin, holder, asked, state, _, handed_down = ticket
    if asked == node.code:
        return _answers(chance)
    if holder != node.code:
        return _from_outside(node, origin, holder, asked, state, chance)
    if asked:
        return [("office", "centre", RequestWithdrawalOfEscalation(REASON)), ("office", "centre", RuleTransfer(chance.random() < 0.5))]
    offers: list[Offer] = []
    if node.superior and state in ("registered", "formed", "dispatched", "handling", "reworking"):
        offers += [("office", "centre", RequestEscalation("LAND-07", REASON))] * 2
    if below(simulation.nodes, node.code) and state in ("registered", "formed", "handling"):
        to = chance.choice(below(simulation.nodes, node.code))
        offers.append(("office", "centre", TransferDown(to, local_day(node.now() + timedelta(days=chance.randint(1, 30))))))
    if state == "registered":
        offers.append(("office", "centre", Form(chance.choice(("coordination", "consultation")), "plain", PASSED)))
        offers.append(("office", "centre", Withdraw(REASON, (simulation.evidence,))))
    elif (step := _steps(simulation, node).get(state)) is not None:
        offers.append(step)
    if origin != node.code or handed_down:
        offers += _ways_back(simulation, chance)
    return offers


def _answers(chance: random.Random) -> list[Offer]:
    return [
        ("office", "centre", AcceptEscalation(chance.choice(("", "coordination")))),
        ("office", "centre", AcceptTransfer(chance.choice(("", "coordination")))),
        ("office", "centre", ReturnEscalation("reason", REASON)),
        ("office", "centre", ObjectTransfer(REASON)),
    ]


def _from_outside(node: Node, origin: str, holder: str, asked: str, state: str, chance: random.Random) -> list[Offer]:
    """A superior may override and find fault; who is not the holder may try what is not his."""
    offers: list[Offer] = [("office", "centre", RequestEscalation("LAND-07", REASON))]
    if not node.superior:
        offers.append(("office", "centre", OverrideCustody(chance.choice((origin, holder)), REASON)))
    if state == "completed":
        offers.append(("office", "centre", RaiseFinding(chance.random() < 0.5, chance.random() < 0.5)))
    return offers


def _ways_back(simulation: Simulation, chance: random.Random) -> list[Offer]:
    return [("office", "centre", DecideAbove(Text("同意办理"), (simulation.evidence,))), ("office", "centre", ReturnCustody(REASON))]


def _endings(simulation: Simulation, node: Node, ticket: Sequence[Any], chance: random.Random) -> list[Offer]:
    if ticket[3] == node.code:
        return [("office", "centre", ReturnEscalation("reason", REASON)), ("office", "centre", AcceptTransfer("coordination"))]
    offers = _ways_back(simulation, chance)
    step = _steps(simulation, node).get(ticket[4])
    return offers if step is None else [*offers, step]


def _steps(simulation: Simulation, node: Node) -> Mapping[str, Offer]:
    """What handling goes on with, by state."""
    complete = ("department", DEPARTMENT, _completion(simulation))
    return {
        "registered": ("office", "centre", Form("coordination", "plain", PASSED)),
        "formed": ("office", "centre", Dispatch(g.unit_code(node.code, DEPARTMENT))),
        "dispatched": ("department", DEPARTMENT, Sign()),
        "handling": complete,
        "reworking": complete,
    }


def registration(node: Node, chance: random.Random) -> Offer:
    """A new appeal at the window."""
    appeal = Text(f"厂房门口道路施工 {chance.getrandbits(32):08x}")
    command = Register(channel="window", appeal=appeal, name=Contact("王某"), phone=Contact("13800001234"), judgement="foreign")
    return "window_clerk", "centre", command


def _completion(simulation: Simulation) -> Complete:
    return Complete(
        standard="solved",
        result=Text("施工便道已开通"),
        is_truthful=True,
        feedback_way="phone",
        feedback=Text("已电话告知"),
        evidence=(simulation.evidence,),
    )
