"""What is said to whom: a notice before any channel carries it."""

from dataclasses import dataclass, field
from enum import Enum, unique

from node.domain.entry import Actor
from node.domain.organisation import Role
from node.domain.payload import SealedRef


@unique
class Channel(Enum):
    """How a notice goes out.  The platform's own page and the desk's own list never fail; the others are gateways."""

    IN_APP = "in_app"
    SMS = "sms"
    EMAIL = "email"
    ROBOT = "robot"


# Whom a notice is for: the appellant of the ticket, everybody of a unit or its leader, one account, everybody of a role here.
APPELLANT = "appellant"


def unit(code: str) -> str:
    """The audience of a unit's people."""
    return f"unit:{code}"


def role(name: str) -> str:
    """The audience of everybody who has a role at this node."""
    return f"role:{name}"


def account(id: str) -> str:
    """The audience of one account."""
    return f"account:{id}"


def leader_of(code: str) -> str:
    """The audience of the leader of a unit: whoever has that role there."""
    return f"leader:{code}"


def audiences_of(actor: Actor) -> list[str]:
    """Every audience that an account belongs to in the role in which it acts."""
    of_unit = [unit(actor.unit)] if actor.unit else []
    leads = [leader_of(actor.unit)] if actor.unit and actor.role == Role.DEPARTMENT_LEADER.value else []
    return [account(actor.account), role(actor.role), *of_unit, *leads]


@dataclass(frozen=True)
class Notice:
    """
    One thing to tell one audience.

    ``template`` names the sentence ("notice.<template>" in the catalogues), ``facts`` fill it: codes, numbers and dates, never
    words of people.  ``words`` is a text that the platform's page may show below it; an SMS never does.  ``invites``: it
    carries a link that can be used once.
    """

    audience: str
    template: str
    facts: dict[str, str] = field(default_factory=dict)
    words: SealedRef | None = None
    invites: bool = False
