"""What a pack says of service groups must hold together: every village group under a town, every block with a group (FJ23-1.2b, 1.3b)."""

from collections.abc import Iterator

from node.domain.pack import Pack
from node.packs.fault import Fault, Rule


def faults(file: str, pack: Pack) -> Iterator[Fault]:
    """Each village group without one of the pack's town groups above it; each industry block without a group, once one has one."""
    towns = pack.names("groups.town")
    for group in pack.names("groups.village"):
        parent = pack.find(f"group.parent.{group}")
        if parent is None or parent.value not in towns:
            yield Fault(file, f"group.parent.{group}", Rule.GROUP_WITHOUT_PARENT, {"group": group})
    groups = pack.names("groups.industry")
    of_blocks = {str(rule.value) for group in groups if (rule := pack.find(f"group.block.{group}")) is not None}
    for block in pack.names("industries.blocks") if of_blocks else ():
        if block not in of_blocks:
            yield Fault(file, "groups.industry", Rule.BLOCK_WITHOUT_GROUP, {"block": block})
