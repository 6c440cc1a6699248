"""
Public messages with their replies, as a government's message board publishes them: what would a mechanism have made of them?

Each message is registered, formed, dispatched and signed at its real time of submission and completed with its real reply at the
reply's time, on a *rehearsal* node whose clock the import moves from moment to moment.  So the pack's own clocks run over the real
days, and every figure of the node is computed as for any other ticket.  Closed legacy tickets would not do: a legacy ticket is
outside rates by definition, and a due time that is written in is none that the hub computed.

Under every pack the same steps: what it wants before forming or completing is given, nothing else.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.countersigning import CountersignReply, DraftReply
from node.domain.ticket.dispatching import Dispatch, Sign
from node.domain.ticket.filling import CONFIRMED, RecordVerification
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.services.handle import Outcome
from node.services.imports.cells import Cells
from node.services.imports.fault import Fault
from node.services.imports.intake_rows import channel_of, registration
from node.services.imports.plan import Kind, Setting, Step, first_of, id_of
from node.services.imports.reader import Columns

REQUIRED = ("external_number", "received_at", "appeal", "reply", "replied_at")
COLUMNS = Columns(
    {
        "id": "external_number",
        "subject": "title",
        "submitted_at": "received_at",
        "text": "appeal",
        "reply": "reply",
        "replied_at": "replied_at",
        "channel": "channel",
        "name": "name",
        "phone": "phone",
        "appellant_kind": "appellant_kind",
        "category": "category",
        "group": "group",
    },
    required=REQUIRED,
)
USUAL = ("platform", "centre_online", "haiqitong_app", "website", "after_hours_service", "portal")
# A reply that solves the matter, in the packs' words.
SOLVING = ("solved", "done")


def steps(setting: Setting) -> Iterator[Step]:
    """The steps of all messages in the order of their times; of one moment in the order of the file."""
    staff = _Staff(setting)
    timed: list[tuple[datetime, int, Sequence[Step]]] = []
    seen: dict[str, int] = {}
    for cells in setting.cells():
        cells.need(*REQUIRED)
        key = cells.text("external_number")
        if key and seen.setdefault(key, cells.row.number) != cells.row.number:
            cells.fault("external_number", "repeated", wanted=str(seen[key]))
        submitted, replied = cells.moment("received_at"), cells.moment("replied_at")
        channel = channel_of(setting, cells, *USUAL)
        given = registration(setting, cells, channel)
        if submitted and replied and replied < submitted:
            cells.fault("replied_at", "time_order")
        if cells.faults or submitted is None or replied is None or not staff.is_there:
            continue
        timed.append((submitted, cells.row.number, _asking(setting, cells, given, staff, key, submitted)))
        timed.append((replied, cells.row.number, _answering(setting, cells, staff, key, replied)))
    for _, _, some in sorted(timed, key=lambda one: one[:2]):
        yield from some


class _Staff:
    """Who does what in the unit that answers."""

    def __init__(self, setting: Setting) -> None:
        self.unit = setting.unit(setting.options.unit)
        self.needs = setting.policy.pack.names("completion.needs")
        self.is_there = True
        try:
            self.department = setting.of_unit(self.unit, "department")
            self.leader = setting.of_unit(self.unit, "department_leader") if "countersignature" in self.needs else None
        except Refusal as refusal:
            self.is_there = False
            setting.faults.append(Fault(0, "", "refused", refusal=refusal))


def _asking(setting: Setting, cells: Cells, given: dict[str, Any], staff: _Staff, key: str, at: datetime) -> list[Step]:
    """Registered, verified where the pack wants it, formed, dispatched, signed: all when it was submitted."""
    pack, row, options = setting.policy.pack, cells.row.number, setting.options
    category = given["category"] or first_of(pack.names("classes"))
    complexity = options.complexity or first_of(pack.names(f"complexities.{category}"))
    if given["appellant_kind"] != "anonymous" and not given["name"]:
        given = {**given, "name": Contact("网民")}
    steps = [Step(row, Register(**given), setting.actor(Register, given["channel"]), key, at=at, known_by=Code.ALREADY_EXISTS)]
    if pack.flag("forming.verified_first"):
        steps.append(Step(row, RecordVerification(CONFIRMED), setting.actor(RecordVerification), key))
    steps.append(Step(row, Form(category, complexity, pack.names("forming.tests")), setting.actor(Form), key))
    steps.append(Step(row, Dispatch(staff.unit), setting.actor(Dispatch), key))
    steps.append(Step(row, Sign(staff.department.account), staff.department, key))
    return steps


def _answering(setting: Setting, cells: Cells, staff: _Staff, key: str, at: datetime) -> list[Step]:
    """Drafted and countersigned where the pack wants it, and completed with the reply: all when it was replied."""
    pack, row, reply = setting.policy.pack, cells.row.number, cells.text("reply")
    steps: list[Step] = []
    if staff.leader is not None:
        steps.append(Step(row, DraftReply(Text(reply)), staff.department, f"{key}|draft", at=at))
        steps.append(Step(row, lambda last: CountersignReply(_draft(last)), staff.leader, f"{key}|countersign"))
    ways = pack.names("feedback.ways")
    fields: dict[str, Any] = {
        "standard": first_of(pack.names("completion.standards"), *SOLVING),
        "result": Text(reply),
        "is_truthful": True,
        "feedback_way": first_of(ways, "platform", "message"),
        "feedback": Text(reply),
        # The published reply is its own proof.
        "evidence": (setting.file(reply.encode()),) if "evidence" in staff.needs else (),
        "contact_name": Contact(staff.department.account) if "contact_person" in staff.needs else None,
        "contact_phone": Contact(cells.text("phone") or staff.department.account) if "contact_person" in staff.needs else None,
    }
    steps.append(Step(row, lambda last: Complete(draft=_draft(last), **fields), staff.department, f"{key}|complete", at=at))
    return steps


def _draft(last: Outcome) -> str:
    """The entry of the draft that is in force."""
    return last.ticket.round.draft if last.ticket is not None and last.ticket.round is not None else ""


def register_id(key: str) -> str:
    """The id of the command that registered the message."""
    return id_of("messages", key)


KIND = Kind("messages", COLUMNS, steps, moves_clock=True)
