"""The service groups of this node and who is in each: officials and enterprises' heads (FJ23-3.2c)."""

from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select

from node.domain.directory import ACCOUNT, ENTERPRISE
from node.domain.entry import Actor
from node.domain.pack import Pack
from node.domain.refusal import Code, Refusal
from node.domain.service_groups import groups_of, unit_of_group
from node.services.enterprise_register import name_of, shown_to
from node.services.intake_facts import file_of
from node.services.people import people_of
from node.storage import schema
from node.storage.unit_of_work import View


@dataclass(frozen=True)
class GroupLine:
    """
    A service group.  ``kind`` is one of ``service_groups.KINDS``, empty for one that the pack in force does not name any more;
    ``unit`` the code of the body that it belongs to, empty where the pack names none; the rest are counts of members.
    """

    group: str
    kind: str
    unit: str
    officials: int
    enterprises: int


@dataclass(frozen=True)
class Member:
    """Somebody in a group: an account with its ``unit``, or an enterprise's file.  Without a name, ``name`` is the id."""

    id: str
    kind: str
    name: str
    unit: str = ""
    is_active: bool = True


# What the list is narrowed by for groups that the pack does not name any more.
UNNAMED = "unnamed"


def listed(view: View, pack: Pack) -> list[GroupLine]:
    """Every group of *pack* in its order, then those that it does not name and that still have members."""
    table, node = schema.group_members, view.head.node
    query = select(table.c.service_group, table.c.kind, func.count()).where(table.c.node == node)
    counted = {
        (group, kind): count
        for group, kind, count in view.connection.execute(
            query.group_by(table.c.service_group, table.c.kind).order_by(table.c.service_group)
        )
    }
    kinds = groups_of(pack)
    return [
        GroupLine(
            group,
            kinds.get(group, ""),
            unit_of_group(pack, node, group) if group in kinds else "",
            counted.get((group, ACCOUNT), 0),
            counted.get((group, ENTERPRISE), 0),
        )
        for group in dict.fromkeys((*kinds, *(group for group, _ in counted)))
    ]


def one_group(view: View, pack: Pack, group: str) -> GroupLine:
    """
    One of them.

    Raises:
        Refusal: GROUP_UNKNOWN.
    """
    found = next((line for line in listed(view, pack) if line.group == group), None)
    if found is None:
        raise Refusal(Code.GROUP_UNKNOWN, group=group)
    return found


def members_of(view: View, group: str, viewer: Actor, *, skipped: int = 0, most: int | None = None) -> list[Member]:
    """
    Who is in *group*: officials by unit and id, then the enterprises whose files *viewer* may see by id; *most* of them behind the
    first *skipped*.
    """
    table, accounts, files = schema.group_members, schema.accounts, schema.enterprises
    is_shown = or_(table.c.kind == ACCOUNT, exists().where(files.c.id == table.c.member, shown_to(viewer)))
    its_account = (accounts.c.node == table.c.node) & (accounts.c.id == table.c.member) & (table.c.kind == ACCOUNT)
    rows = view.connection.execute(
        select(table.c.member, table.c.kind, accounts.c.unit, accounts.c.is_active)
        .select_from(table.outerjoin(accounts, its_account))
        .where(table.c.node == view.head.node, table.c.service_group == group, is_shown)
        # "account" stands before "enterprise".
        .order_by(table.c.kind, accounts.c.unit, table.c.member)
        .offset(skipped)
        .limit(most)
    ).all()
    people = people_of(view)
    return [
        Member(row.member, row.kind, people.get(row.member, row.member), row.unit or "", bool(row.is_active))
        if row.kind == ACCOUNT
        else Member(row.member, row.kind, _enterprise_name(view, row.member))
        for row in rows
    ]


def groups_with(view: View, member: str) -> list[str]:
    """The groups in which an account or an enterprise is, by code."""
    table = schema.group_members
    of_member = (table.c.node == view.head.node, table.c.member == member)
    return list(view.connection.execute(select(table.c.service_group).where(*of_member).order_by(table.c.service_group)).scalars())


def _enterprise_name(view: View, id: str) -> str:
    found = file_of(view, id)
    return name_of(view, found) if found is not None else id
