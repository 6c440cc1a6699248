"""
What a verb works with and how it answers: for people in tables and sentences of their language, for machines as one JSON
document.  A refusal goes to stderr with code, sentence and remedy.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text as RichText

from node import config
from node.domain.refusal import Code, Refusal
from node.domain.time import BEIJING
from node.packs.calendar_file import Fault as CalendarFault
from node.packs.calendar_file import FaultyCalendar
from node.packs.fault import Fault as PackFault
from node.packs.fault import FaultyPack
from node.services.acting import Node
from node.services.bodies import as_json
from node.storage.sealing import CodedError
from node.texts.catalogue import Lang, catalogue, explain, text, with_words, word

# A refusal, wrong usage, a bug: what scripts branch on (sysexits.h for the last two).
EXIT_REFUSED = 2
EXIT_USAGE = 64
EXIT_BUG = 70
DEFAULT_DATA = "qyzj-data"
# What is not a terminal has no width of its own; a line that is cut tells nobody anything.
_WIDTH_OF_A_PIPE = 160

Build = Callable[..., Node]
Create = Callable[..., tuple[Node, str]]
# Moves the clock file of a rehearsal.
SetClock = Callable[[Path, datetime], None]
# Lets a node that was built serve until the process is told to stop.
# The node, and what is called once all of its ports are open.
Serve = Callable[[Any, Callable[[], None]], None]
Lines = Callable[[Console], None]


class _Rows(Table):
    """A table that says *none* behind its title where it has no rows."""

    def __init__(self, none: str, *, title: str | None, **style: Any) -> None:
        super().__init__(title=title, **style)
        self._none = none

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        if self.rows:
            yield from super().__rich_console__(console, options)
        else:
            yield RichText(f"{self.title or ''}{self._none}".strip())


class Usage(Exception):
    """Wrong usage that the command line finds only when it reads the values; ``key`` is a text of section ``usage``."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts


@dataclass(frozen=True)
class Parts:
    """How nodes are put together: what ``node.app`` hands in."""

    build: Build
    create: Create
    set_clock: SetClock
    serve: Serve


@dataclass(frozen=True)
class Session:
    """One call of the program: who acts where, and how the answer is to look."""

    parts: Parts
    data: Path
    lang: Lang
    as_json: bool = False
    account: str = ""
    is_debug: bool = False

    @contextmanager
    def node(self) -> Iterator[Node]:
        """
        The node in the data directory, for as long as the block lasts.

        Raises:
            Refusal: SETTING_REFUSED, SCHEMA_OLD.
            CodedError: NO_NODE_HERE.
        """
        self.need_node()
        node = self.parts.build(self.data)
        try:
            yield node
        finally:
            node.close()

    def need_node(self) -> None:
        """
        Refuse a data directory without a node, by its name.

        Raises:
            CodedError: NO_NODE_HERE.
        """
        if not (self.data / config.FILE).is_file():
            raise CodedError("NO_NODE_HERE", directory=str(self.data))

    def acting(self, default: str = "") -> str:
        """
        The account that acts.

        Raises:
            Usage: nobody was named and there is no *default*.
        """
        if not self.account and not default:
            raise Usage("account_required")
        return self.account or default

    # --- answering ----------------------------------------------------------------------------------------------------

    def answer(self, value: Mapping[str, Any], lines: Lines) -> None:
        """Give the answer: *value* to machines, what *lines* prints to people."""
        if self.as_json:
            print(as_json(value), flush=True)
        else:
            lines(self.console())

    def tell_left_out(self, console: Console, tickets: Sequence[str]) -> None:
        """Name the *tickets* that a report could not read: it is whole without them, and nothing is left out silently."""
        if tickets:
            console.print(self.say("left_out", count=len(tickets), tickets=self.say("between").join(tickets)))

    def console(self, file: TextIO | None = None) -> Console:
        """Where people read; a pipe is never wrapped at a terminal's width, and brackets that people write are no markup."""
        file = file or sys.stdout
        width = None if file.isatty() or os.environ.get("COLUMNS") else _WIDTH_OF_A_PIPE
        return Console(file=file, width=width, highlight=False, markup=False, emoji=False)

    def say(self, key: str, **facts: Any) -> str:
        """A sentence of the command line."""
        return text(f"cli.{key}", self.lang, **facts)

    def word(self, section: str, code: str | Enum) -> str:
        """The word for a code."""
        return word(section, code, self.lang)

    def table(self, title: str, *columns: str, **facts: Any) -> Table:
        """
        An empty table; *title* and *columns* are keys of the sections ``cli.title`` and ``cli.column``.

        Printed without a row it is one sentence: a head with nothing under it looks as if something had failed.
        """
        table = _Rows(
            self.say("no_rows"), title=self.say(f"title.{title}", **facts) if title else None, title_justify="left", header_style="bold"
        )
        for name in columns:
            table.add_column(self.say(f"column.{name}"), overflow="fold")
        return table

    def moment(self, moment: datetime | None) -> str:
        """A time as people in Beijing say it."""
        return "" if moment is None else f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"

    def due(self, moment: datetime | None) -> str:
        """A due time: 24:00 belongs to the day that it closes."""
        if moment is None:
            return ""
        local = moment.astimezone(BEIJING)
        if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
            return f"{date.fromordinal(local.toordinal() - 1)} 24:00"
        return f"{local:%Y-%m-%d %H:%M}"


# --- what is said when it does not work -------------------------------------------------------------------------------


def refuse(session: Session, refusal: Refusal) -> int:
    """Show *refusal* and give the exit code."""
    sentence, remedy = explain(refusal, session.lang)
    if not session.as_json:
        remedy = "\n".join(part for part in (remedy, _hint(session, refusal)) if part)
    body = {
        "code": refusal.code.name,
        "status": refusal.code.status,
        "is_retryable": refusal.code.is_retryable,
        "sentence": sentence,
        "remedy": remedy,
        "facts": refusal.facts,
    }
    return _complain(session, "refusal", body, [(refusal.code.name, sentence)], remedy, EXIT_REFUSED)


def _hint(session: Session, refusal: Refusal) -> str:
    """What a refusal means on the command line: the option to give, the verb that helps, who it is that may."""
    facts = {name: str(value) for name, value in refusal.facts.items()}
    if refusal.code is Code.PERMISSION_DENIED:
        if facts.get("command") and facts.get("role"):
            return session.say("hint.role", role=session.word("role", facts["role"]), command=session.word("command", facts["command"]))
        if facts.get("wanted") and facts.get("unit"):
            wanted = session.word("with_whom", facts["wanted"])
            return session.say("hint.unit", wanted=wanted, unit=facts["unit"])
        return ""
    key = f"hint.{refusal.code.name}"
    if f"cli.{key}" not in catalogue(session.lang):
        return ""
    if refusal.code is Code.SUBJECT_UNKNOWN and facts.get("kind") != "ticket":
        return ""
    field = facts.get("field", "")
    return session.say(key, option=f"--{field.replace('_', '-')}", codes=with_words("forming_test", session.lang))


def refuse_coded(session: Session, error: CodedError) -> int:
    """Show what is wrong with a key ring, a backup, a certificate or an invitation."""
    if error.code in Code.__members__:
        return refuse(session, Refusal(Code[error.code], **error.facts))
    sentence, remedy = coded_words(error.code, session.lang, **error.facts)
    body = {"code": error.code, "sentence": sentence, "remedy": remedy, "facts": error.facts}
    return _complain(session, "refusal", body, [(error.code, sentence)], remedy, EXIT_REFUSED)


def coded_words(code: str, lang: Lang, **facts: object) -> tuple[str, str]:
    """Sentence and remedy for a code of whatever kind: a refusal, a broken file, a certificate; the code itself if it is neither."""
    for key in (f"refusal.{code}", f"coded.{code}"):
        if f"{key}.sentence" in catalogue(lang):
            return text(f"{key}.sentence", lang, **facts), text(f"{key}.remedy", lang, **facts)
    return code, ""


def need_room(file: Path) -> None:
    """
    Refuse a file that cannot be made, before anything else is done.

    Raises:
        Usage: it exists, or its directory does not, or nothing may be written there.
    """
    if file.exists():
        raise Usage("file_exists", file=file)
    if not file.parent.is_dir():
        raise Usage("no_directory", directory=file.parent)
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise unwritable(file, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def unwritable(file: Path, error: OSError) -> Usage:
    """The usage error for a *file* that the system would not write."""
    return Usage("file_unwritable", file=file.name, directory=file.absolute().parent, fault=error.strerror or type(error).__name__)


def refuse_file(session: Session, error: FaultyPack | FaultyCalendar) -> int:
    """Show every fault of a pack or a calendar."""
    code = "FAULTY_PACK" if isinstance(error, FaultyPack) else "FAULTY_CALENDAR"
    faults = [fault_body(fault, session.lang) for fault in error.faults]
    lines = [(fault["rule"], f"{fault['file']}: {fault['key']}: {fault['sentence']}") for fault in faults]
    return _complain(session, "refusal", {"code": code, "faults": faults}, lines, "", EXIT_REFUSED)


def fault_body(fault: PackFault | CalendarFault, lang: Lang) -> dict[str, str]:
    """One fault of a file: where it is and what the rule wants."""
    if isinstance(fault, PackFault):
        sentence = text(f"pack_rule.{fault.rule.value}", lang, **fault.facts)
    else:
        sentence = text(f"calendar_rule.{fault.rule.value}", lang)
    return {"file": fault.file, "key": fault.key, "rule": fault.rule.value, "sentence": sentence}


def refuse_usage(session: Session, sentence: str) -> int:
    """Show that the program was called wrongly."""
    remedy = text("usage.remedy", session.lang)
    return _complain(session, "usage", {"sentence": sentence, "remedy": remedy}, [("", sentence)], remedy, EXIT_USAGE)


def report_bug(session: Session, error: Exception) -> int:
    """Say that something went wrong that nobody foresaw; the log line has the rest."""
    sentence = text("usage.bug", session.lang, error=type(error).__name__)
    remedy = text("usage.bug_remedy", session.lang)
    return _complain(
        session, "bug", {"error": type(error).__name__, "sentence": sentence}, [(type(error).__name__, sentence)], remedy, EXIT_BUG
    )


def _complain(session: Session, kind: str, body: Mapping[str, Any], lines: Sequence[tuple[str, str]], remedy: str, exit_code: int) -> int:
    if session.as_json:
        print(as_json({kind: body}), file=sys.stderr, flush=True)
        return exit_code
    console = session.console(sys.stderr)
    for code, sentence in lines:
        console.print(RichText.assemble((f"{code}  " if code else "", "bold red"), (sentence, "red")))
    if remedy:
        console.print(RichText(remedy))
    return exit_code
