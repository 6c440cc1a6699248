"""
The program ``qyzj`` on the command line: its verbs, and what each exit code means.

0: done.  2: refused, with code, sentence and remedy.  64: called wrongly.  70: a bug, logged.  130: interrupted.
"""

import re
import shutil
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import structlog
import typer
import typer.core

from node.cli import (
    backups,
    bench,
    calendars,
    demo,
    desks,
    dossiers,
    duties,
    enterprises,
    find,
    hooks,
    imports,
    inbox,
    lanes,
    ledger,
    nodes,
    overview,
    packs,
    papers,
    progress,
    rebuild,
    reconcile,
    recovering,
    rounds,
    simulate,
    staff,
    status,
    tally,
    tickets,
    upgrade,
)
from node.cli import serve as serve_verb
from node.cli.console import (
    DEFAULT_DATA,
    EXIT_USAGE,
    Build,
    Create,
    Parts,
    Serve,
    Session,
    SetClock,
    Usage,
    refuse,
    refuse_coded,
    refuse_file,
    refuse_usage,
    report_bug,
)
from node.cli.verbs import Verbs, language
from node.domain.refusal import Code, Refusal
from node.packs.calendar_file import FaultyCalendar
from node.packs.fault import FaultyPack
from node.storage.sealing import CodedError
from node.texts.catalogue import Lang, catalogue, text

EXIT_INTERRUPTED = 130
PROGRAM = "qyzj"
# With less room SQLite does not even open a database: it makes two files beside it.
opened_with_bytes = 256 * 1024

log = structlog.get_logger()


def run(build: Build, create: Create, set_clock: SetClock, serve: Serve) -> None:
    """Carry out what stands on the command line and leave the process with its exit code."""
    # Answers are on stdout, and a machine reads them: the log goes the other way.
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    sys.exit(execute(sys.argv[1:], Parts(build, create, set_clock, serve)))


def execute(arguments: Sequence[str], parts: Parts) -> int:
    """Carry out *arguments* and return the exit code; answers go to stdout, complaints to stderr."""
    lang = language(_value_of(arguments, "--lang"))
    # For complaints: whatever was meant, they are said in its language and form.
    session = Session(
        parts, Path(_value_of(arguments, "--data") or DEFAULT_DATA), lang, "--json" in arguments, is_debug="--debug" in arguments
    )
    try:
        answer = _command(parts, lang, _verbs_said(arguments)).main(list(arguments), prog_name=PROGRAM, standalone_mode=False)
    except Refusal as refusal:
        return refuse(session, refusal)
    except CodedError as error:
        return refuse_coded(session, error)
    except (FaultyPack, FaultyCalendar) as error:
        return refuse_file(session, error)
    except Usage as error:
        return refuse_usage(session, text(f"usage.{error.key}", lang, **error.facts))
    except typer.TyperException as error:
        return _wrong_usage(session, error, lang)
    except (KeyboardInterrupt, typer.Abort):
        return EXIT_INTERRUPTED
    except Exception as error:
        if session.is_debug:
            raise
        plain = _plain(session.data, error)
        if plain is not None:
            return refuse(session, plain)
        # The words of an exception may hold what somebody typed; the log line names the kind and the place.
        log.error("bug", error=type(error).__name__, place=_place(error))
        return report_bug(session, error)
    return answer if isinstance(answer, int) else 0


def _plain(data: Path, error: Exception) -> Refusal | None:
    """What a fault of the machine is called: damaged pages, or a disk so full that the database does not even open; None for a bug."""
    from sqlalchemy.exc import DatabaseError  # what only this needs of it takes long to load

    if not isinstance(error, DatabaseError):
        return None
    said = str(error.orig)
    if "malformed" in said or "not a database" in said:
        return Refusal(Code.DATABASE_DAMAGED, fault=said)
    place = next((one for one in (data, *data.parents) if one.exists()), None)
    is_full = place is not None and shutil.disk_usage(place).free < opened_with_bytes
    return Refusal(Code.STORAGE_FULL) if is_full and "disk" in said else None


@lru_cache(maxsize=256)
def _command(parts: Parts, lang: Lang, said: frozenset[str]) -> typer.core.TyperGroup:
    """Made once for the same words: a rehearsal and the tests call it many times."""
    command = typer.main.get_command(program(parts, lang, said))
    assert isinstance(command, typer.core.TyperGroup)
    return command


def _verbs_said(arguments: Sequence[str]) -> frozenset[str]:
    """The words of *arguments* that may be verbs: they are written like one."""
    return frozenset(word for word in arguments if re.fullmatch("[a-z][a-z-]{1,40}", word))


def program(parts: Parts, lang: Lang, said: frozenset[str] | None = None) -> typer.Typer:
    """All verbs, in *lang*; of those that none of the words *said* names (None: any may be meant) only name and help."""
    verbs = Verbs(parts, lang, said)
    app = typer.Typer(cls=verbs.noun, no_args_is_help=True, add_completion=False, rich_markup_mode="rich", pretty_exceptions_enable=False)
    verbs.root(app)
    for noun in (
        nodes,
        serve_verb,
        status,
        tickets,
        find,
        desks,
        progress,
        tally,
        overview,
        inbox,
        dossiers,
        enterprises,
        rounds,
        staff,
        hooks,
        duties,
        imports,
        ledger,
        packs,
        papers,
        calendars,
        rebuild,
        upgrade,
        reconcile,
        lanes,
        backups,
        recovering,
        demo,
        bench,
        simulate,
    ):
        noun.add_to(app, verbs)
    return app


def _wrong_usage(session: Session, error: typer.TyperException, lang: Lang) -> int:
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        print(error, file=sys.stderr)
        return EXIT_USAGE
    unknown = re.fullmatch(r"No such command '(.*?)'\.?(?:\. Did you mean (.*)\?)?", getattr(error, "message", ""))
    if unknown is not None:
        near = session.say("quoted_between").join((unknown[2] or "").replace("'", "").split(", "))
        return refuse_usage(session, text("usage.did_you_mean" if near else "usage.no_such_command", lang, command=unknown[1], near=near))
    key = f"usage.{kind}"
    if kind == "BadParameter":
        return _wrong_value(session, error, lang)
    named = getattr(error, "option_name", None) or _parameter_name(error)
    sentence = (
        text(key, lang, option=named)
        if key in catalogue(lang) and named
        else text("usage.other", lang, detail=getattr(error, "message", str(error)))
    )
    return refuse_usage(session, sentence)


def _wrong_value(session: Session, error: typer.TyperException, lang: Lang) -> int:
    """Say what the option wants, where it is a number; the words of the exception are English."""
    named = _parameter_name(error)
    least = re.search(r"greater than or equal to (\d+)", getattr(error, "message", ""))
    if least is not None:
        return refuse_usage(session, text("usage.number_least", lang, option=named, least=least[1]))
    is_number = "integer" in getattr(error, "message", "")
    return refuse_usage(session, text("usage.number_wanted" if is_number else "usage.BadParameter", lang, option=named))


def _parameter_name(error: typer.TyperException) -> str:
    parameter = getattr(error, "param", None)
    if parameter is None:
        return ""
    return " / ".join(parameter.opts) if parameter.param_type_name == "option" else str(parameter.metavar or parameter.name)


def _value_of(arguments: Sequence[str], option: str) -> str | None:
    for place, argument in enumerate(arguments):
        if argument == option and place + 1 < len(arguments):
            return arguments[place + 1]
        if argument.startswith(f"{option}="):
            return argument.partition("=")[2]
    return None


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
