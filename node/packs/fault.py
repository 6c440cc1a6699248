"""What is wrong with a pack: each fault names file, key and rule; its sentence stands in the text catalogues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, unique

from node.texts.catalogue import Lang, text


@unique
class Rule(Enum):
    """What a pack must keep; the value is the code of its sentence (section ``pack_rule``)."""

    # The file itself.
    TOML = "toml"
    HEADER_REQUIRED = "header_required"
    HEADER_UNKNOWN = "header_unknown"
    HEADER_TYPE = "header_type"
    EFFECTIVE_FROM_REQUIRED = "effective_from_required"
    LEAF_FORM = "leaf_form"
    KEY_TWICE = "key_twice"
    LIMIT_FORM = "limit_form"
    SOURCE_REQUIRED = "source_required"
    SOURCE_TWICE = "source_twice"
    DEFAULT_REASON = "default_reason"
    # Its line of parents.
    PACK_UNKNOWN = "pack_unknown"
    PARENT_UNKNOWN = "parent_unknown"
    PARENT_CYCLE = "parent_cycle"
    ID_DIFFERS = "id_differs"
    # Its rules, one by one.
    CLAUSE_UNKNOWN = "clause_unknown"
    KEY_UNKNOWN = "key_unknown"
    LIMIT_WITHOUT_CLOCK = "limit_without_clock"
    TYPE = "type"
    RANGE = "range"
    REPEATED = "repeated"
    VALUE_UNKNOWN = "value_unknown"
    UNDERCUTS_PARENT = "undercuts_parent"
    # What must hold of the whole.
    KEY_REQUIRED = "key_required"
    CLASS_WITHOUT_CLOCK = "class_without_clock"
    CLASS_WITHOUT_COMPLEXITY = "class_without_complexity"
    CLASS_WITHOUT_CORE = "class_without_core"
    CORE_WITHOUT_CLASS = "core_without_class"
    STATE_WITHOUT_EXIT = "state_without_exit"
    LADDER_WITHOUT_ADDRESSEE = "ladder_without_addressee"
    MEMBER_COUNT = "member_count"
    UNIT_UNNAMED = "unit_unnamed"
    DECISION_WITHOUT_PERSON = "decision_without_person"
    COUNT = "count"
    ORGANISATION = "organisation"
    DATE_FORM = "date_form"
    GROUP_WITHOUT_PARENT = "group_without_parent"
    BLOCK_WITHOUT_GROUP = "block_without_group"


@dataclass(frozen=True)
class Fault:
    """One *rule* that *file* breaks at *key*, e.g. "limit.sign"; *key* is empty for the whole file.  *facts* fill the sentence."""

    file: str
    key: str
    rule: Rule
    facts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.sentence("en")

    def sentence(self, lang: Lang = "zh-CN") -> str:
        """File, key, code of the rule and what it wants, in one line."""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.rule.value}: {text(f'pack_rule.{self.rule.value}', lang, **self.facts)}"


class FaultyPack(ValueError):
    """A pack that cannot be used; ``faults`` holds all that is wrong with it, one or more."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.file}: {fault.key}: {fault.rule.value}" for fault in faults))
        self.faults = tuple(faults)
