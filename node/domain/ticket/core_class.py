"""
The core classes (POLICY_PACKS 2 no. 26): what the classes of different packs have in common, so that nodes can exchange tickets.

Each class of a pack stands for one core class, which goes up or down with the ticket.  The receiver proposes its own class for it;
its office confirms that, or names another.  The sender's class is kept beside it.
"""

from node.domain.pack import Pack
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.ticket import Ticket

CORE_CLASSES = ("consultation", "coordination", "suggestion", "complaint")


def core_of(pack: Pack, category: str) -> str:
    """The core class of *category*: what the pack says, else the class itself where it is one; "" for none."""
    rule = pack.find(f"core_class.{category}")
    if rule is not None:
        return str(rule.value)
    return category if category in CORE_CLASSES else ""


def proposed_class(pack: Pack, core: str) -> str:
    """
    The class of *pack* that is proposed for a ticket of the core class *core*: the one that the pack names, else its first that stands
    for it; "" where no class of the pack does.
    """
    rule = pack.find(f"class_of_core.{core}")
    if rule is not None:
        return str(rule.value)
    return next((one for one in pack.names("classes") if core and core_of(pack, one) == core), "")


def means_the_same(pack: Pack, category: str, core: str) -> bool:
    """
    True if *category*, as another pack has it, is a class of *pack* for the same core class.  An asker that named no core class is
    taken at its word, and a pack without a list takes every class.
    """
    offered = pack.names("classes")
    return (not offered or category in offered) and (not core or core_of(pack, category) in (core, ""))


def confirmed_class(ticket: Ticket, hop: r.Escalation, named: str, policy: Policy) -> str:
    """
    The class under which this level takes *ticket* over: the one that its office *named*, or the asker's where it means the same here.

    Raises:
        Refusal: CLASS_UNCONFIRMED, with what is proposed, where it does not and the office named none.
    """
    category = ticket.classing.category
    if named or not category or means_the_same(policy.pack, category, hop.core_class):
        return named or category
    proposed = proposed_class(policy.pack, hop.core_class)
    offered = policy.pack.names("classes")
    raise Refusal(Code.CLASS_UNCONFIRMED, ticket=ticket.id, category=category, core=hop.core_class, proposed=proposed, offered=offered)
