"""Who may interpret a pack, or put another version of it into force (FJ25-6.16)."""

from node.domain.command import Facts
from node.domain.organisation import Role
from node.domain.payload import Text
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal

INTERPRETER_UNIT = "interpreter.unit"
ADMINISTRATORS = (Role.OPERATOR, Role.SECURITY_ADMIN)


def need_interpreter(command: str, reason: Text | None, facts: Facts, policy: Policy) -> None:
    """
    The unit that the pack names, by anybody of it; the office where it names none; or an administrator, with his reason.

    The node itself passes: it puts its first pack into force before there is anybody.

    Raises:
        Refusal: FIELD_REQUIRED, an administrator without a reason; PERMISSION_DENIED, anybody else.
    """
    if facts.is_role(Role.NODE):
        return
    if facts.is_role(*ADMINISTRATORS):
        if not reason:
            raise Refusal(Code.FIELD_REQUIRED, field="reason")
        return
    named = policy.pack.find(INTERPRETER_UNIT)
    if named is None:
        if not facts.is_role(Role.OFFICE):
            raise Refusal(Code.PERMISSION_DENIED, command=command, role=facts.actor.role)
    elif facts.actor.unit != f"{policy.node}-{named.value}":
        raise Refusal(Code.PERMISSION_DENIED, command=command, role=facts.actor.role)
