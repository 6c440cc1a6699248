"""The rows of the ledger in words, as the command line prints them and as pages hand out its sheet."""

from datetime import date, datetime

from node.domain.time import BEIJING
from node.services.ledger import LedgerLine
from node.texts.catalogue import Lang, text, word


def ledger_row(one: LedgerLine, lang: Lang) -> tuple[str, ...]:
    """The columns of ``sheets.LEDGER_COLUMNS``."""

    def either(value: bool | None, yes: str, no: str) -> str:
        return "" if value is None else text(yes if value else no, lang)

    def said(section: str, code: str) -> str:
        return word(section, code, lang) if code else ""

    return (
        one.ticket,
        one.number,
        one.enterprise,
        said("channel", one.channel),
        _moment(one.registered_at),
        said("category", one.category),
        said("complexity", one.complexity),
        one.lead,
        text("cli.between", lang).join(one.co_handlers),
        _moment(one.signed_at),
        text("cli.clock.paused", lang) if one.is_paused else due_said(one.due_at),
        _moment(one.completed_at),
        either(one.is_in_time, "cli.yes", "cli.no"),
        said("standard", one.standard),
        either(one.is_satisfied, "evaluation.satisfied", "evaluation.dissatisfied"),
        either(one.is_consistent, "cli.ledger.consistent", "cli.ledger.inconsistent"),
        with_reason(said("state", one.state), one.unreadable, lang),
        said("with_whom", one.with_whom),
    )


def with_reason(words: str, why: str, lang: Lang) -> str:
    """*words* of a row, and *why* there is no more of its ticket ("" of one that can be read)."""
    return text("cli.unreadable", lang, words=words, why=word("unreadable", why, lang)) if why else words


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"


def due_said(moment: datetime | None) -> str:
    """A due time: 24:00 belongs to the day that it closes."""
    if moment is None:
        return ""
    local = moment.astimezone(BEIJING)
    if (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0):
        return f"{date.fromordinal(local.toordinal() - 1)} 24:00"
    return _moment(moment)
