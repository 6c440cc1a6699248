"""What follows from a command about the rules and catalogues of the node: duty list, classification guide, interpretation."""

from collections.abc import Callable
from datetime import datetime

from node.domain import duty_list, guide, interpretation, list_record
from node.domain.command import Command, Facts
from node.domain.entry import Happened
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.registry import Registry

DECISIONS: dict[type[Command], Callable[..., list[Happened]]] = {
    duty_list.AdoptDutyList: duty_list.adopt,
    guide.AdoptGuide: guide.adopt,
    interpretation.PublishInterpretation: interpretation.publish,
    list_record.RecordList: list_record.record,
}


def decide(registry: Registry, command: Command, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """
    Say what follows, or raise a Refusal.

    Raises:
        Refusal: PERMISSION_DENIED (XS25-4.2a: the centre keeps it, nobody else), or what the catalogue says.
    """
    if facts.actor.role not in {role.value for role in command.roles}:
        raise Refusal(Code.PERMISSION_DENIED, command=type(command).__name__, role=facts.actor.role)
    return DECISIONS[type(command)](command, registry.adopted, facts, policy, now)
