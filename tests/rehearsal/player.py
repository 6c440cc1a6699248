"""
Plays a story without any node: each node is a policy and a file of entries, and every entry is delivered at once to who
follows its ticket, but for who is cut off.  Reactions and the sweep are those of a node.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count

from federation import following
from federation.rehearsal.story.act import Act, LinkDown, NodeEntry
from federation.rehearsal.story.staff import STAFF
from node.domain.command import Command, Facts
from node.domain.entry import Actor, Folded, Happened
from node.domain.organisation import Place, Unit
from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.decide import decide
from node.domain.ticket.fold import evolve, fold_ticket
from node.domain.ticket.intake import Register
from node.domain.ticket.sweep import FireRung, due_rungs, next_rung_at
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.urging import ClimbLadder
from node.domain.time import local_day
from node.packs.calendar_file import parse_calendar, shipped_texts, work_calendar
from node.packs.file import effective_pack, finder
from node.packs.published import published
from tests.support.heading import headed

NODE = Actor("clock", "node")
CALENDAR = work_calendar([parse_calendar(name, text) for name, text in shipped_texts().items()], published)


@dataclass
class Site:
    """One node: what governs it, whom it knows, what it holds."""

    entry: NodeEntry
    policy: Policy
    units: Mapping[str, Unit]
    files: dict[str, list[Folded]] = field(default_factory=lambda: defaultdict(list))
    papers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    waiting: list[Folded] = field(default_factory=list)
    _tickets: dict[str, Ticket | None] = field(default_factory=dict)

    def ticket(self, number: str) -> Ticket | None:
        """The ticket as this node folds it."""
        if number not in self._tickets and number in self.files:
            self._tickets[number] = fold_ticket(self.files[number], self.policy.place.rank)
        return self._tickets.get(number)

    def take(self, entry: Folded) -> Ticket | None:
        """File one more entry."""
        number = entry.header.subject.id
        self.files[number].append(entry)
        self._tickets.pop(number, None)
        return self.ticket(number)

    def knows(self, number: str) -> set[str]:
        """Ids of the entries that are here or on their way."""
        return {entry.header.id for entry in (*self.files.get(number, ()), *self.waiting)}


@dataclass(frozen=True)
class Played:
    """One act with what came of it: the refusal's code, or empty; whether it was left out."""

    act: Act
    refusal: str
    is_left_out: bool = False
    detail: str = ""


class World:
    """All nodes of the story, and what came up while it is played."""

    def __init__(self, link_down: LinkDown) -> None:
        self.link_down = link_down
        self.sites = {entry.code: _site(entry) for entry in STAFF}
        self.numbers: dict[str, str] = {}
        self.fired: list[tuple[str, str, str, str]] = []
        self._drafts: dict[str, str] = {}
        self._ids = count(1)
        self._serials: dict[tuple[str, str], int] = defaultdict(int)
        self._numbered: dict[tuple[str, str], int] = defaultdict(int)
        self._next_rung: dict[tuple[str, str], datetime | None] = {}

    def __getitem__(self, label: str) -> str:
        return self.numbers[label]

    def draft(self, label: str) -> str:
        """The last reply drafted on the ticket."""
        return self._drafts[self.numbers[label]]

    def label_of(self, number: str) -> str:
        """The other way round."""
        return next(label for label, one in self.numbers.items() if one == number)

    # --- playing ----------------------------------------------------------------------------------------------------

    def play(self, acts: Sequence[Act]) -> list[Played]:
        """Play *acts* in their order, sweeping up to each."""
        return [self.act(one) for one in acts]

    def act(self, act: Act) -> Played:
        """One act, after what was due before it."""
        now = act.at.astimezone(UTC)
        self.reach(now)
        site = self.sites[act.node]
        number = self.numbers.get(act.ticket, "")
        ticket = site.ticket(number) if number else None
        if act.after and not any(entry.header.kind == act.after for entry in site.files.get(number, ())):
            return Played(act, "", detail=f"{act.after} had not arrived")
        if ticket is not None and act.unless_back_at == ticket.custody.holder and not ticket.custody.is_frozen:
            return Played(act, "", is_left_out=True)
        site.papers[number or act.ticket] |= {paper.digest for paper in act.papers}
        actor = Actor(act.account, act.role, site.entry.unit_of(act.account))
        try:
            if act.behind and ticket is not None:
                raise Refusal(Code.VERSION_CONFLICT, ticket=ticket.id, seen=ticket.version - act.behind, version=ticket.version)
            self.give(site, actor, number, act.ready(self), now, label=act.ticket)
        except Refusal as refusal:
            return Played(act, refusal.code.name, detail=str(refusal))
        return Played(act, "")

    def give(self, site: Site, actor: Actor, number: str, command: Command, now: datetime, label: str = "") -> list[Folded]:
        """Decide, number, fold and deliver one command at *site*."""
        ticket = None if command.starts else site.ticket(number)
        others = {value: other for name in command.also if (other := site.ticket(value := getattr(command, name))) is not None}
        day = (site.entry.code, local_day(now).isoformat())
        facts = Facts(
            actor,
            units=site.units,
            others=others,
            serial=self._serials[day] + 1,
            evidence=frozenset(site.papers[number or label]),
            given={
                "running_number": self._numbered[day] + 1,
                "order_id": f"O{site.entry.code}-{local_day(now).year}-{len(self.fired):04d}",
            },
        )
        # Orders are dossiers of their own, which no story looks at.
        happened = [one for one in decide(ticket, command, facts, site.policy, now) if one.subject.kind == "ticket"]
        if isinstance(command, Register):
            self._serials[day] += 1
            self.numbers[label] = happened[0].subject.id
        self._numbered[day] += sum(bool(getattr(one.event, "number", "")) for one in happened)
        known = {**others, **({number: ticket} if ticket is not None else {})}
        written = []
        for one in happened:
            entry, known[one.subject.id] = self._written(site, known.get(one.subject.id), one, actor, now)
            written.append(entry)
        for entry in written:
            self._take(site, entry)
            self._deliver(site, entry)
        for entry in written:
            self._react_everywhere(entry, now)
        return written

    def reach(self, now: datetime) -> None:
        """What was held back while a node was cut off arrives; then every node sweeps what is due."""
        if now >= self.link_down.end:
            for site in self.sites.values():
                held, site.waiting = site.waiting, []
                for entry in held:
                    self._take(site, entry)
                for entry in held:
                    self._react(site, entry, max(now, self.link_down.end.astimezone(UTC)))
        while due := sorted(
            (at, key) for key, at in self._next_rung.items() if at is not None and at <= now and not self._is_cut(key[0], at)
        ):
            at, (code, number) = due[0]
            self._sweep(self.sites[code], number, at)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _written(self, site: Site, ticket: Ticket | None, one: Happened, actor: Actor, now: datetime) -> tuple[Folded, Ticket]:
        seq = next(self._ids)
        entry = headed(ticket, one, site.entry.code, actor, now, seq, f"{seq:08}")
        after = evolve(ticket, entry)
        if entry.header.kind == "ReplyDrafted":
            self._drafts[one.subject.id] = entry.header.id
        return Folded(replace(entry.header, state=after.state.value, with_whom=after.with_whom.value), one.event), after

    def _take(self, site: Site, entry: Folded) -> None:
        number = entry.header.subject.id
        ticket = site.take(entry)
        assert ticket is not None
        self._next_rung[site.entry.code, number] = next_rung_at(ticket, site.policy)

    def _deliver(self, origin: Site, entry: Folded) -> None:
        """To every superior, and to who holds or held the ticket below, or is asked."""
        number = entry.header.subject.id
        ticket = origin.ticket(number)
        assert ticket is not None
        parties = {*ticket.custody.openers, ticket.origin, ticket.custody.asked, entry.header.addressee} - {""}
        for party in tuple(parties):
            parties |= set(self.sites[party].policy.place.line)
        for code in sorted(parties):
            target = self.sites[code]
            known = target.knows(number)
            missing = [one for one in origin.files[number] if one.header.id not in known]
            if target is origin or not missing:
                continue
            if any(self._is_cut(one, entry.header.recorded_at) for one in self._way(origin.entry.code, code)):
                target.waiting.extend(missing)
            else:
                for one in missing:
                    self._take(target, one)

    def _way(self, one: str, other: str) -> set[str]:
        """Every node that an entry passes between the two, both included."""
        lines = [(code, *self.sites[code].policy.place.line) for code in (one, other)]
        meeting = next(code for code in lines[0] if code in lines[1])
        return {code for line in lines for code in line[: line.index(meeting) + 1]}

    def _is_cut(self, code: str, at: datetime) -> bool:
        return code == self.link_down.node and self.link_down.begin <= at < self.link_down.end

    def _react_everywhere(self, entry: Folded, now: datetime) -> None:
        for site in self.sites.values():
            if all(one is not entry for one in site.waiting):
                self._react(site, entry, now)

    def _react(self, site: Site, entry: Folded, now: datetime) -> None:
        """What needs no judgement is automatic (DESIGN 13)."""
        head, number = entry.header, entry.header.subject.id
        ticket = site.ticket(number)
        if ticket is None or not following.concerns(head.kind):
            return
        place = site.policy.place
        for reaction in [*following.of_custody(head, ticket, place), *following.of_asks(head, ticket, place)]:
            self.give(site, NODE, number, reaction.command, now)

    def _sweep(self, site: Site, number: str, at: datetime) -> None:
        ticket = site.ticket(number)
        assert ticket is not None
        for rung in due_rungs(ticket, site.policy, at):
            self.fired.append((site.entry.code, self.label_of(number), rung.clock, rung.rung))
            command = ClimbLadder(rung.clock, rung.times) if rung.times else FireRung(rung.clock, rung.rung)
            self.give(site, NODE, number, command, at)


def _site(entry: NodeEntry) -> Site:
    line, above = [], entry.superior
    while above:
        line.append(above)
        above = next(one.superior for one in STAFF if one.code == above)
    place = Place(entry.code, tuple(line), {one.code: one.superior for one in STAFF})
    pack: Pack = effective_pack(entry.pack, finder())
    staffed = [one.unit for one in entry.accounts]
    units = {f"{entry.code}-{unit.short}": Unit(f"{entry.code}-{unit.short}", unit.kind, staffed.count(unit.short)) for unit in entry.units}
    units[f"{entry.code}-centre"] = Unit(f"{entry.code}-centre", "office", staffed.count("centre") + 4)
    return Site(entry, Policy(pack, CALENDAR, place), units)
