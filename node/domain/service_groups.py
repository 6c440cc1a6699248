"""
Service groups ("1+7+33", +323): chat groups of enterprises and officials, as a pack lists them (FJ25-2.4.1, FJ23-1.2b, 1.3).

A pack names its groups by kind (``groups.<kind>``).  ``group.unit.<group>`` is the department or town that an industry or town
group belongs to, ``group.block.<group>`` the industry block, ``group.parent.<group>`` the town group above a village group.
"""

from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal

KINDS = ("key_enterprise", "industry", "town", "village")


def groups_of(pack: Pack) -> dict[str, str]:
    """Every group of the pack with its kind."""
    return {group: kind for kind in KINDS for group in pack.names(f"groups.{kind}")}


def kind_of_group(pack: Pack, group: str) -> str:
    """
    The kind of *group*.

    Raises:
        Refusal: GROUP_UNKNOWN, if the pack names no such group.
    """
    kind = groups_of(pack).get(group)
    if kind is None:
        raise Refusal(Code.GROUP_UNKNOWN, group=group)
    return kind


def unit_of_group(pack: Pack, node: str, group: str) -> str:
    """The unit that *group* belongs to, of a village group its town's; empty where the pack names none."""
    parent = pack.find(f"group.parent.{group}")
    rule = pack.find(f"group.unit.{parent.value if parent is not None else group}")
    unit = str(rule.value) if rule is not None else ""
    return unit if not unit or "-" in unit else f"{node}-{unit}"
