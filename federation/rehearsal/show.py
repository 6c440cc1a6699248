"""What a rehearsal shows people: one table a level, the leader's page, where to look afterwards."""

import sys
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Column, Table
from rich.text import Text

from federation.rehearsal import story
from federation.rehearsal.desks import Desk, Desks
from federation.rehearsal.stage import Part, Stage
from federation.rehearsal.story.act import Act
from node.domain.organisation import Role
from node.domain.round_record import OPENED
from node.domain.time import BEIJING
from node.services.figures import Counts, LeaderPage, Level, Waiting, rate_from
from node.texts.catalogue import Lang, text, with_more, word

LANG: Lang = "zh-CN"
# Beside an account that is asked for a one-time code.
_CODE_MARK = "*"


def said(key: str, **facts: object) -> str:
    """A text of the rehearsal."""
    return text(f"demo.{key}", LANG, **facts)


def joining(name: str) -> str:
    """A node joins the tree."""
    return said("joining", name=name)


def staffing(name: str) -> str:
    """A centre enters its units and people."""
    return said("staffing", name=name)


def playing(one: Act) -> str:
    """Somebody acts."""
    return f"{one.at.astimezone(BEIJING):%m-%d %H:%M} {one.node}"


def cut_off(code: str) -> str:
    """A node is killed and stays away."""
    return said("cut_off", node=code)


def back(code: str) -> str:
    """It is back and catches up."""
    return said("back", node=code)


def level_table(found: Level, lag: int) -> RenderableType:
    """What one level counts, by origin, with its rounds."""
    # No frame and narrow gaps: with the longest name of a county it is to fit into 120 columns.
    table = Table(
        title=f"{found.node} {found.name}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 0, 0, 1),
        show_edge=False,
    )
    table.add_column(said("origin"), no_wrap=True)
    for key in (
        "tickets",
        "open",
        "completed",
        "on_time",
        "late",
        "overdue",
        "satisfied",
        "dissatisfied",
        "reworked",
        "decided_above",
        "not_accepted",
        "terminated",
    ):
        table.add_column(said(key), justify="right")
    for origin, name, counts in found.by_origin:
        table.add_row(f"{origin} {name}", *_cells(counts))
    table.add_section()
    table.add_row(said("total"), *_cells(found.total), style="bold")
    lines: list[RenderableType] = [table]
    lines += [
        said("sample", county=one.county, period=one.period, frame=one.frame, drawn=one.drawn, reached=one.reached, findings=one.findings)
        for one in found.samples
        if one.state != OPENED  # its period is not over: there is nothing to count yet
    ]
    lines.append(said("lag", lag=lag))
    return Group(*lines, "")


def _cells(counts: Counts) -> list[str]:
    shown = (
        counts.tickets, counts.open, counts.completed, counts.on_time, counts.late, counts.overdue, counts.satisfied, counts.dissatisfied,
        counts.reworked, counts.decided_above, counts.not_accepted, counts.terminated,
    )  # fmt: skip
    return [str(one) for one in shown]


def leader_page(page: LeaderPage) -> RenderableType:
    """每日一页 of the county's leader: counts instead of rates while there are few."""
    counts = page.counts
    head = [
        said("leader.today", came_in=page.came_in_today, due=page.due_today, open=counts.open, overdue=counts.overdue),
        said(
            "leader.done",
            completed=counts.completed,
            on_time=_of(counts.on_time, counts.completed),
            satisfied=_of(counts.satisfied, counts.votes),
        ),
        said("leader.above", findings=page.findings_from_above),
    ]
    units = Table(said("unit"), *(Column(said(key), justify="right") for key in ("open", "overdue", "completed", "on_time")))
    for line in page.units:
        units.add_row(line.name, str(line.open), str(line.overdue), str(line.completed), str(line.on_time))
    waiting = [said("leader.waiting", count=page.waiting)] if page.waiting else []
    waiting += [_question(one) for one in page.waiting_for_leader]
    title = said("leader.title", name=page.name, as_of=f"{page.as_of.astimezone(BEIJING):%Y-%m-%d %H:%M}")
    return Panel(Group(*head, *waiting, units), title=title, expand=False)


def _question(one: Waiting) -> str:
    """A ticket that waits for the leader, and what he is asked, in words."""
    put = word("event", one.put, LANG)
    since = "" if one.since is None else f"{one.since.astimezone(BEIJING):%m-%d}"
    return said("leader.question", number=one.number or one.ticket, about=one.about, put=put, question=one.question, since=since)


def _of(part: int, whole: int) -> str:
    return f"{part}/{whole}" if whole < rate_from else f"{part}/{whole} ({100 * part // whole}%)"


def kept(home: Path, stage: Stage, opened: Desks) -> RenderableType:
    """Where the nodes go on serving, what opens each desk, and how to end."""
    code_line = f"{sys.executable} -c \"import pyotp; print(pyotp.TOTP('{opened.secret}').now())\""
    parts: list[RenderableType] = [said("kept", home=home)]
    parts += [f"  qyzj --data {node.data_dir} status" for node in stage.nodes.values()]
    parts.append("")
    for part in stage.parts.values():
        parts += [_desk_table(part, [one for one in opened.desks if one.node == part.code]), ""]
    parts += [
        said("desks.start", address=next(one.address for one in opened.desks if one.node == story.XIXIU.code)),
        said("desks.password", password=opened.password),
        said("desks.code", mark=_CODE_MARK, secret=opened.secret),
        f"  {code_line}",
        said("stop", processes=" ".join(str(process.pid) for process in stage.serving.values())),
    ]
    # Addresses and lines to copy stay whole: the terminal wraps them.
    return Group(*(Text(one, overflow="fold") if isinstance(one, str) else one for one in parts))


def _desk_table(part: Part, desks: list[Desk]) -> RenderableType:
    """A node's desks: one line each where somebody does more than handle what is sent to his unit, all others in one line."""
    table = Table(
        title=f"{part.code} {part.name}  http://{part.pages}",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1), show_edge=False,
    )  # fmt: skip
    for key in ("account", "person", "roles", "unit"):
        table.add_column(said(f"desks.{key}"), overflow="fold")
    handlers = [one for one in desks if one.roles == (Role.DEPARTMENT.value,)]
    for one in desks:
        if one not in handlers:
            roles = "、".join(word("role", role, LANG) for role in one.roles)
            table.add_row(one.account + (f" {_CODE_MARK}" if one.has_code else ""), one.person, roles, one.unit)
    if not handlers:
        return table
    table.add_section()
    departments = said("desks.departments", accounts=" ".join(with_more(one.account, one.unit, LANG) for one in handlers))
    return Group(table, Text(departments, overflow="fold"))
