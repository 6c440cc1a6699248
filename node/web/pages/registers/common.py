"""What the registers share: which of them a desk is offered, their frame, days and pages as an address has them."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from fastapi import Request
from starlette.responses import Response

from node.domain.command import Command
from node.domain.refusal import Code, Refusal
from node.domain.time import BEIJING, last_day
from node.services.queries import Names, names
from node.services.readership import ACCOUNT_READERS, AUDITORS
from node.services.scope import need_inside, sees_all
from node.web.desk import Desk
from node.web.templating import moment, page


def _everybody(_desk: Desk) -> bool:
    return True


def _sees_all(desk: Desk) -> bool:
    return sees_all(desk.viewer)


# Every register in the order of the menu, and who is offered it; each page asks again for itself.
REGISTERS: Mapping[str, Callable[[Desk], bool]] = {
    "enterprises": _everybody,
    "contacts": _everybody,
    "units": _everybody,
    "groups": _everybody,
    "accounts": lambda desk: desk.role in ACCOUNT_READERS,
    "channels": _sees_all,
    "calendar": _everybody,
    "packs": _everybody,
    "what-if": _sees_all,
    "links": _sees_all,
    "audit": lambda desk: desk.role in AUDITORS,
}


def offered(desk: Desk) -> list[str]:
    """The registers that *desk* may open."""
    return [name for name, is_open in REGISTERS.items() if is_open(desk)]


def need_staff(desk: Desk) -> None:
    """
    Raises:
        Refusal: PERMISSION_DENIED, for who files from outside.
    """
    need_inside(desk.viewer, "registers")


def need_offered(desk: Desk, name: str) -> None:
    """
    Raises:
        Refusal: PERMISSION_DENIED, for a register that is not offered to this desk.
    """
    need_staff(desk)
    if not REGISTERS[name](desk):
        raise Refusal(Code.PERMISSION_DENIED, command=name, role=desk.role)


def may_give(desk: Desk, command: type[Command]) -> bool:
    """True if one of the desk's roles may give *command* by itself; whether the pack says otherwise the command's own road asks."""
    return bool({role.value for role in command.roles} & set(desk.roles))


def register_page(request: Request, desk: Desk, name: str, template: str, /, **facts: Any) -> Response:
    """*template* in the frame of the registers, *name* marked in their menu."""
    return page(request, template, register=name, registers=offered(desk), now=desk.node.now(), due_words=due_words, **facts)


def names_of(desk: Desk) -> Names:
    """What nodes and units are called."""
    with desk.node.store.read() as view:
        return names(view)


def due_words(due_at: datetime | None) -> str:
    """When a limit is over, as people say it: its last day, or the moment where it does not end with a day."""
    if due_at is None:
        return ""
    local = due_at.astimezone(BEIJING)
    return f"{last_day(due_at)}" if (local.hour, local.minute) == (0, 0) else moment(due_at)


def day_of(field: str, said: str) -> date | None:
    """
    The day that an address has under *field*; None for nothing.

    Raises:
        Refusal: MALFORMED_COMMAND.
    """
    try:
        return date.fromisoformat(said) if said.strip() else None
    except ValueError:
        raise Refusal(Code.MALFORMED_COMMAND, field=field) from None
