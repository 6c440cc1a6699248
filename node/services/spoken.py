"""What is said on the telephone: the one line about a need, and its number as it is spoken."""

from node.domain.register_number import spoken
from node.services.lookup import StatusLine
from node.services.progress import HANDLING_CLOCKS
from node.services.queries import Names
from node.texts.catalogue import Lang, text, word


def said_aloud(line: StatusLine, called: Names, lang: Lang) -> str:
    """The one sentence about a need that whoever answers the telephone reads out."""
    due = "" if line.due is None else text("cli.status_line.day", lang, month_number=line.due.month, day_number=line.due.day)
    facts = {"spoken": line.spoken, "state": line.state, "due": due, "clock": line.clock}
    if not line.is_open:
        return text("cli.status_line.ended", lang, **facts)
    who = called.unit(line.unit) if line.unit else word("with_whom", line.with_whom, lang)
    if line.due is None:
        return text("cli.status_line.undue", lang, who=who, **facts)
    # Only the limit of the handling itself promises an answer; any other is named for what it is.
    if line.is_overdue and line.clock in HANDLING_CLOCKS:
        return text("cli.status_line.late", lang, who=who, **facts)
    return text("cli.status_line.answer" if line.clock in HANDLING_CLOCKS else "cli.status_line.open", lang, who=who, **facts)


def said_number(ticket: str, lang: Lang) -> str:
    """A register number as it is read out: month and day, serial, check digit (USERS C23)."""
    said = spoken(ticket)
    facts = {"month_number": said.month, "day_number": said.day, "serial": said.serial, "check_digit": said.check}
    return text("web.intake.spoken", lang, **facts)
