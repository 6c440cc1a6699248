"""
An office at work, as a process: a node that serves, and somebody who answers at once.

Started with the node's data directory and a part (``escalation``): "decide" takes over what is asked of it and decides, "pass_on"
takes it over and asks the level above; a number is how many escalations it asks for itself, one after the other: their seconds
are printed as one JSON list.  It ends with its standard input.
"""

import json
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import bindparam, select

from node.domain.command import Command, Order
from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import Contact, Text
from node.domain.registry import unit_code
from node.domain.ticket.custody import DecideAbove
from node.domain.ticket.escalation import AcceptEscalation, RequestEscalation
from node.domain.ticket.intake import Register
from node.services.acting import Node
from node.storage import schema
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork

seconds_max = 60.0
ASK = RequestEscalation(
    power_item="520000-NR-01", reason=Text("本级年度计划指标已用完，申请上级统筹。"), tried=("department", "joint_office")
)
ACCEPT = AcceptEscalation(category="coordination", complexity="complex")
DECIDE = DecideAbove(Text("同意纳入省级统筹计划。"))
ANSWERS = {"decide": (ACCEPT, DECIDE), "pass_on": (ACCEPT, ASK)}

_tickets = schema.tickets.c
_ASKED = Prepared(select(_tickets.id).where(_tickets.asked == bindparam("node")))
_STANDS = Prepared(select(_tickets.holder, _tickets.asked, _tickets.custody).where(_tickets.id == bindparam("ticket")))


class Serving(Protocol):
    """A node at work."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


class Build(Protocol):
    """``node.app.build``."""

    def __call__(self, data_dir: Path, *, inline: bool) -> Node: ...


def main(build: Build, serving: Callable[[Node], Serving]) -> None:
    """Play the part that the command line names until the standard input ends."""
    data, part = Path(sys.argv[1]), sys.argv[2]
    node = build(data, inline=False)
    office = Office(node)
    at_work = serving(node)
    at_work.start()
    if part in ANSWERS:
        threading.Thread(target=office.answer, args=ANSWERS[part], daemon=True).start()
    else:
        print(json.dumps(office.ask(int(part))), flush=True)
    sys.stdin.buffer.read()
    at_work.stop()
    node.close()


@dataclass
class Office:
    """Who sits at *node*."""

    node: Node

    def __post_init__(self) -> None:
        self._woken = threading.Event()
        self.node.store.on_commit.append(lambda _outcome: self._woken.set())

    def answer(self, *commands: Command) -> None:
        """Answer each ticket that is asked of this node with *commands*, at once, for ever."""
        while True:
            self._woken.wait()
            self._woken.clear()
            with self.node.store.read() as view:
                asked = _ASKED.rows(view.connection, node=self.node.code)
            for (number,) in asked:
                self.act(number, Role.OFFICE, *commands)

    def ask(self, count: int) -> list[float]:
        """Seconds from each request to the moment when this node holds the ticket again, with the answer."""
        taken = []
        for number in range(count):
            appeal = Text(f"扩建用地缺指标，第{number}件")
            phone = Contact(f"138{number:08}")
            ticket = self.act(
                "", Role.WINDOW_CLERK, Register(channel="window", appeal=appeal, name=Contact("某厂"), phone=phone, judgement="foreign")
            )
            begun = time.perf_counter()
            self.act(ticket, Role.OFFICE, ASK)
            while not self._is_back(ticket):
                if not self._woken.wait(seconds_max):
                    raise TimeoutError(f"{ticket} did not come back")
                self._woken.clear()
            taken.append(time.perf_counter() - begun)
        return taken

    def act(self, number: str, role: Role, *commands: Command) -> str:
        """One act: *commands* in one transaction; gives the ticket's number."""
        actor = Actor("bench", role.value, unit_code(self.node.code, "centre"))

        def carry_out(work: UnitOfWork) -> str:
            ticket = number
            for command in commands:
                ticket = self.node.handler.carry_out(work, Order(str(uuid.uuid4()), actor, ticket, command)).subject.id
            return ticket

        return self.node.writer.command(carry_out)

    def _is_back(self, ticket: str) -> bool:
        with self.node.store.read() as view:
            row = _STANDS.record(view.connection, ticket=ticket)
        return bool(row.holder == self.node.code and row.asked == "" and row.custody > 1)
