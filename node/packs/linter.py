"""
The linter of packs (``qyzj pack check``): everything that would make a pack unusable is found before it is adopted.

First the file by itself: its form, its keys, the type and range of each value, the clause or the mark "default" beside it.
If that holds, the whole that it makes with its parents: nothing required is missing, every class has its clocks, every
ladder leads to somebody, every state can be left, and every decision has a person who may take it (``staffing``).

A fault names the file that gave the value, the key and the rule.
"""

import re
import string
from collections.abc import Collection, Iterator
from datetime import date
from pathlib import Path

from node.domain.organisation import Role
from node.domain.pack import Pack, Value
from node.domain.pack import Rule as PackRule
from node.domain.ticket.core_class import CORE_CLASSES, core_of, proposed_class
from node.domain.time import Limit, Unit, parse_windows
from node.packs import groups, staffing
from node.packs.fault import Fault, FaultyPack, Rule
from node.packs.file import DEFAULT, Find, PackFile, effective_pack, finder, limit_text, pack_line, read_pack
from node.packs.graph import stuck
from node.packs.key_mechanism import COUNTED
from node.packs.keys import KEYS, Bound, Key, Kind, find_key

CODE = re.compile(r"[a-z0-9][a-z0-9_]*")
NUMBER_FIELDS = frozenset({"prefix", "year", "month", "day", "class", "serial"})
# Who decides last; "office" is always there.
LADDERS = ("objection.final_by",)


def check(file: str, text: str, find: Find | None = None, clause_ids: Collection[str] | None = None) -> tuple[Fault, ...]:
    """
    Return every fault of the pack *text*, in the order in which it is read; empty if it can be adopted.

    Args:
        file: names it in faults.
        find: where its parents lie; the shipped packs if None.
        clause_ids: the catalogue of clauses; ids are not looked up if None, as a node has no catalogue.
    """
    find = find or finder()
    own, faults = read_pack(file, text)
    if own is None:
        return faults
    found = [*faults, *_rules(file, own, clause_ids)]

    def find_here(id: str) -> str | None:
        return text if id == own.id else find(id)

    try:
        line = pack_line(own.id, find_here)
    except FaultyPack as refused:
        known = {(fault.key, fault.rule) for fault in found}
        return (*found, *(_renamed(fault, own, file) for fault in refused.faults if (fault.key, fault.rule) not in known))
    found += _undercuts(file, own, line)
    if not found:
        found += _whole(file, effective_pack(own.id, find_here), line)
    return tuple(found)


def check_file(path: Path, clause_ids: Collection[str] | None = None) -> tuple[Fault, ...]:
    """``check`` for the file at *path*, whose parents lie in the same folder or are shipped."""
    return check(path.name, path.read_text("utf-8"), finder(path.parent), clause_ids)


def stands_for(cited: str, clause_ids: Collection[str]) -> bool:
    """True if *cited* is an id of the catalogue or what several have in common: "AS25-4.4.1.3" for ...3a and ...3b."""
    return any(id == cited or (id.startswith(cited) and not id[len(cited)].isdigit()) for id in clause_ids)


def _rules(file: str, own: PackFile, clause_ids: Collection[str] | None) -> Iterator[Fault]:
    """Each rule by itself."""
    for name, rule in own.rules.items():
        if clause_ids is not None and rule.clause != DEFAULT:
            cited = rule.clause.split(", ")
            yield from (Fault(file, name, Rule.CLAUSE_UNKNOWN, {"clause": one}) for one in cited if not stands_for(one, clause_ids))
        row = find_key(name)
        if row is None:
            yield Fault(file, name, Rule.LIMIT_WITHOUT_CLOCK if name.startswith("limit.") else Rule.KEY_UNKNOWN)
        elif not row.fits(rule.value):
            yield Fault(file, name, Rule.TYPE, {"wanted": row.kind.value})
        else:
            yield from _value(file, name, row, rule.value)


def _value(file: str, name: str, row: Key, value: Value) -> Iterator[Fault]:
    match row.kind:
        case Kind.NUMBER | Kind.LIMIT:
            count = value.count if isinstance(value, Limit) else value
            # The end of a month or a quarter has no count of its own to be too small.
            is_counted = not (isinstance(value, Limit) and value.unit in (Unit.MONTH_END, Unit.QUARTER_END))
            if isinstance(count, int) and is_counted and not row.least <= count <= row.most:
                yield Fault(file, name, Rule.RANGE, {"value": str(count), "least": str(row.least), "most": str(row.most)})
        case Kind.CHOICE if row.among and value not in row.among:
            yield Fault(file, name, Rule.VALUE_UNKNOWN, {"value": str(value), "offered": ", ".join(row.among)})
        case Kind.NAMES:
            codes = value if isinstance(value, tuple) else ()
            for code in dict.fromkeys(code for code in codes if codes.count(code) > 1):
                yield Fault(file, name, Rule.REPEATED, {"value": code})
            for code in dict.fromkeys(codes):
                if (row.among and code not in row.among) or not CODE.fullmatch(code):
                    yield Fault(file, name, Rule.VALUE_UNKNOWN, {"value": code, "offered": ", ".join(row.among)})
        case Kind.WINDOWS if parse_windows(str(value)) is None or (row.required and not parse_windows(str(value))):
            yield Fault(file, name, Rule.VALUE_UNKNOWN, {"value": str(value), "offered": "09:00-12:00 13:30-17:30"})
        case Kind.TEXT if not str(value).strip():
            yield Fault(file, name, Rule.VALUE_UNKNOWN, {"value": "", "offered": ""})
        case _:
            return


def _undercuts(file: str, own: PackFile, line: tuple[PackFile, ...]) -> Iterator[Fault]:
    """AS25-5.1: what a document promises a child may tighten, never loosen; a default of the product it may set as it likes."""
    for name, rule in own.rules.items():
        row = find_key(name)
        above = next(((parent, parent.rules[name]) for parent in line[1:] if name in parent.rules), None)
        if row is None or above is None or above[1].clause == DEFAULT:
            continue
        if _is_looser(row.bound, rule.value, above[1].value):
            yield Fault(file, name, Rule.UNDERCUTS_PARENT, {"value": _shown(rule), "parent": above[0].id, "wanted": _shown(above[1])})


def _is_looser(bound: Bound, value: Value, above: Value) -> bool:
    if isinstance(value, Limit) and isinstance(above, Limit):
        # Two units cannot be compared without a calendar: a child keeps its parent's.
        return bound is Bound.AT_MOST and (value.unit is not above.unit or value.count > above.count)
    if isinstance(value, int) and isinstance(above, int):
        return bound is Bound.AT_LEAST and value < above
    return False


def _whole(file: str, pack: Pack, line: tuple[PackFile, ...]) -> Iterator[Fault]:
    """What must hold once the parents are laid under it."""
    missing = [row.pattern for row in KEYS if row.required and row.pattern not in pack.rules]
    if missing:  # the rest would only say it again
        yield from (Fault(file, key, Rule.KEY_REQUIRED) for key in missing)
        return
    yield from _classes(file, pack)
    yield from _core_classes(file, pack)
    yield from _numbers(file, pack)
    yield from _organisation(file, pack)
    yield from _counts(file, pack)
    yield from _dates(file, pack)
    yield from _channels(file, pack)
    yield from _ladders(file, pack, line)
    yield from _urging(file, pack)
    yield from _layers(file, pack)
    yield from groups.faults(file, pack)
    yield from staffing.faults(file, pack)
    yield from (
        Fault(file, "rights", Rule.STATE_WITHOUT_EXIT, {"state": state.value}) for state in stuck(pack, staffing.present_roles(pack))
    )


def _classes(file: str, pack: Pack) -> Iterator[Fault]:
    """
    Every class has complexities, and each of them a handling limit of its own or of its class.

    The limit for all stands in only for the classes of the pack that gave it: a pack that names a class times it.
    """
    classes, for_all = pack.find("classes"), pack.find("limit.resolve")
    is_covered = classes is not None and for_all is not None and classes.origin == for_all.origin
    blamed = _origin(file, pack, "classes")
    for category in pack.names("classes"):
        if not pack.names(f"complexities.{category}"):
            yield Fault(blamed, f"complexities.{category}", Rule.CLASS_WITHOUT_COMPLEXITY, {"category": category})
        for complexity in pack.names(f"complexities.{category}"):
            if not is_covered and pack.find(*_clocks_of(category, complexity)) is None:
                facts = {"category": category, "complexity": complexity}
                yield Fault(blamed, f"limit.resolve.{category}.{complexity}", Rule.CLASS_WITHOUT_CLOCK, facts)


def _core_classes(file: str, pack: Pack) -> Iterator[Fault]:
    """POLICY_PACKS 2 no. 26: every class stands for a core class, and what comes as a core class becomes a class of the pack."""
    classes = pack.names("classes")
    for category in classes:
        if not core_of(pack, category):
            yield Fault(_origin(file, pack, "classes"), f"core_class.{category}", Rule.CLASS_WITHOUT_CORE, {"category": category})
    for core in CORE_CLASSES:
        key, proposed = f"class_of_core.{core}", proposed_class(pack, core)
        if proposed and proposed not in classes:
            blamed = _origin(file, pack, key)
            yield Fault(blamed, key, Rule.VALUE_UNKNOWN, {"value": proposed, "offered": ", ".join(classes)})
        elif not proposed:
            yield Fault(_origin(file, pack, "classes"), key, Rule.CORE_WITHOUT_CLASS, {"core": core})


def _clocks_of(category: str, complexity: str) -> tuple[str, ...]:
    """Where a handling limit of its own may stand, as the engine looks for it."""
    return f"limit.resolve.{category}.{complexity}", f"limit.resolve.{category}", f"limit.resolve.any.{complexity}"


def _numbers(file: str, pack: Pack) -> Iterator[Fault]:
    """A ticket number is made of what there is, and of the serial, or two tickets of a day would share one."""
    rule = pack.find("number.form")
    if rule is None:
        return
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(str(rule.value)) if name is not None}
        str(rule.value).format(prefix="", year=2026, month=1, day=1, serial=1, **{"class": ""})
    except (ValueError, KeyError, IndexError, AttributeError):
        fields = set()
    # A serial that counts by the year needs no day beside it (HM20-3.2a).
    is_yearly = (series := pack.find("number.serial")) is not None and series.value == "year"
    needed = {"year", "serial"} if is_yearly else {"year", "month", "day", "serial"}
    if not needed <= fields <= NUMBER_FIELDS:
        offered = ", ".join(sorted(NUMBER_FIELDS))
        yield Fault(_origin(file, pack, "number.form"), "number.form", Rule.VALUE_UNKNOWN, {"value": str(rule.value), "offered": offered})


def _layers(file: str, pack: Pack) -> Iterator[Fault]:
    """No layer of the local ladder without somebody who acts on it; nobody is named for a layer that there is not."""
    known = pack.names("ladder.layers")
    for layer in known:
        acting = pack.find(f"ladder.with.{layer}")
        # A leader who acts on a layer is one whom the node has (DESIGN 5, smallest staffing).
        if acting is None or (acting.value == "leader" and staffing.fewest(pack, Role.LEADER) < 1):
            yield Fault(_origin(file, pack, "ladder.layers"), f"ladder.with.{layer}", Rule.LADDER_WITHOUT_ADDRESSEE, {"rung": layer})
    for key, rule in pack.rules.items():
        group, _, last = key.rpartition(".")
        if key == "ladder.entry" or group == "ladder.kind":
            layer = str(rule.value)
        elif group.startswith("ladder."):
            layer = last
        else:
            continue
        if layer not in known:
            yield Fault(_origin(file, pack, key), key, Rule.VALUE_UNKNOWN, {"value": layer, "offered": ", ".join(known)})


def _organisation(file: str, pack: Pack) -> Iterator[Fault]:
    """As many members as the document names (AS25-1.1a: five), each unit with a name, stewards among them."""
    members = pack.names("members.units")
    count = pack.find("members.count")
    if count is not None and count.value != len(members):
        facts = {"value": str(len(members)), "wanted": str(count.value)}
        yield Fault(_origin(file, pack, "members.units"), "members.units", Rule.MEMBER_COUNT, facts)
    stewards = [str(rule.value) for name, rule in pack.rules.items() if name.startswith("steward.")]
    for unit in dict.fromkeys([*members, *stewards]):
        if f"unit.{unit}.name" not in pack.rules:
            yield Fault(_origin(file, pack, "members.units"), f"unit.{unit}.name", Rule.UNIT_UNNAMED, {"unit": unit})


def _counts(file: str, pack: Pack) -> Iterator[Fault]:
    """
    What a document counts is there, by name or by placeholder (POLICY_PACKS 2 no. 36); and each member unit of a model with a
    centre and core departments has exactly one part in it (XS25-4.3.2.0b).
    """
    for key, listed in COUNTED.items():
        count, found = pack.find(key), pack.names(listed)
        if count is not None and count.value != len(found):
            yield Fault(_origin(file, pack, listed), listed, Rule.COUNT, {"value": str(len(found)), "wanted": str(count.value)})
    parts = (*pack.names("organisation.coordinators"), *pack.names("organisation.core"))
    members = pack.names("members.units")
    for unit in dict.fromkeys(parts and (*parts, *members)):
        if parts.count(unit) != 1 or unit not in members:
            yield Fault(_origin(file, pack, "organisation.core"), "organisation.core", Rule.ORGANISATION, {"unit": unit})


def _dates(file: str, pack: Pack) -> Iterator[Fault]:
    for key, rule in pack.rules.items():
        if key == "kpi.target_from" or key.startswith("milestone."):
            try:
                date.fromisoformat(str(rule.value))
            except ValueError:
                yield Fault(_origin(file, pack, key), key, Rule.DATE_FORM, {"value": str(rule.value)})


def _ladders(file: str, pack: Pack, line: tuple[PackFile, ...]) -> Iterator[Fault]:
    """Whoever decides last is a body bound at this level: a county's matter never goes to the city's government by inheritance."""
    levels = {one.id: one.level for one in line}
    for ladder in LADDERS:
        rung = pack.find(ladder)
        if rung is None or rung.value == "office":
            continue
        body = pack.find(f"bodies.{rung.value}")
        if body is None or levels[body.origin] != pack.level:
            yield Fault(file, f"bodies.{rung.value}", Rule.LADDER_WITHOUT_ADDRESSEE, {"rung": str(rung.value)})
    for measure in pack.names("urging.rungs"):
        if pack.find(f"urging.{measure}.to") is None:
            yield Fault(_origin(file, pack, "urging.rungs"), f"urging.{measure}.to", Rule.LADDER_WITHOUT_ADDRESSEE, {"rung": measure})


def _urging(file: str, pack: Pack) -> Iterator[Fault]:
    """Every step of the ladder of supervision is set off by something and addresses somebody; what is repeated has a wait."""
    blamed = _origin(file, pack, "urging.rungs")
    for measure in pack.names("urging.rungs"):
        for part in ("on", "form"):
            if f"urging.{measure}.{part}" not in pack.rules:
                yield Fault(blamed, f"urging.{measure}.{part}", Rule.KEY_REQUIRED)
        if f"urging.{measure}.to" not in pack.rules:
            yield Fault(blamed, f"urging.{measure}.to", Rule.LADDER_WITHOUT_ADDRESSEE, {"rung": measure})
    last = pack.names("urging.rungs")[-1:]
    if last and pack.number("urging.repeats_max") and not pack.has_limit(f"rung.{last[0]}"):
        yield Fault(blamed, f"limit.rung.{last[0]}", Rule.KEY_REQUIRED)


def _channels(file: str, pack: Pack) -> Iterator[Fault]:
    """A list of channels names channels that there are."""
    offered = pack.names("intake.channels")
    for key, rule in pack.rules.items():
        if key.startswith("channels.") or key in ("intake.time_required", "intake.note_required", "intake.assigner_required"):
            for code in rule.value if isinstance(rule.value, tuple) else ():
                if code not in offered and rule.origin != "default":
                    yield Fault(_origin(file, pack, key), key, Rule.VALUE_UNKNOWN, {"value": code, "offered": ", ".join(offered)})


def _origin(file: str, pack: Pack, key: str) -> str:
    """The file that gave the value: *file* itself for the pack's own."""
    rule = pack.rules.get(key)
    return file if rule is None or rule.origin == pack.id else f"{rule.origin}.toml"


def _shown(rule: PackRule) -> str:
    return limit_text(rule.value) if isinstance(rule.value, Limit) else str(rule.value)


def _renamed(fault: Fault, own: PackFile, file: str) -> Fault:
    return Fault(file, fault.key, fault.rule, fault.facts) if fault.file == f"{own.id}.toml" else fault
