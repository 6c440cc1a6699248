"""What intake, enterprise files and the directory ask beyond their subject: files, turns, members, bodies, a policy."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from node.domain.command import Order
from node.domain.credit_code import check as check_credit_code
from node.domain.directory import APPOINTMENT, DUTY, Turn
from node.domain.enterprise.record import Enterprise
from node.domain.entry import Subject, SubjectKind
from node.domain.payload import Contact, SealedRef
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.support_policy import SupportPolicy
from node.domain.ticket.correction import Correct
from node.services import lookup_index
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.database import instant, micros
from node.storage.dossier_readings import dossier_of
from node.storage.statements import Prepared
from node.storage.unit_of_work import UnitOfWork, View


def file_of(work: UnitOfWork | View, id: str) -> Enterprise | None:
    """The enterprise file with that id."""
    found = dossier_of(work.journal, Subject(SubjectKind.ENTERPRISE.value, id)) if id else None
    return found if isinstance(found, Enterprise) else None


def id_of_code(work: UnitOfWork | View, credit_code: str) -> str:
    """This node's file of a unified code, in the open or sealed; empty if there is none, or none that could be found."""
    if not credit_code:
        return ""
    found = check_credit_code(credit_code)
    if not found.personal:
        table = schema.enterprises
        same_code = (table.c.credit_code == found.normalised, table.c.owner == work.head.node)
        return work.connection.execute(select(table.c.id).where(*same_code).limit(1)).scalar() or ""
    token = work.payloads.lookup_token(lookup_index.CODE, found.normalised)
    lookups = schema.lookups
    same = (lookups.c.kind == lookup_index.CODE, lookups.c.token == token, lookups.c.subject_kind == SubjectKind.ENTERPRISE.value)
    return work.connection.execute(select(lookups.c.subject_id).where(*same).limit(1)).scalar() or "" if token else ""


def appellant(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Enterprise | None:
    """The file of whoever appeals: the one that is named, else the one of his code."""
    named = getattr(order.command, "enterprise", "")
    return file_of(work, named or id_of_code(work, getattr(order.command, "credit_code", "")))


def corrected_file(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Enterprise | None:
    """The file that a correction of the enterprise names, or that the code which is put in place of another has here."""
    command = order.command
    if not isinstance(command, Correct) or command.field not in ("enterprise", "credit_code"):
        return None
    return file_of(work, command.value if command.field == "enterprise" else id_of_code(work, command.value))


def linked_file(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Enterprise | None:
    """The file that the ticket whose code is corrected belongs to."""
    if not isinstance(order.command, Correct) or order.command.field != "credit_code":
        return None
    ticket = work.readings.ticket(order.subject)
    return file_of(work, ticket.appellant.enterprise) if ticket is not None else None


def appellant_contacts(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> dict[str, Contact]:
    """
    Name, phone and address that the appellant's file has, to be sealed with the need as well: nobody reads them on the way.

    What a file does not have, or can no longer be opened, is left out.
    """
    file = appellant(work, order, policy, now)
    if file is None:
        return {}
    refs = {"name": file.name, "phone": file.person.phone if file.person else None, "address": file.address}
    return {name: Contact(said) for name, ref in refs.items() if (said := _opened(work, file, ref))}


def _opened(work: UnitOfWork, file: Enterprise, ref: object) -> str:
    if not isinstance(ref, SealedRef):
        return ""
    try:
        return work.payloads.open(file.subject, ref)
    except Refusal as refusal:
        if refusal.code in (Code.PAYLOAD_MISSING, Code.PAYLOAD_SEALED):
            return ""
        raise


def enterprise(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> Enterprise | None:
    """The file that the command names in ``enterprise``."""
    return file_of(work, getattr(order.command, "enterprise", ""))


def files(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> frozenset[str]:
    """Those of the files that the command names in ``enterprises`` which are here."""
    named = getattr(order.command, "enterprises", ())
    table = schema.enterprises
    return frozenset(work.connection.execute(select(table.c.id).where(table.c.id.in_(named))).scalars()) if named else frozenset()


def file_of_code(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> str:
    """The id of the file that the command's code has already, or empty."""
    return id_of_code(work, getattr(order.command, "credit_code", ""))


def turns(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> dict[str, Turn]:
    """The turn that the command names, the actor's appointments, and who is on duty now; by id."""
    # Most nodes keep none.
    if not work.once("turns", lambda: _ANY_TURN.rows(work.connection, node=policy.node)):
        return {}
    occasion, turn = getattr(order.command, "occasion", ""), getattr(order.command, "turn", "")
    rows = _TURNS.rows(work.connection, node=policy.node, occasion=occasion, turn=turn, account=order.actor.account, at=micros(now))
    found = [dict(zip(_TURNS.names, row, strict=True)) for row in rows]
    return {values["id"]: _turn(values) for values in found}


_turns = schema.turns.c
_ANY_TURN = Prepared(select(_turns.id).where(_turns.node == bindparam("node")).limit(1))
# No turn has an empty id: what names none finds none.
_TURNS = Prepared(
    select(schema.turns).where(
        _turns.node == bindparam("node"),
        or_(
            _turns.id == bindparam("occasion"),
            _turns.id == bindparam("turn"),
            and_(_turns.kind == APPOINTMENT, _turns.who == bindparam("account")),
            and_(_turns.kind == DUTY, _turns.begins_at <= bindparam("at"), _turns.ends_at > bindparam("at")),
        ),
    )
)


def turn_of(row: Any) -> Turn:
    """A turn from its row."""
    return _turn(row._mapping)


def _turn(values: Mapping[str, Any]) -> Turn:
    return Turn(values["id"], values["kind"], values["who"], instant(values["begins_at"]), instant(values["ends_at"]), values["place"])


_members = schema.group_members.c
_MEMBERSHIP = Prepared(
    select(_members.member).where(
        _members.node == bindparam("node"), _members.service_group == bindparam("group"), _members.member == bindparam("member")
    )
)


def members(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> frozenset[str]:
    """Whom the command names, where they are in the service group that it names: a group may have thousands."""
    command = order.command
    named = [getattr(command, field, "") for field in ("account", "enterprise", "member")]
    group = getattr(command, "group", "")
    return frozenset(
        row[0] for member in named if member for row in _MEMBERSHIP.rows(work.connection, node=policy.node, group=group, member=member)
    )


def intermediaries(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> frozenset[str]:
    """The bodies of this node's directory, by their codes."""
    table = schema.intermediaries
    return frozenset(work.connection.execute(select(table.c.id).where(table.c.node == policy.node)).scalars())


def node_began(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> datetime:
    """When the journal of this node began: the time of its first entry."""
    table = schema.entries
    first = select(table.c.content).where(table.c.node == policy.node).order_by(table.c.epoch, table.c.seq).limit(1)
    return decode_content(bytes(work.connection.execute(first).scalar_one())).header.recorded_at


def benefit(work: UnitOfWork, order: Order, policy: Policy, now: datetime) -> SupportPolicy | None:
    """The support policy that the command names in ``policy``."""
    return policy_of(work, getattr(order.command, "policy", ""))


def policy_of(work: UnitOfWork | View, id: str) -> SupportPolicy | None:
    """The support policy with that id."""
    found = dossier_of(work.journal, Subject(SubjectKind.SUPPORT_POLICY.value, id)) if id else None
    return found if isinstance(found, SupportPolicy) else None
