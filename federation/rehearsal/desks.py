"""The desks of a rehearsal that goes on: who sits where, and what opens each desk."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyotp

from federation.rehearsal.stage import Stage
from federation.rehearsal.story.act import NodeEntry
from node.domain.login import SECOND_FACTOR_FORCED
from node.domain.organisation import Role
from node.services import passwords
from node.services.rehearsal_logins import open_desks
from node.services.setup import CENTRE_UNIT, FIRST_ACCOUNTS

# Beside the administrators: somebody of the office who may open contacts, which takes a second factor.
OPENS_CONTACTS = "office-2"


@dataclass(frozen=True)
class Desk:
    """
    One desk: the address of its node's pages, the account, who that is, his unit and roles.

    ``has_code``: signing in asks for a one-time code too.
    """

    node: str
    address: str
    account: str
    person: str
    unit: str
    roles: tuple[str, ...]
    has_code: bool


@dataclass(frozen=True)
class Desks:
    """Every desk by node, top down, with the one password of all and the secret (base32) of the one-time codes."""

    password: str
    secret: str
    desks: tuple[Desk, ...]


def open_all(stage: Stage, entries: Sequence[NodeEntry]) -> Desks:
    """Let everybody of the story's staff sign in at the pages of his node; the public entrance is no desk."""
    opened = Desks(passwords.start_password(), pyotp.random_base32(), tuple(one for entry in entries for one in _desks_of(stage, entry)))
    for code, node in stage.nodes.items():
        here = [one for one in opened.desks if one.node == code]
        strong = {one.account for one in here if one.has_code}
        open_desks(node.store, [one.account for one in here], opened.password, strong, opened.secret, node.wall())
    return opened


def _desks_of(stage: Stage, entry: NodeEntry) -> list[Desk]:
    units = {CENTRE_UNIT: entry.centre_name} | {unit.short: unit.name for unit in entry.units}
    first = zip(FIRST_ACCOUNTS, entry.first_people, strict=True)
    seats: list[tuple[str, str, str, tuple[str, ...]]] = [(account, one.plain, CENTRE_UNIT, roles) for (account, roles), one in first]
    seats += [(one.account, one.name.plain, one.unit, one.roles) for one in entry.accounts if Role.ENTERPRISE.value not in one.roles]
    address = f"http://{stage.parts[entry.code].pages}"
    return [
        Desk(entry.code, address, account, person, units[unit], roles, account == OPENS_CONTACTS or bool(SECOND_FACTOR_FORCED & set(roles)))
        for account, person, unit, roles in seats
    ]
