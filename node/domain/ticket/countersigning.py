"""
Countersigning (审签): a leader of the lead department signs the reply before it goes out, never his own (XS25-4.4.2i).

The reply is drafted first, so that nothing is signed that was not read.  Online the leader signs the draft by its entry id.  On
paper the draft is printed with the beginning of its digest (``short_digest``); the signed sheet is scanned and filed with what
stands on it, and a second account of the unit confirms that scan and draft belong together (USERS C25).
"""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Command, Facts
from node.domain.entry import Happened, Header
from node.domain.organisation import Role
from node.domain.payload import Contact, Reach, SealedRef, Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field, need_own_unit, need_state, need_value
from node.domain.ticket.handling_record import ScannedSignature
from node.domain.ticket.parts import need_evidence_here, round_of, with_round
from node.domain.ticket.state import IN_HAND
from node.domain.ticket.ticket import Ticket, TicketEvent

# So many hex digits of the digest stand on the paper: enough to tell any two drafts of a ticket apart.
short_digest_digits = 8


@dataclass(frozen=True)
class DraftReply(Command):
    """Put the reply in writing, for a leader to countersign."""

    roles = frozenset({Role.DEPARTMENT})

    reply: Text


@dataclass(frozen=True)
class CountersignReply(Command):
    """A leader of the lead department signs the draft that he has read; ``draft`` is its entry id, or its ``short_digest``."""

    roles = frozenset({Role.DEPARTMENT_LEADER})

    draft: str


@dataclass(frozen=True)
class FileSignedReply(Command):
    """
    File the scan of a draft that was signed on paper.  ``short_digest`` is what stands on the sheet, ``digest`` the scan's
    SHA-256 in hex, ``signer`` who signed.
    """

    roles = frozenset({Role.DEPARTMENT})

    digest: str
    short_digest: str
    signer: Contact


@dataclass(frozen=True)
class ConfirmSignedReply(Command):
    """A second account of the unit confirms that the scan bears the signature under this very text; or that it does not."""

    roles = frozenset({Role.DEPARTMENT, Role.DEPARTMENT_LEADER})

    is_right: bool
    note: Text | None = None


@dataclass(frozen=True)
class ReplyDrafted(TicketEvent):
    """The lead department put its reply in writing; an earlier countersignature no longer covers it."""

    reply: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        digest = self.reply.digest.hex() if isinstance(self.reply, SealedRef) else ""
        return replace(ticket, rounds=with_round(ticket, head, draft=head.id, draft_digest=digest, countersigned="", scanned=None))


@dataclass(frozen=True)
class ReplyCountersigned(TicketEvent):
    """
    A leader of the lead department signed the draft whose entry id is `draft`: exactly that text.

    `scan` is the digest of the signed sheet where it was signed on paper; the actor is then whoever confirmed it.
    """

    draft: str
    scan: str = ""

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, countersigned=self.draft, scanned=None))


@dataclass(frozen=True)
class SignedReplyFiled(TicketEvent):
    """The sheet on which the draft `draft` was signed was scanned; it counts once a second account of the unit confirmed it."""

    draft: str
    scan: str
    short_digest: str
    signer: Reach | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, scanned=ScannedSignature(self.draft, self.scan, head.actor.account)))


@dataclass(frozen=True)
class SignedReplyRejected(TicketEvent):
    """The second account found that the scan does not bear a signature under this text."""

    draft: str
    scan: str
    note: Words | None = None

    def apply(self, ticket: Ticket, head: Header) -> Ticket:
        return replace(ticket, rounds=with_round(ticket, head, scanned=None))


def draft_reply(ticket: Ticket, command: DraftReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """AS25-4.5.1b: what is put in writing is kept, each draft as an entry of its own."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_field("reply", command.reply)
    return [Happened(ticket.subject, ReplyDrafted(command.reply))]


def countersign(ticket: Ticket, command: CountersignReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """DESIGN 5: over the exact text, so only the last draft, and not by whoever drafted it."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_value(policy, "countersignature.ways", "online")
    of = round_of(ticket, now)
    if not of.draft or command.draft not in (of.draft, short_digest(of.draft_digest)):
        raise Refusal(Code.VERSION_CONFLICT, ticket=ticket.id, seen=command.draft, now=of.draft)
    if of.countersigned == of.draft:
        return []
    if is_author(ticket, facts.actor.account):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    return [Happened(ticket.subject, ReplyCountersigned(of.draft))]


def file_signed(ticket: Ticket, command: FileSignedReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS C25: the sheet shows which text was signed; a draft that was changed since is another text."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    need_value(policy, "countersignature.ways", "paper")
    need_field("digest", command.digest)
    need_evidence_here((command.digest,), facts)
    need_field("signer", command.signer)
    of = round_of(ticket, now)
    typed = command.short_digest.strip().lower()
    need_field("short_digest", typed)
    if not of.draft or typed != short_digest(of.draft_digest):
        raise Refusal(Code.DRAFT_CHANGED, ticket=ticket.id, seen=typed)
    if of.countersigned == of.draft:
        return []
    if of.scanned is not None and of.scanned.scan == command.digest:
        return []
    return [Happened(ticket.subject, SignedReplyFiled(of.draft, command.digest, typed, command.signer))]


def confirm_signed(ticket: Ticket, command: ConfirmSignedReply, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """USERS C25: four eyes: neither who filed the scan nor who wrote the reply."""
    need_state(ticket, IN_HAND)
    need_own_unit(ticket, facts, ticket.lead)
    scanned = round_of(ticket, now).scanned
    if scanned is None:
        raise Refusal(Code.NOTHING_PENDING, ticket=ticket.id, application="countersignature")
    if facts.actor.account == scanned.account or is_author(ticket, facts.actor.account):
        raise Refusal(Code.OWN_CASE, ticket=ticket.id, unit=facts.actor.unit)
    if command.is_right:
        return [Happened(ticket.subject, ReplyCountersigned(scanned.draft, scanned.scan))]
    need_field("note", command.note)
    return [Happened(ticket.subject, SignedReplyRejected(scanned.draft, scanned.scan, command.note))]


def is_author(ticket: Ticket, account: str) -> bool:
    """True if *account* drafted a reply of this ticket: nobody signs what he wrote."""
    return any(hand.account == account and hand.kind == ReplyDrafted.kind() for hand in ticket.hands)


def short_digest(digest: str) -> str:
    """What of a text's digest is printed beside it, and typed in again from the signed sheet."""
    return digest[:short_digest_digits]


DECISIONS = {DraftReply: draft_reply, CountersignReply: countersign, FileSignedReply: file_signed, ConfirmSignedReply: confirm_signed}
