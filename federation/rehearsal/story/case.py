"""
How a case is told: one appeal's acts in the order of its life, with the steps that every case has under one name each.

``by`` takes whoever acts as "account" at the case's own node, or as "<node code>/account".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from federation.rehearsal.story.act import Act, Make, NodeEntry, Paper, beijing
from federation.rehearsal.story.staff import STAFF
from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.domain.ticket.closing import Close
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.first_contact import ReportToOffice
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.judgement import CloseJudgement, GiveOpinion, OpenJudgement
from node.domain.ticket.revisit import RecordRevisit

NODES = {node.code: node for node in STAFF}
# AS25-4.2.1.1a: the four tests.
TESTS = ("responsibility", "jurisdiction", "materials", "lawfulness")


@dataclass(frozen=True)
class Enterprise:
    """Who appeals.  Names, codes and numbers are made up; the codes have the right form and check characters."""

    name: str
    contact: str
    phone: str
    credit_code: str = ""
    kind: str = "enterprise"

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of ``Register`` about the appellant."""
        return {
            "appellant_kind": self.kind,
            "name": Contact(f"{self.name} {self.contact}"),
            "phone": Contact(self.phone),
            "credit_code": self.credit_code,
        }


class Case:
    """The acts of one appeal at *node*."""

    def __init__(self, node: NodeEntry, label: str) -> None:
        self.node = node
        self.label = label
        self.acts: list[Act] = []

    def by(self, when: str, who: str, command: Command | Make, *, role: str = "", minutes: int = 0, **more: Any) -> "Case":
        """One act, *minutes* after *when*; the role is the account's that may give the command, unless told."""
        code, _, account = who.rpartition("/")
        node = NODES[code or self.node.code]
        if not role:
            allowed = {one.value for one in command.roles} if isinstance(command, Command) else set(node.roles_of(account))
            role = next(one for one in node.roles_of(account) if one in allowed)
        at = beijing(when) + timedelta(minutes=minutes)
        self.acts.append(Act(at, node.code, account, role, self.label, command, **more))
        return self

    def unit(self, short: str, node: str = "") -> str:
        """The code of a unit of this node."""
        return f"{node or self.node.code}-{short}"

    # --- intake -----------------------------------------------------------------------------------------------------

    def at_window(self, when: str, who: Enterprise, title: str, appeal: str, **fields: Any) -> "Case":
        """It comes to the hall's window, which judges that it is another's duty and reports it to the office (AS25-4.1b, 4.1d)."""
        fields = {"channel": "window", "judgement": "foreign", "first_contact": self.unit("hall"), **fields}
        self.by(when, "hall", Register(appeal=Text(appeal), title=Text(title), **who.fields, **fields))
        return self.by(when, "hall", ReportToOffice(), minutes=20)

    def on_the_spot(self, when: str, who: Enterprise, title: str, appeal: str, answer: str) -> "Case":
        """The window answers a simple need at once."""
        fields: dict[str, Any] = {"channel": "window", "first_contact": self.unit("hall"), "category": "consultation"}
        return self.by(when, "hall", Register(appeal=Text(appeal), title=Text(title), answer=Text(answer), **who.fields, **fields))

    def online(self, when: str, who: Enterprise, title: str, appeal: str, **fields: Any) -> "Case":
        """The enterprise files it itself; it stands in the office's pool at once."""
        return self.by(
            when, "public", Register(**{"channel": "platform", "appeal": Text(appeal), "title": Text(title), **who.fields, **fields})
        )

    def called(self, when: str, who: Enterprise, title: str, appeal: str, channel: str = "hotline_12345", **fields: Any) -> "Case":
        """A hotline passes it on; the centre enters it with the time of the call."""
        fields = {"channel": channel, "received_at": beijing(when) - timedelta(minutes=25), **fields}
        return self.by(when, "centre", Register(appeal=Text(appeal), title=Text(title), **who.fields, **fields))

    # --- the plain road ---------------------------------------------------------------------------------------------

    def formed(self, when: str, category: str, complexity: str = "plain", who: str = "centre", **more: Any) -> "Case":
        """The office forms the ticket."""
        return self.by(when, who, Form(category=category, complexity=complexity, passed=TESTS), **more)

    def sent(self, when: str, lead: str, *co_handlers: str, who: str = "centre", **fields: Any) -> "Case":
        """The office dispatches it to the unit *lead*."""
        node = who.rpartition("/")[0]
        units = tuple(self.unit(one, node) for one in co_handlers)
        return self.by(when, who, Dispatch(lead=self.unit(lead, node), co_handlers=units, **fields))

    def signed(self, when: str, unit: str) -> "Case":
        """The lead takes it."""
        return self.by(when, unit, Sign())

    def sorted(self, when: str, category: str, lead: str, signed: str, complexity: str = "plain") -> "Case":
        """Formed, dispatched ten minutes later, and signed."""
        self.formed(when, category, complexity).by(when, "centre", Dispatch(lead=self.unit(lead)), minutes=10)
        return self.signed(signed, lead)

    def conferred(self, when: str, closed: str, lead: str, opinions: dict[str, str], conclusion: str, **fields: Any) -> "Case":
        """The members confer and name the lead (AS25-4.2.1.3a)."""
        units = tuple(self.unit(one) for one in opinions)
        self.by(when, "centre", OpenJudgement(members=units, **fields))
        for place, (unit, opinion) in enumerate(opinions.items(), 1):
            self.by(when, unit, GiveOpinion(opinion=Text(opinion), outcome="form", lead=self.unit(lead)), role="member", minutes=30 * place)
        return self.by(closed, "centre", CloseJudgement(outcome="form", conclusion=Text(conclusion), leads=(self.unit(lead),)))

    def completed(self, when: str, unit: str, result: str, feedback: str = "", standard: str = "solved", **fields: Any) -> "Case":
        """The lead completes it, with a paper of what was done and the feedback to the enterprise by telephone."""
        more = {key: fields.pop(key) for key in ("expects", "after", "behind") if key in fields}
        paper = Paper(f"{self.label}-{when[:5]}-办理情况.txt", f"办理情况记录\n{result}\n")
        command = Complete(
            standard=standard,
            result=Text(result),
            is_truthful=True,
            feedback_way="phone",
            feedback=Text(feedback or "已电话向企业反馈办理结果，企业表示知悉。"),
            evidence=(paper.digest,),
            **fields,
        )
        return self.by(when, unit, command, papers=(paper,), **more)

    def answered(self, when: str, unit: str, result: str, **fields: Any) -> "Case":
        """A consultation is answered by telephone; the recorded call is its evidence."""
        command = Complete(
            standard="solved",
            result=Text(result),
            is_truthful=True,
            feedback_way="phone",
            feedback=Text(result),
            has_call_record=True,
            **fields,
        )
        return self.by(when, unit, command)

    def revisited(
        self, when: str, consistent: bool = True, met: bool = True, vote: str = "satisfied", remarks: str = "", who: str = "office-2"
    ) -> "Case":
        """The office calls back."""
        words = Text(remarks) if remarks else None
        return self.by(when, who, RecordRevisit(is_consistent=consistent, is_standard_met=met, evaluation=vote, remarks=words))

    def closed(self, when: str, who: str = "office-3") -> "Case":
        """The office strikes it off."""
        return self.by(when, who, Close())


def acts_of(*cases: Case) -> tuple[Act, ...]:
    """The acts of *cases* by business time."""
    return in_order(act for case in cases for act in case.acts)


def in_order(acts: Iterable[Act]) -> tuple[Act, ...]:
    """*acts* by business time; what happens in the same minute stays in its order."""
    return tuple(sorted(acts, key=lambda act: act.at))
