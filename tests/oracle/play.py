"""Playing scripts at a node through ``services.handle``: what a person does for each step under each pack."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from node.domain.payload import Contact, Text
from node.domain.refusal import Refusal
from node.domain.ticket.acceptance import NotAccept, RecordPersuasion
from node.domain.ticket.closing import Close
from node.domain.ticket.completion import Complete, GiveFeedback
from node.domain.ticket.confirmation import Confirm
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.evaluation import Evaluate
from node.domain.ticket.extension import DecideExtension, RequestExtension
from node.domain.ticket.filling import RecordVerification
from node.domain.ticket.follow_up import AssessFollowUp
from node.domain.ticket.forming import Form
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.intake import Register
from node.domain.ticket.objection import Object, RuleObjection
from node.domain.ticket.revisit import RecordRevisit
from node.domain.ticket.rework import SendBack
from node.domain.ticket.termination import DecideWithdrawal, Withdraw
from node.domain.ticket.verification import OrderRework
from tests.oracle.reckoning import LAWS, day_of
from tests.oracle.script import Script
from tests.support.node import Hands, make_node

NODES = {"anshun-2025": "520402", "fengjie-2025": "500236", "fengjie-2023": "500236", "xiangshan-2025": "330225", "haimen-2020": "320614"}
CHANNELS = {
    "anshun-2025": "window",
    "fengjie-2025": "website",
    "fengjie-2023": "private_economy_line",
    "xiangshan-2025": "centre_offline",
    "haimen-2020": "haiqitong_app",
}


class Stage:
    """A node under one pack, and the scripts that run at it."""

    def __init__(self, directory: Path, pack: str) -> None:
        self.pack = pack
        self.code = NODES[pack]
        self.hands: Hands = make_node(directory, self.code, pack, now=datetime.fromisoformat("2026-02-01T09:00:00+08:00"))
        self.hands.staff("housing", "water")
        self.tickets: dict[int, str] = {}

    def run(self, scripts: Sequence[Script], sweeps: Sequence[datetime]) -> None:
        """Everything in the order of time."""
        steps: list[tuple[datetime, int, str, Script | None]] = [(moment, -1, "sweep", None) for moment in sweeps]
        for script in scripts:
            steps += [(moment, script.number, name, script) for moment, name in script.steps]
        for moment, _, name, script in sorted(steps, key=lambda step: step[:3]):
            self.hands.at(moment)
            if script is None:
                self.hands.node.sweep.run(self.hands.now)
                continue
            try:
                getattr(self, name.rstrip("_0123456789"))(script, name)
            except Refusal as refusal:
                raise AssertionError(f"{self.pack} script {script.number} step {name}: {refusal}") from refusal

    def act(self, role: str, command: Any, script: Script, unit: str = "") -> Any:
        """One command about the script's ticket."""
        return self.hands.act(role, command, self.tickets.get(script.number, ""), unit)

    def lead(self, script: Script, moment: str) -> str:
        """The unit that has the ticket."""
        return "water" if script.objects and moment != "first" else "housing"

    # --- steps --------------------------------------------------------------------------------------------------------

    def register(self, script: Script, _name: str) -> None:
        more: dict[str, Any] = {"category": LAWS[self.pack].category} if self.pack == "fengjie-2025" else {}
        if self.pack == "fengjie-2023":
            more = {"received_at": self.hands.now}
        command = Register(
            CHANNELS[self.pack], **more, appeal=Text("货车进不来"), name=Contact("某厂"), phone=Contact("13800001234"), title=Text("道路")
        )
        self.tickets[script.number] = self.hands.act("office", command).subject.id

    def refuse(self, script: Script, _name: str) -> None:
        self.act("office", NotAccept("unlawful", note=Text("所求违反公序良俗")), script)

    def persuade(self, script: Script, _name: str) -> None:
        self.act("office", RecordPersuasion("phone", Text("已当面说明")), script)

    def form(self, script: Script, _name: str) -> None:
        law = LAWS[self.pack]
        if self.pack == "haimen-2020":
            self.act("office", RecordVerification("confirmed", Text("属实")), script)
        tests = ("responsibility", "jurisdiction", "materials", "lawfulness") if self.pack == "anshun-2025" else ()
        more = {"layer": "block", "level": "local"} if self.pack == "xiangshan-2025" else {}
        self.act("office", Form(law.category, law.complexity, tests, **more), script)

    def dispatch(self, script: Script, _name: str) -> None:
        self.act("office", Dispatch(f"{self.code}-housing"), script)

    def object(self, script: Script, _name: str) -> None:
        self.act("department", Object(Text("不属我局职责"), f"{self.code}-water", none_listed=True), script, "housing")

    def uphold(self, script: Script, _name: str) -> None:
        self.act("office", RuleObjection(True, Text("异议成立"), f"{self.code}-water"), script)

    def sign(self, script: Script, _name: str) -> None:
        unit = self.lead(script, "now")
        self.act("department", Sign(person=f"d-{unit}") if self.pack == "xiangshan-2025" else Sign(), script, unit)

    def ask_extension(self, script: Script, _name: str) -> None:
        promised: date = day_of(script.at["ask_extension"]) + timedelta(days=script.extended_days)
        self.act("department", RequestExtension(promised, "complex", Text("需要会同踏勘")), script, self.lead(script, "now"))

    def grant_extension(self, script: Script, _name: str) -> None:
        self.act("office", DecideExtension(True), script)

    def withdraw(self, script: Script, _name: str) -> None:
        self.act("enterprise", Withdraw(Text("已自行解决")), script)

    def grant_withdrawal(self, script: Script, _name: str) -> None:
        self.act("office", DecideWithdrawal(True, Text("经核实，企业自愿撤回")), script)

    def complete(self, script: Script, _name: str) -> None:
        unit = self.lead(script, "now")
        if self.pack == "xiangshan-2025":
            self.act("department", RecordProgress(Text("方案已定")), script, unit)
        draft = self._countersigned(script, unit)
        self.act("department", self._completion(draft), script, unit)

    def _countersigned(self, script: Script, unit: str) -> str:
        if self.pack != "xiangshan-2025":
            return ""
        drafted = self.act("department", DraftReply(Text("已协调解决")), script, unit)
        draft = next(one.header.id for one in drafted.entries if one.header.kind == "ReplyDrafted")
        self.act("department_leader", CountersignReply(draft), script, unit)
        return str(draft)

    def _completion(self, draft: str) -> Complete:
        given: dict[str, Any] = {"standard": "solved", "result": Text("便道已开通"), "is_truthful": True}
        if self.pack in ("fengjie-2025", "fengjie-2023"):
            given["standard"] = "done"
        if self.pack == "xiangshan-2025":
            given |= {"feedback_way": "platform", "feedback": Text("已推送")}
        if self.pack == "anshun-2025":
            given |= {"feedback_way": "phone", "feedback": Text("已告知"), "evidence": (self.hands.node.blobs.put(b"photo"),)}
        if self.pack == "fengjie-2023":
            given |= {"feedback_way": "phone", "feedback": Text("已告知")}
        if self.pack == "haimen-2020":
            given |= {
                "feedback_way": "phone",
                "feedback": Text("已告知"),
                "contact_name": Contact("李某"),
                "contact_phone": Contact("82110000"),
            }
        if draft:
            given["draft"] = draft
        return Complete(**given)

    def fail(self, script: Script, name: str) -> None:
        """The check after completion sends the ticket back, as the pack checks."""
        raise NotImplementedError

    def check(self, script: Script, _name: str) -> None:
        raise NotImplementedError

    def close(self, script: Script, _name: str) -> None:
        self.act("office", Close(note=Text("核验完毕"), without_confirmation=script.is_silent), script)


class Revisited(Stage):
    """安顺, 海门 and the product's default: the office calls back, and what it hears sends a ticket back or not."""

    def fail(self, script: Script, name: str) -> None:
        self.act("office", self._revisit(False, script), script)
        if self.pack == "haimen-2020":
            self.act("office", SendBack(Text("企业反映未解决")), script)

    def check(self, script: Script, _name: str) -> None:
        self.act("office", self._revisit(True, script), script)

    def _revisit(self, is_good: bool, script: Script) -> RecordRevisit:
        if self.pack == "haimen-2020":
            vote = "satisfied" if is_good else "dissatisfied"
            return RecordRevisit(evaluation=vote, is_solved=is_good, revisited_on=day_of(self.hands.now))
        return RecordRevisit(is_consistent=is_good, is_standard_met=is_good, evaluation=script.vote if is_good else "dissatisfied")


class Confirmed(Stage):
    """象山: whoever submitted it confirms or refuses."""

    def fail(self, script: Script, name: str) -> None:
        self.act("enterprise", Confirm(False, Text("没有解决")), script)

    def check(self, script: Script, _name: str) -> None:
        self.act("enterprise", Confirm(True), script)
        self.act("enterprise", Evaluate(script.vote), script)


class Evaluated(Stage):
    """奉节: the lead calls back, the appellant votes."""

    def fail(self, script: Script, name: str) -> None:
        self._vote("dissatisfied", script)
        self.act("supervision", OrderRework("slow", Text("办理不到位，重新交办")), script)

    def complete(self, script: Script, name: str) -> None:
        if name != "complete":  # assigned anew, so signed anew
            self.sign(script, name)
        super().complete(script, name)

    def check(self, script: Script, _name: str) -> None:
        self._vote(script.vote, script)
        if script.fails:
            self.act("supervision", AssessFollowUp("resolved", Text("已整改到位")), script)

    def _vote(self, value: str, script: Script) -> None:
        self.act("department", GiveFeedback("phone", Text("已回访告知")), script, "housing")
        self.act("enterprise", Evaluate(value), script)


STAGES: dict[str, type[Stage]] = {
    "anshun-2025": Revisited,
    "haimen-2020": Revisited,
    "xiangshan-2025": Confirmed,
    "fengjie-2025": Evaluated,
    "fengjie-2023": Revisited,
}
