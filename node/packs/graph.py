"""
The machine of a pack: which states a ticket may be in, what moves it, and who may do that (``qyzj pack graph``).

``moves.py`` has the moves that the engine knows; a pack has those that it uses and that somebody of its roles may make.
"""

from collections.abc import Collection, Iterable, Mapping

from node.domain.pack import Pack
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.state import FINAL, State
from node.packs.moves import MOVES, Move
from node.packs.staffing import allowed
from node.texts.catalogue import Lang, word

# The regular ways on from a state: what an office or a handler does next.  One of them must be open to somebody.
REGULAR: Mapping[State, tuple[str, ...]] = {
    State.REGISTERED: ("Form",),
    State.IN_JUDGEMENT: ("CloseJudgement",),
    State.SUPPLEMENTING: ("DecideLapsed",),
    State.FORMED: ("Dispatch",),
    State.OFFERED: ("Claim", "WithdrawOffer"),
    State.DISPATCHED: ("Sign",),
    State.OBJECTED: ("RuleObjection", "RuleByGovernment"),
    State.HANDLING: ("Complete",),
    State.ESCALATED: ("AcceptEscalation", "ReturnEscalation"),
    State.REWORKING: ("Complete",),
    State.RECHECKING: ("DeclineRecheck", "DecideRecheck"),
    State.COMPLETED: ("Close",),
    State.VERIFYING: ("OrderRework", "ApproveExplanation"),
}


def moves_of(pack: Pack) -> Mapping[Move, tuple[str, ...]]:
    """The moves of *pack* in the order of a ticket's life, each with the roles that may make it, in alphabetical order."""
    commands = {command.__name__: command for command in DECISIONS}
    used = (move for move in MOVES if move.used_by(pack))
    return {move: roles for move in used if (roles := tuple(sorted(allowed(pack, commands[move.command]))))}


def states_of(moves: Iterable[Move]) -> tuple[State, ...]:
    """The states that *moves* can bring a ticket to, from its registration on."""
    reached: set[State] = set()
    before = -1
    known = tuple(moves)
    while len(reached) > before:
        before = len(reached)
        reached |= {move.target for move in known if move.source is None or move.source in reached}
    return tuple(state for state in State if state in reached)


def dead_ends(moves: Iterable[Move], makeable: Iterable[Move] | None = None) -> tuple[State, ...]:
    """
    The states that a ticket can be brought to by *moves* and from which no way leads to an end; by those of them only that
    are *makeable*, if it is given.
    """
    reached = states_of(moves := tuple(moves))
    known = moves if makeable is None else tuple(makeable)
    ending: set[State] = set(FINAL)
    before = -1
    while len(ending) > before:
        before = len(ending)
        ending |= {move.source for move in known if move.source is not None and move.target in ending}
    return tuple(state for state in reached if state not in ending)


def stuck(pack: Pack, present: Collection[str]) -> tuple[State, ...]:
    """
    The states of *pack* that a ticket would stay in if only the roles *present* acted: no regular way on, or none to an end.
    """
    commands = {command.__name__: command for command in DECISIONS}
    moves = moves_of(pack)
    ending = dead_ends(moves, [move for move, roles in moves.items() if set(roles) & set(present)])
    closed = {state for state, names in REGULAR.items() if not any(allowed(pack, commands[name]) & set(present) for name in names)}
    return tuple(state for state in states_of(moves) if state in closed or state in ending)


def dot(pack: Pack, moves: Mapping[Move, tuple[str, ...]], lang: Lang = "zh-CN") -> str:
    """The graph for Graphviz: an edge for each two states, with all that leads from one to the other."""
    lines = [f'digraph "{pack.id}" {{', "  rankdir=LR;", "  node [shape=box, style=rounded];", '  "" [shape=point];']
    for state in states_of(moves):
        shape = ", peripheries=2" if state in FINAL else ""
        lines.append(f'  "{state.value}" [label="{word("state", state, lang)}"{shape}];')
    edges: dict[tuple[str, str], list[str]] = {}
    for move in moves:
        source = move.source.value if move.source is not None else ""
        edges.setdefault((source, move.target.value), []).append(word("command", move.command, lang))
    for (source, target), labels in edges.items():
        label = "\\n".join(dict.fromkeys(labels))
        lines.append(f'  "{source}" -> "{target}" [label="{label}"];')
    return "\n".join([*lines, "}"])
