"""The schema's rows for regular tasks: what a body owes once in each period (HM20-3.1c)."""

from node.domain.task import CHARGED
from node.packs.key import Key, Kind, names

TASKS = (
    names("tasks.kinds", "the regular tasks; the node opens one of each kind in every period", words=("task_kind",)),
    Key("task.<kind>.every", Kind.CHOICE, "the period", among=("week", "month", "quarter", "half_year", "year")),
    Key("task.<kind>.role", Kind.CHOICE, "the role that owes the task", among=tuple(role.value for role in CHARGED), words=("role",)),
    names("task.<kind>.channels", "the channels whose needs the task is to sort; what waits is counted when it is done"),
)
