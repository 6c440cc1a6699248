"""
Opening an enterprise file, and what it says of the enterprise: exactly one file a subject, by its unified code (FJ25-2.4.4c).

The code is checked as on intake: what is wrong is refused, what is doubtful is taken and marked.  A code that is personal (an
individual business, whose code may be a person's) is sealed.  The file's id is the node's own, since a city and its county may
both keep one of the same enterprise.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from node.domain.code_words import need_code, need_codes
from node.domain.command import Facts
from node.domain.credit_code import Verdict
from node.domain.credit_code import check as check_credit_code
from node.domain.division import NodeCode, level
from node.domain.dossier import DossierCommand, DossierEvent
from node.domain.enterprise import record as e
from node.domain.entry import Happened, Header, Subject, SubjectKind
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal

_DESKS = frozenset({Role.OFFICE, Role.WINDOW_CLERK, Role.SPECIALIST, Role.STEWARD, Role.MEMBER})
_PLAIN = ("division", "area", "size", "industry", "block")


@dataclass(frozen=True)
class OpenEnterprise(DossierCommand):
    """
    Open the file of an enterprise, a project or a person.  A legal entity needs its ``credit_code``.

    ``is_native``: a native of this place who lives elsewhere.  ``is_park``: a project of the park, which gets an agent.
    """

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS
    starts = True
    needs = ("file_of_code",)

    name: Text
    subject_type: str = "enterprise"
    credit_code: str = ""
    division: str = ""
    area: str = ""
    size: str = ""
    industry: str = ""
    block: str = ""
    address: Contact | None = None
    tags: tuple[str, ...] = ()
    contact: Contact | None = None
    phone: Contact | None = None
    is_native: bool = False
    is_park: bool = False


@dataclass(frozen=True)
class UpdateEnterprise(DossierCommand):
    """Set what changed about the enterprise; an empty field stays as it is."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS

    division: str = ""
    area: str = ""
    size: str = ""
    industry: str = ""
    block: str = ""
    address: Contact | None = None


@dataclass(frozen=True)
class RenameEnterprise(DossierCommand):
    """It is called otherwise from now on; the former names stay in the file."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS

    name: Text
    reason: Text | None = None


@dataclass(frozen=True)
class TagEnterprise(DossierCommand):
    """Put tags on the enterprise or take them off."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS

    tags: tuple[str, ...] = ()
    untagged: tuple[str, ...] = ()


@dataclass(frozen=True)
class LinkEnterprise(DossierCommand):
    """
    Tie this file to ``enterprise``: "branch_of" its head, "native_of" the native it belongs to, or "became", of a project that is
    that enterprise now.
    """

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS
    needs = ("enterprise",)

    relation: str
    enterprise: str


@dataclass(frozen=True)
class CloseEnterprise(DossierCommand):
    """The enterprise was deregistered or the project given up; the file stays."""

    subject_kind = SubjectKind.ENTERPRISE
    roles = _DESKS

    reason: Text


@dataclass(frozen=True)
class EnterpriseOpened(DossierEvent):
    """
    A file was opened for an enterprise, a project or a person.

    `credit_code` is empty where the code is personal; it is sealed in `private_code` then. `is_code_doubtful`: it fails its check
    character alone, as some early codes do.
    """

    begins = True

    subject_type: str
    credit_code: str = ""
    is_code_doubtful: bool = False
    division: str = ""
    area: str = ""
    size: str = ""
    industry: str = ""
    block: str = ""
    tags: tuple[str, ...] = ()
    is_native: bool = False
    is_park: bool = False
    name: Words | None = None
    address: Reach | None = None
    contact: Reach | None = None
    phone: Reach | None = None
    private_code: Reach | None = None

    def begin(self, head: Header) -> e.Enterprise:
        at = head.recorded_at
        plain = {name: getattr(self, name) for name in ("subject_type", "credit_code", "is_code_doubtful", "tags", "is_native", "is_park")}
        return e.Enterprise(
            id=head.subject.id,
            owner=head.node,
            state="active",
            opened_at=at,
            changed_at=at,
            private_code=self.private_code,
            names=(e.Name(at, self.name),),
            address=self.address,
            people=(e.Person(at, self.contact, self.phone),) if self.contact or self.phone else (),
            **plain,
            **{name: getattr(self, name) for name in _PLAIN},
        )


@dataclass(frozen=True)
class EnterpriseUpdated(DossierEvent):
    """What changed about the enterprise; an empty field was not touched."""

    division: str = ""
    area: str = ""
    size: str = ""
    industry: str = ""
    block: str = ""
    address: Reach | None = None

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        changed: dict[str, Any] = {name: getattr(self, name) for name in (*_PLAIN, "address") if getattr(self, name)}
        return replace(dossier, **changed)


@dataclass(frozen=True)
class EnterpriseRenamed(DossierEvent):
    """The enterprise is called otherwise from now on."""

    name: Words | None = None
    reason: Words | None = None

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, names=(*dossier.names, e.Name(head.recorded_at, self.name)))


@dataclass(frozen=True)
class EnterpriseTagged(DossierEvent):
    """The tags of the enterprise, as they are now."""

    tags: tuple[str, ...] = ()

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, tags=self.tags)


@dataclass(frozen=True)
class EnterpriseLinked(DossierEvent):
    """This file is tied to `enterprise`: a branch to its head, an outside enterprise to a native, a project to what it became."""

    relation: str
    enterprise: str

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        match self.relation:
            case e.BRANCH:
                return replace(dossier, head=self.enterprise)
            case e.NATIVE:
                return replace(dossier, natives=tuple(dict.fromkeys((*dossier.natives, self.enterprise))))
            case e.BECAME:
                return replace(dossier, became=self.enterprise, state="became")
            case _:
                return dossier  # a relation that this program does not know


@dataclass(frozen=True)
class EnterpriseClosed(DossierEvent):
    """The enterprise was deregistered or the project given up."""

    reason: Words | None = None

    def apply(self, dossier: e.Enterprise, head: Header) -> e.Enterprise:
        return replace(dossier, state="closed")


def open_file(command: OpenEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-2.4.4c, FJ25-1.1: one file a code; a project or a person has none, and everything else needs one."""
    if not command.name:
        raise Refusal(Code.FIELD_REQUIRED, field="name")
    if command.subject_type not in e.KINDS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="appellant_kind", value=command.subject_type, offered=e.KINDS)
    if command.subject_type in e.WITHOUT_CODE and command.credit_code:
        raise Refusal(Code.MALFORMED_COMMAND, field="credit_code")
    if command.subject_type not in e.WITHOUT_CODE and not command.credit_code:
        raise Refusal(Code.FIELD_REQUIRED, field="credit_code")
    if command.is_native and command.subject_type != "person":
        raise Refusal(Code.MALFORMED_COMMAND, field="is_native")
    if command.is_park and command.subject_type != "project":
        raise Refusal(Code.MALFORMED_COMMAND, field="is_park")
    _need_listed(command, policy)
    _need_tags(command.tags, policy)
    code, private_code, is_doubtful = "", None, False
    if command.credit_code:
        found = check_credit_code(command.credit_code)
        if found.verdict is Verdict.INVALID:
            raise Refusal(Code.CREDIT_CODE_INVALID, faults=found.faults, suggestion=found.suggestion or "")
        is_doubtful = found.verdict is Verdict.WARN
        code, private_code = ("", Contact(found.normalised)) if found.personal else (found.normalised, None)
    if facts.given["file_of_code"]:
        raise Refusal(Code.ALREADY_EXISTS, kind="enterprise", id=facts.given["file_of_code"])
    event = EnterpriseOpened(
        subject_type=command.subject_type,
        credit_code=code,
        is_code_doubtful=is_doubtful,
        division=command.division,
        area=command.area,
        size=command.size,
        industry=command.industry,
        block=command.block,
        tags=tuple(dict.fromkeys(command.tags)),
        is_native=command.is_native,
        is_park=command.is_park,
        name=command.name,
        address=command.address,
        contact=command.contact,
        phone=command.phone,
        private_code=private_code,
    )
    return [Happened(Subject(SubjectKind.ENTERPRISE.value, facts.fresh_id), event)]


def _need_listed(command: OpenEnterprise | UpdateEnterprise, policy: Policy) -> None:
    """FJ23-1.2a: sizes, industries and blocks are the pack's; a place has the form of one."""
    for field, key in (("size", "enterprises.sizes"), ("industry", "enterprises.industries"), ("block", "industries.blocks")):
        value, offered = getattr(command, field), policy.pack.names(key)
        if value and offered and value not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key=key, value=value, offered=offered)
    need_codes((name, getattr(command, name)) for name in ("area", "size", "industry", "block"))
    if command.division:
        try:
            level(NodeCode.parse(command.division).division)
        except ValueError:
            raise Refusal(Code.MALFORMED_COMMAND, field="division") from None


def update(file: e.Enterprise, command: UpdateEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Only what is another than before is written."""
    _need_listed(command, policy)
    changed = {name: getattr(command, name) for name in _PLAIN if getattr(command, name) not in ("", getattr(file, name))}
    if not changed and not command.address:
        return []
    return [Happened(file.subject, EnterpriseUpdated(**changed, address=command.address))]


def rename(file: e.Enterprise, command: RenameEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """The code stays, and so does the file."""
    if not command.name:
        raise Refusal(Code.FIELD_REQUIRED, field="name")
    return [Happened(file.subject, EnterpriseRenamed(name=command.name, reason=command.reason))]


def tag(file: e.Enterprise, command: TagEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ23-1.1b: tags of the pack; a pack that names none takes any."""
    _need_tags(command.tags, policy)
    tags = tuple(one for one in dict.fromkeys((*file.tags, *command.tags)) if one not in command.untagged)
    return [] if tags == file.tags else [Happened(file.subject, EnterpriseTagged(tags=tags))]


def _need_tags(tags: tuple[str, ...], policy: Policy) -> None:
    need_code("tags", *tags)
    offered = policy.pack.names("enterprises.tags")
    for one in tags:
        if offered and one not in offered:
            raise Refusal(Code.VALUE_NOT_OFFERED, key="enterprises.tags", value=one, offered=offered)


def link(file: e.Enterprise, command: LinkEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-1.1.2, 1.1.3: a project becomes an enterprise once; only a native makes another one's tie to this place."""
    if command.relation not in e.RELATIONS:
        raise Refusal(Code.VALUE_NOT_OFFERED, key="relation", value=command.relation, offered=e.RELATIONS)
    other = facts.given["enterprise"]
    if other is None or other.id == file.id:
        raise Refusal(Code.SUBJECT_UNKNOWN, kind="enterprise", id=command.enterprise)
    match command.relation:
        case e.BECAME if file.subject_type != "project" or other.subject_type in e.WITHOUT_CODE:
            raise Refusal(Code.NOT_LINKABLE, relation=command.relation, kind=file.subject_type)
        case e.BECAME if file.became not in ("", other.id):
            raise Refusal(Code.ALREADY_EXISTS, kind="enterprise", id=file.became)
        case e.NATIVE if not other.is_native:
            raise Refusal(Code.NOT_LINKABLE, relation=command.relation, kind=other.subject_type)
    if other.id in (file.became, file.head, *file.natives):
        return []
    return [Happened(file.subject, EnterpriseLinked(relation=command.relation, enterprise=other.id))]


def close(file: e.Enterprise, command: CloseEnterprise, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """Once; what it became goes on under its own file."""
    if file.state == "closed":
        return []
    if not command.reason:
        raise Refusal(Code.FIELD_REQUIRED, field="reason")
    return [Happened(file.subject, EnterpriseClosed(reason=command.reason))]


DECISIONS = {
    OpenEnterprise: open_file,
    UpdateEnterprise: update,
    RenameEnterprise: rename,
    TagEnterprise: tag,
    LinkEnterprise: link,
    CloseEnterprise: close,
}
