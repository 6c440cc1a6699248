"""Who is where: the tree of nodes as one of them knows it, units, roles and accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, unique


@unique
class Role(Enum):
    """What a person, or the node itself, may act as.  Which role may give which command is pack data (``rights``)."""

    ENTERPRISE = "enterprise"
    WINDOW_CLERK = "window_clerk"
    SPECIALIST = "specialist"
    OFFICE = "office"
    DIRECTOR = "director"
    MEMBER = "member"
    STEWARD = "steward"
    TRACKER = "tracker"
    DEPARTMENT = "department"
    DEPARTMENT_LEADER = "department_leader"
    LEADER = "leader"
    GOVERNMENT = "government"
    SUPERVISION = "supervision"
    DISCIPLINE = "discipline"
    FINDER = "finder"
    ASSESSOR = "assessor"
    OPERATOR = "operator"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"
    SUPERVISOR = "supervisor"
    # The node itself: the clock, and reactions to what arrived.
    NODE = "node"


@dataclass(frozen=True)
class Unit:
    """A body of a node: department, office, government.  ``code`` is "<node>-<name>"; ``staff`` counts active accounts."""

    code: str
    kind: str
    staff: int = 0
    is_active: bool = True


@dataclass(frozen=True)
class Place:
    """
    A node's place in the tree.

    ``line`` are its superiors, nearest first.  ``superiors`` maps every node that this one knows to its superior
    ("" for the top).  Nothing counts levels: a tree of two is as good as one of four.  ``former`` are the superiors that a node
    has left, ``frozen`` the nodes that are on their way from one to another (FEDERATION 2.7).
    """

    node: str
    line: tuple[str, ...] = ()
    superiors: Mapping[str, str] = field(default_factory=dict)
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    frozen: frozenset[str] = frozenset()

    @property
    def superior(self) -> str | None:
        """The level above, or None at the top."""
        return self.line[0] if self.line else None

    @property
    def subordinates(self) -> frozenset[str]:
        """The nodes directly below."""
        return frozenset(node for node, above in self.superiors.items() if above == self.node)

    def branch(self, node: str) -> str | None:
        """The subordinate below which *node* stands (or that is *node*); None if it is not below this one."""
        seen: set[str] = set()
        while node and node not in seen:
            seen.add(node)
            above = self.superiors.get(node, "")
            if above == self.node:
                return node
            node = above
        return None

    def is_below(self, node: str) -> bool:
        """True if *node* stands in this node's subtree, itself not counted."""
        return self.branch(node) is not None

    def has_left(self, node: str, superior: str) -> bool:
        """True if *node*, or one above it, has left *superior*, or is just leaving it: what it brings of it is passed by."""
        seen: set[str] = set()
        while node and node not in seen:
            if superior in self.former.get(node, ()) or (node in self.frozen and self.superiors.get(node) == superior):
                return True
            seen.add(node)
            node = self.superiors.get(node, "")
        return False

    def rank(self, node: str) -> int:
        """
        How high *node* stands, smaller is higher; of two openers of one custody number the higher node's holds.

        Every node orders the nodes that it knows in the same way: sisters are equal.
        """
        depth, seen = 0, {self.node}
        while node and node not in seen and node not in self.line:
            seen.add(node)
            depth += 1
            node = self.superiors.get(node, "")
        return depth - 1 - self.line.index(node) if node in self.line else depth
