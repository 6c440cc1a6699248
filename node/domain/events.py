"""Every kind of event, by the name under which it stands in entries."""

from dataclasses import is_dataclass
from types import ModuleType

from node.domain import accounts, directory, dossiers, duty_list, guide, interpretation, list_record, registry, reparenting, round_record
from node.domain.entry import Event
from node.domain.ticket.areas import AREAS

MODULES: tuple[ModuleType, ...] = (
    *AREAS,
    registry,
    accounts,
    reparenting,
    duty_list,
    guide,
    interpretation,
    list_record,
    directory,
    round_record,
    *dossiers.MODULES,
)


def _events_of(module: ModuleType) -> dict[str, type[Event]]:
    own = (value for value in vars(module).values() if isinstance(value, type) and value.__module__ == module.__name__)
    return {value.__name__: value for value in own if issubclass(value, Event) and is_dataclass(value)}


EVENTS: dict[str, type[Event]] = {}
for _module in MODULES:
    for _name, _event in _events_of(_module).items():
        if _name in EVENTS:
            raise TypeError(f"two events are called {_name}: {EVENTS[_name].__module__} and {_module.__name__}")
        EVENTS[_name] = _event
