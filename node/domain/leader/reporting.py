"""Reports put before leaders (报送县领导): delivered to each, opened by himself; the file proves both (FJ25-5.14.2b)."""

from dataclasses import dataclass, replace
from datetime import datetime

from node.domain.command import Facts
from node.domain.entry import Happened, Header
from node.domain.leader.record import IN_OFFICE, Delivery, Leader, LeaderCommand, LeaderEvent
from node.domain.open_codes import need_plain_code
from node.domain.organisation import Role
from node.domain.payload import Text, Words
from node.domain.policy import Policy
from node.domain.refusal import Code, Refusal
from node.domain.ticket.checks import need_field
from node.domain.ticket.parts import need_evidence_here


@dataclass(frozen=True)
class DeliverReport(LeaderCommand):
    """
    Put a report before the leader.  ``report_code`` is its code, the same for every leader who gets it; ``digest`` that of the
    attachment, which is stored here.
    """

    roles = frozenset({Role.OFFICE, Role.SUPERVISION, Role.ASSESSOR})

    report_code: str
    title: Text
    digest: str


@dataclass(frozen=True)
class OpenReport(LeaderCommand):
    """The leader himself opens what was put before him."""

    roles = frozenset({Role.LEADER, Role.GOVERNMENT})

    report_code: str


@dataclass(frozen=True)
class ReportDelivered(LeaderEvent):
    """A report lies in the leader's inbox. `digest` is the attachment's SHA-256, in hex."""

    report_code: str
    digest: str
    title: Words | None = None

    def apply(self, leader: Leader, head: Header) -> Leader:
        return replace(leader, deliveries=(*leader.deliveries, Delivery(self.report_code, self.digest, head.recorded_at)))


@dataclass(frozen=True)
class ReportOpened(LeaderEvent):
    """The leader opened the report himself."""

    report_code: str

    def apply(self, leader: Leader, head: Header) -> Leader:
        return replace(
            leader,
            deliveries=tuple(
                replace(one, read_at=head.recorded_at) if one.report == self.report_code and one.read_at is None else one
                for one in leader.deliveries
            ),
        )


def deliver(leader: Leader, command: DeliverReport, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.2b: to leaders in office; a report goes to a leader once."""
    need_field("report_code", command.report_code)
    need_plain_code("report_code", command.report_code)
    need_field("title", command.title)
    need_field("digest", command.digest)
    need_evidence_here((command.digest,), facts)
    if leader.state != IN_OFFICE:
        raise Refusal(Code.LEADER_OUT_OF_OFFICE, leader=leader.account)
    if (command.report_code, command.digest) in {(one.report, one.digest) for one in leader.deliveries}:
        return []
    return [Happened(leader.subject, ReportDelivered(command.report_code, command.digest, command.title))]


def open_report(leader: Leader, command: OpenReport, facts: Facts, policy: Policy, now: datetime) -> list[Happened]:
    """FJ25-5.14.2b: only the leader's own opening is proof that he read it."""
    if facts.actor.account != leader.account:
        raise Refusal(Code.PERMISSION_DENIED, command="OpenReport", role=facts.actor.role)
    delivered = [one for one in leader.deliveries if one.report == command.report_code]
    if not delivered:
        offered = sorted({one.report for one in leader.deliveries})
        raise Refusal(Code.VALUE_NOT_OFFERED, key="report_code", value=command.report_code, offered=offered)
    if all(one.read_at is not None for one in delivered):
        return []
    return [Happened(leader.subject, ReportOpened(command.report_code))]


DECISIONS = {DeliverReport: deliver, OpenReport: open_report}
