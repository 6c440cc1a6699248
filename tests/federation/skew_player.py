"""
The hands of one node under one release, as a program of its own: reads requests from standard input, a line of JSON each, and answers each
with a line.  It is run by releases that are older than itself, so it names commands and fields only by their words.
"""

import importlib
import json
import pkgutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import node.domain
from federation.credentials import KeyFiles
from federation.enrolment import invite, join
from federation.invitation import read
from federation.level import Level
from node import app, config
from node.domain import payload
from node.domain.refusal import Refusal
from node.services.registry import actor_of

try:
    from node.services.acting import Node, act
except ImportError:  # the first release has it elsewhere
    from node.cli.act import Node, act


def _commands() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in pkgutil.walk_packages(node.domain.__path__, "node.domain."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, type) and hasattr(value, "subject_kind"):
                found[name] = value
    return found


def _value(said: Any) -> Any:
    """A text or a contact is said as its kind and its words, so that it is sealed; lists are tuples in commands."""
    if isinstance(said, dict):
        ((kind, words),) = said.items()
        return getattr(payload, kind)(words)
    return tuple(said) if isinstance(said, list) else said


class Player:
    """Works on one data directory beside the process that serves it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._commands = _commands()
        self._opened: Node | None = None

    @property
    def _node(self) -> Node:
        self._opened = self._opened or app.build(self._directory)
        return self._opened

    def init(self, code: str, name: str, pack: str, listen: str, clock: str) -> str:
        given = {"data_dir": self._directory, "node": code, "listen": listen, "advertise": listen, "rehearsal_clock": Path(clock)}
        self._opened, _recovery_key = app.create(config.check(given), name, pack, "centre")
        return ""

    def clock(self, file: str, moment: str) -> str:
        app.set_rehearsal_clock(Path(file), datetime.fromisoformat(moment))
        return ""

    def invite(self, code: str, file: str) -> str:
        here = self._node
        authority = KeyFiles(here.data_dir / "keys").authority(here.code, here.wall())
        with here.store.read() as view:
            operator = actor_of(view.connection, here.code, "operator")
        invite(_level_of(here), authority, code, f"node {code}", here.settings.advertise, operator).write(Path(file))
        return ""

    def join(self, file: str) -> str:
        here = self._node
        join(_level_of(here), KeyFiles(here.data_dir / "keys"), read(Path(file), here.code, here.wall()))
        return ""

    def act(self, account: str, command: str, fields: dict[str, Any], subject: str = "") -> str:
        made = self._commands[command](**{name: _value(said) for name, said in fields.items()})
        if made.subject_kind.value == "ticket":
            return act(self._node, account, made, ticket=subject).subject.id
        return act(self._node, account, made, subject=subject).subject.id


def _level_of(here: Node) -> Level:
    return Level(here.store, here.writer, here.handler, here.now, here.wall, time.monotonic)


def main() -> None:
    """Answer until the input ends."""
    answers, sys.stdout = sys.stdout, sys.stderr  # the log stays out of the answers
    player = Player(Path(sys.argv[1]))
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"answer": getattr(player, request.pop("do"))(**request)}
        except Refusal as refusal:
            answer = {"refusal": refusal.code.name}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
