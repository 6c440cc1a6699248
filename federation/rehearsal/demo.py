"""
``qyzj demo``: nine weeks of a province, a city and two counties, four processes over mutual TLS on this machine.

The story (``story``) is played against real nodes: for each moment the shared clock moves on, every node sweeps and
settles, and the people of that moment act.  For two days the city cannot be reached.  February's round of sampled
revisits runs by itself; the calls are the story's.  At the end the levels are compared (``agreement``).
"""

import heapq
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from federation.rehearsal import show, story
from federation.rehearsal.agreement import Agreement, compare
from federation.rehearsal.desks import Desks, open_all
from federation.rehearsal.show import playing
from federation.rehearsal.stage import Create, SetClock, Stage, closing, set_up
from federation.rehearsal.story import sampling
from federation.rehearsal.story.act import Act
from node.domain import registry as g
from node.domain.refusal import Refusal
from node.domain.round_record import round_id
from node.domain.ticket.countersigning import ReplyDrafted
from node.services.acting import Node, act
from node.services.figures import leader_page, level
from node.services.handle import Outcome
from node.services.rounds import find_round
from node.services.setup import CENTRE_UNIT, FIRST_ACCOUNTS


class StoryBroken(RuntimeError):
    """An act of the story did not end as it says."""


@dataclass
class Known:
    """What came up while the story was played: register numbers by label, drafted replies."""

    numbers: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, label: str) -> str:
        return self.numbers[label]

    def draft(self, label: str) -> str:
        """The entry id of the last reply that was drafted on the ticket."""
        return self.drafts[label]


@dataclass(frozen=True)
class Played:
    """What a demo gives back: the comparison, and how much was played."""

    agreement: Agreement
    acts: int
    refusals: int
    tickets: int
    directory: Path
    # Of a demo that goes on: its desks, and the processes of its nodes.
    desks: Desks | None = None
    processes: tuple[int, ...] = ()


def run(
    create: Create,
    set_clock: SetClock,
    *,
    keep: bool,
    console: Console,
    directory: Path | None = None,
    until: datetime | None = None,
) -> Played:
    """
    Play the story and compare the levels.

    *keep* leaves the nodes serving, desks and all, and their data in *directory* (or a new one): on the Monday morning after the story,
    or as it stands at *until*, where it then stops.

    Raises:
        StoryBroken, stage.NotAtRest: the demo itself failed.
    """
    home = directory or Path(tempfile.mkdtemp(prefix="qyzj-demo-"))
    stage = set_up(create, set_clock, home, story.STAFF, story.BEGINS, has_pages=keep)
    stage.is_tied = not keep
    with closing(stage, keep=keep):
        player = _Player(stage)
        with _progress(console) as step:
            player.enrol(step)
            player.staff(step)
            player.play(step, until or (story.MORNING if keep else story.ENDS))
        with console.status(show.said("comparing")):
            agreement = compare({code: node.store for code, node in stage.nodes.items()})
        _tell(stage, console)
        opened = open_all(stage, story.STAFF) if keep else None
    processes = tuple(process.pid for process in stage.serving.values())
    played = Played(agreement, player.acts, player.refusals, len(player.known.numbers), home, opened, processes)
    if opened is not None:
        console.print(show.kept(home, stage, opened))
    else:
        for node in stage.nodes.values():
            node.close()
        if directory is None:
            shutil.rmtree(home)
    return played


@contextmanager
def _progress(console: Console) -> Iterator[Callable[..., None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(story.ACTS))

        def step(said: str, done: int = 0) -> None:
            progress.update(task, description=said, advance=done)

        yield step


class _Player:
    """Plays the story on a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.known = Known()
        self.acts = 0
        self.refusals = 0
        self._now: datetime = story.BEGINS.astimezone(UTC)
        self._plans: list[tuple[datetime, int, Callable[[], None], str]] = []
        self._planned = 0

    def enrol(self, step: Callable[..., None]) -> None:
        """From the top down: each superior serves before its subordinates join."""
        for entry in story.STAFF:
            step(show.joining(entry.name))
            self.stage.enter(entry.code)

    def staff(self, step: Callable[..., None]) -> None:
        """Units and accounts of the first day, entered by each centre."""
        for entry in story.STAFF:
            step(show.staffing(entry.name))
            node = self.stage.nodes[entry.code]
            for (first, roles), person in zip(FIRST_ACCOUNTS, entry.first_people, strict=True):
                by = "security:security_admin" if set(roles) & g.ADMINISTRATORS else "centre:office"
                named = g.OpenAccount(first, roles, g.unit_code(entry.code, CENTRE_UNIT), person, is_named_anew=True)
                act(node, by, named)
            for unit in entry.units:
                act(node, "centre:office", g.OpenUnit(unit.short, unit.name, unit.kind))
            for account in entry.accounts:
                unit_code = g.unit_code(entry.code, account.unit) if account.unit else ""
                act(node, "centre:office", g.OpenAccount(account.account, account.roles, unit_code, account.name))
        self.stage.rest(self._now)

    def play(self, step: Callable[..., None], until: datetime) -> None:
        """Everything by business time up to *until*, and on to that moment itself."""
        for one in story.ACTS:
            self._plan(one.at, partial(self._act, one), playing(one))
        self._plan(story.LINK_DOWN.begin, partial(self._switch, story.LINK_DOWN.node, is_down=True), show.cut_off(story.LINK_DOWN.node))
        self._plan(story.LINK_DOWN.end, partial(self._switch, story.LINK_DOWN.node, is_down=False), show.back(story.LINK_DOWN.node))
        self._plan(sampling.DRAWN_AT, self._plan_calls, show.said("drawing"))
        for reveal in sampling.REVEALING:
            self._plan(reveal.at, partial(self._round_act, reveal), show.said("revealing"))
        self._plan(until, lambda: None, "")
        while self._plans and self._plans[0][0] <= until:
            moment, _, do, told = heapq.heappop(self._plans)
            if moment != self._now:
                self._go_to(moment)
            do()
            step(told, 1)
        self.stage.rest(self._now)

    def _plan(self, at: datetime, do: Callable[[], None], told: str) -> None:
        heapq.heappush(self._plans, (at.astimezone(UTC), self._planned, do, told))
        self._planned += 1

    def _plan_calls(self) -> None:
        """Who was drawn is known now: the city's calls, and what follows in the county from the finding."""
        labels = {number: label for label, number in self.known.numbers.items()}
        below = [*((story.CITY.code, county) for county in sampling.COUNTIES), (story.PROVINCE.code, story.CITY.code)]
        for by, county in below:
            node = self.stage.nodes[by]
            with node.store.read() as view:
                found = find_round(view, round_id(by, county, sampling.PERIOD))
                assert found is not None
                drawn = [(key, labels[key.partition("#")[0]]) for key in found.drawn]
                tickets = {label: view.readings.ticket(self.known[label]) for _, label in drawn}
            for call in sampling.calls(county, drawn, by):
                self._plan(call.at, partial(self._round_act, call), show.said("calling"))
            for place, (_, label) in enumerate(drawn):
                if not sampling.answer_of(county, place, label).is_consistent:
                    ticket = tickets[label]
                    assert ticket is not None and ticket.completion is not None
                    for one in sampling.rework(label, ticket.lead, on_the_spot=ticket.completion.on_the_spot):
                        self._plan(one.at, partial(self._act, one), playing(one))

    def _round_act(self, one: sampling.RoundAct) -> None:
        self.acts += 1
        act(self.stage.nodes[one.node], f"{one.account}:{one.role}", one.command, subject=one.round)

    def _go_to(self, moment: datetime) -> None:
        self.stage.rest(self._now)
        self._now = moment
        self.stage.set_clock(moment)
        self.stage.rest(moment)

    def _switch(self, code: str, *, is_down: bool) -> None:
        if is_down:
            self.stage.kill(code)  # no warning, no time to clean up
        else:
            self.stage.start(code)
            self.stage.wait_listening(code)

    def _act(self, one: Act) -> None:
        node = self.stage.nodes[one.node]
        ticket = self.known.numbers.get(one.ticket, "")
        if one.after:
            self.stage.arrived(one.node, ticket, one.after)
        if one.unless_back_at and self._is_back(node, ticket, one.unless_back_at):
            return
        for paper in one.papers:
            node.blobs.put(paper.data)
        self.acts += 1
        try:
            outcome = self._given(node, one, ticket)
        except Refusal as refusal:
            if refusal.code.name != one.expects:
                raise StoryBroken(f"{one.at:%m-%d %H:%M} {one.node} {one.account} on {one.ticket}: {refusal}") from refusal
            self.refusals += 1
            return
        if one.expects:
            raise StoryBroken(f"{one.at:%m-%d %H:%M} {one.node} {one.account} on {one.ticket}: carried out, {one.expects} was to come")
        self._learn(one, outcome)

    def _given(self, node: Node, one: Act, ticket: str) -> Outcome:
        command = one.ready(self.known)
        more: dict[str, Any] = {}
        if one.behind:
            with node.store.read() as view:
                whole = view.readings.ticket(ticket)
            assert whole is not None
            more["seen"] = (whole.custody.number, whole.version - one.behind)
        is_ticket = command.subject_kind.value == "ticket"
        return act(
            node,
            f"{one.account}:{one.role}",
            command,
            ticket=ticket if is_ticket and not command.starts else "",
            subject="" if is_ticket else one.ticket,
            **more,
        )

    def _learn(self, one: Act, outcome: Outcome) -> None:
        if outcome.subject.kind == "ticket" and one.ticket not in self.known.numbers:
            self.known.numbers[one.ticket] = outcome.subject.id
        for entry in outcome.entries:
            if isinstance(entry.content.event, ReplyDrafted):
                self.known.drafts[one.ticket] = entry.header.id

    def _is_back(self, node: Node, ticket: str, at: str) -> bool:
        with node.store.read() as view:
            row = view.readings.rows({ticket}).get(ticket)
        return row is not None and row.holder == at and not row.asked


def _tell(stage: Stage, console: Console) -> None:
    """One table a level, then the county leader's page."""
    for code, node in stage.nodes.items():
        with node.store.read() as view:
            console.print(show.level_table(level(view, node.now()), lag(stage, code)))
    leader = stage.nodes[story.XIXIU.code]
    with leader.store.read() as view:
        console.print(show.leader_page(leader_page(view, leader.now())))


def lag(stage: Stage, code: str) -> int:
    """Entries that the node still owes its superior: 0 once everything came to rest."""
    return sum(1 for one in stage.unrest(stage.nodes[code].now()) if one.startswith(f"{code} still sends"))
