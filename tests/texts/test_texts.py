"""The catalogues against each other and against the code: nothing said in one language only, nothing without a code."""

import ast
import dataclasses
import re
import string
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, get_args, get_type_hints

import pytest

from node.domain import registry
from node.domain import round as sampled_round
from node.domain.command import Command
from node.domain.dossier import Dossier
from node.domain.entry import Event, SubjectKind
from node.domain.events import EVENTS
from node.domain.organisation import Role
from node.domain.refusal import Code, Refusal
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.forming import Form
from node.domain.ticket.state import State, With
from node.domain.time import Unit
from node.packs.calendar_file import Rule as CalendarRule
from node.packs.fault import Rule as PackRule
from node.packs.file import effective_pack, finder, shipped
from node.packs.keys import KEYS, Kind
from node.texts.catalogue import LANGS, OFFERED, Lang, catalogue, explain, placeholders, remedy, sections, text, word
from tests.support.tree import ROOT

# Sections whose codes are those of an enumeration.
ENUMS: dict[str, type[Enum]] = {
    "state": State,
    "with_whom": With,
    "role": Role,
    "subject_kind": SubjectKind,
    "limit_unit": Unit,
    "limit": Unit,
    "pack_rule": PackRule,
    "calendar_rule": CalendarRule,
    "value_kind": Kind,
}

# Half-width marks that Chinese characters stand beside: what is typed, with the words in place of names.
TYPED_AS_IT_STANDS = {
    "cli.option.account-token.account": "li:department",
    "cli.option.as": "li:department",
    "cli.option.web": "127.0.0.1:8443",
    "coded.ADDRESS_MALFORMED.sentence": "127.0.0.1:7443",
}


# What people and the node itself may want; the abstract ones that others are made of have no name.
COMMANDS: list[Any] = [*DECISIONS, *registry.NodeCommand.__subclasses__(), *sampled_round.RoundCommand.__subclasses__()]


def events() -> dict[str, Any]:
    """Every kind of event by its name in entries."""
    return {name: kind for name, kind in EVENTS.items() if issubclass(kind, Event) and dataclasses.is_dataclass(kind)}


def _below(kind: Any) -> Iterator[Any]:
    """Every dataclass below *kind*."""
    for one in kind.__subclasses__():
        yield from _below(one)
        if dataclasses.is_dataclass(one):
            yield one


def _named_in(kind: Any) -> Iterator[str]:
    """The fields of a dataclass, and of those that its fields hold: a dossier's page shows both under the dossier's name."""
    for name, hint in get_type_hints(kind).items():
        if not name.startswith("_"):
            yield name
        for part in get_args(hint):
            if dataclasses.is_dataclass(part):
                yield from (field.name for field in dataclasses.fields(part))


def _keys(table: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in table.items():
        yield from _keys(value, f"{before}{name}.") if isinstance(value, dict) else [f"{before}{name}"]


def _shown(tree: ast.AST) -> Iterator[str]:
    """The keys of whatever a module of the command line says, and of the titles and heads of its tables, as far as they stand there."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or call.func.attr not in ("say", "table"):
            continue
        for place, given in enumerate(call.args):
            if isinstance(given, ast.Constant) and given.value:
                part = "" if call.func.attr == "say" else "column." if place else "title."
                yield f"cli.{part}{given.value}"


def codes(lang: Lang, section: str) -> set[str]:
    return {key.removeprefix(f"{section}.") for key in catalogue(lang) if key.startswith(f"{section}.")}


class TestLanguages:
    """Chinese and English say the same things."""

    def test_both_languages_have_the_same_codes(self):
        """A text that exists in one language only would be missing on somebody's page."""
        assert set() == set(catalogue("zh-CN")) ^ set(catalogue("en"))

    @pytest.mark.parametrize("lang", LANGS)
    def test_a_text_stands_once(self, lang: Lang):
        """Of two under one key the file that is read last would silently speak for both."""
        files = [item for item in resources.files("node.texts").iterdir() if f".{item.name}".endswith(f".{lang}.toml")]
        found = Counter(key for item in files for key in _keys(tomllib.loads(item.read_text("utf-8"))))

        assert [] == [key for key, times in found.items() if times > 1]

    def test_both_languages_ask_for_the_same_facts(self):
        """The names in braces are the same."""
        chinese, english = catalogue("zh-CN"), catalogue("en")

        assert {} == {key: (chinese[key], english[key]) for key in chinese if placeholders(chinese[key]) != placeholders(english[key])}

    @pytest.mark.parametrize("lang", LANGS)
    def test_no_text_is_empty_and_each_can_be_filled(self, lang: Lang):
        """Braces are closed, and each section that a fact is shown by exists."""
        for key, sentence in catalogue(lang).items():
            assert text(key, lang, **dict.fromkeys(placeholders(sentence), "x")).strip(), key

    @pytest.mark.parametrize("lang", LANGS)
    def test_a_section_named_behind_a_colon_exists(self, lang: Lang):
        """{wanted:state} needs a section [state]."""
        named = {spec for sentence in catalogue(lang).values() for spec in _specs(sentence)}

        assert {"moment"} == named - sections(lang), "and times are shown as people say them"

    def test_a_time_is_shown_in_beijing(self):
        """A fact is written down as a peer or a program can read it; people see their own clock."""
        for said, shown in (("2026-01-26T16:05:00+00:00", "2026-01-27 00:05"), ("2026-01-26", "2026-01-26"), ("—", "—")):
            assert shown in text("coded.CERTIFICATE_EXPIRED.sentence", valid_until=said)

    def test_chinese_is_punctuated_as_chinese(self):
        """GB/T 15834: a full-width mark beside a Chinese character, a fact or a Chinese bracket, and no blank beside the mark."""
        beside = "[\u4e00-\u9fff〇“”‘’《》【】「」（），；：？！。、]"
        faulty = re.compile(f"{beside} ?[,:;?!()]|[,:;?!()] ?{beside}|[，；：？！（）。、] | [，；：？！）。、]")
        written = {key: re.sub(r"\{\w+(:\w+)?\}", "〇", said) for key, said in catalogue("zh-CN").items()}

        assert TYPED_AS_IT_STANDS.keys() == {key for key, said in written.items() if faulty.search(said)}


# The sources name no such codes; a pack may (FEDERATION 2.5).
OF_NO_SHIPPED_PACK = frozenset({"escalation.return_reasons"})


class TestCodes:
    """Every code has its text, every text its code."""

    def test_every_refusal_has_a_sentence_and_a_remedy_and_there_are_no_others(self):
        """``Refusal`` carries no sentence: it stands here."""
        wanted = {f"{code.name}.{part}" for code in Code for part in ("sentence", "remedy")}

        assert wanted == codes("en", "refusal") == codes("zh-CN", "refusal")

    @pytest.mark.parametrize("section", sorted(ENUMS))
    def test_a_section_has_the_codes_of_its_enumeration(self, section: str):
        """A new state, role or rule brings its words."""
        assert {member.value for member in ENUMS[section]} == codes("en", section)

    @pytest.mark.parametrize("key", sorted(key for key in OFFERED if "." in key or key == "classes"))
    def test_whatever_a_shipped_pack_offers_has_a_word(self, key: str):
        """Nobody chooses from a list of bare codes."""
        rules = [
            rule
            for id in shipped()
            for name, rule in effective_pack(id, finder()).rules.items()
            if name == key or (key[-1] == "." and name.startswith(key))
        ]

        assert rules or key in OF_NO_SHIPPED_PACK
        assert set() == {code for rule in rules if isinstance(rule.value, tuple) for code in rule.value} - codes("en", OFFERED[key][1])

    def test_every_field_of_a_steward_and_every_group_of_channels_has_a_word(self):
        """These codes stand in the keys themselves."""
        names = [name for id in shipped() for name in effective_pack(id, finder()).rules]

        assert set() == {name.removeprefix("steward.") for name in names if name.startswith("steward.")} - codes("en", "field_of_service")
        assert set() == {name.removeprefix("channels.") for name in names if name.startswith("channels.")} - codes("en", "channel_group")

    def test_every_clock_has_a_name(self):
        """Each limit of the schema is a clock that pages speak of."""
        clocks = {row.pattern.split(".")[1] for row in KEYS if row.pattern.startswith("limit.")}

        assert set() == clocks - codes("en", "clock")

    def test_every_command_and_every_event_has_a_name(self):
        """Forms speak of commands, timelines of events."""
        assert set() == {command.__name__ for command in COMMANDS} - codes("en", "command")
        assert set() == set(events()) - codes("en", "event")

    def test_every_field_of_a_command_or_an_event_has_a_name(self):
        """Forms, refusals and timelines speak of them in words."""
        fields = {field.name for kind in (*COMMANDS, *events().values()) for field in dataclasses.fields(kind)}

        assert set() == fields - codes("en", "field")

    def test_every_label_belongs_to_a_field_of_its_command_or_event(self):
        """[label.Correct] names fields that a Correct has: a renamed field would leave a label that nobody shows."""
        owners = {command.__name__: command for command in (*_below(Command), *_below(Dossier))} | events()
        fields = {name: set(_named_in(owner)) for name, owner in owners.items()}
        labels = {tuple(key.split(".")[1:]) for key in catalogue("zh-CN") if key.startswith("label.")}

        assert set() == {(owner, field) for owner, field in labels if field not in fields.get(owner, ())}

    def test_every_choice_is_called_by_a_field_and_has_words(self):
        """“x” is not offered for “category”, never for “classes”."""
        assert set() == {field for field, _ in OFFERED.values()} - codes("en", "field")
        assert set() == {section for _, section in OFFERED.values()} - sections("en")

    def test_every_code_of_a_key_a_backup_or_an_invitation_has_a_sentence_and_a_remedy(self):
        """An operator reads them; a code alone tells him nothing."""
        raised = {
            code
            for room in ("node", "federation")
            for path in (ROOT / room).rglob("*.py")
            for code in _coded(ast.parse(path.read_text("utf-8")))
        }

        known = {key.split(".")[1] for key in catalogue("en") if key.startswith(("coded.", "refusal."))}
        assert raised
        assert set() == raised - known
        assert {"sentence", "remedy"} == {key.rpartition(".")[2] for key in catalogue("en") if key.startswith("coded.")}


class TestFacts:
    """What a sentence asks for is what the code passes."""

    @pytest.mark.parametrize("code", list(Code), ids=lambda code: code.name)
    def test_a_sentence_asks_only_for_facts_that_every_refusal_of_the_code_brings(self, code: Code):
        """Otherwise a person would read a dash."""
        passed = raised().get(code.name)
        if not passed:
            return
        asked = placeholders(catalogue("en")[f"refusal.{code.name}.sentence"]) | placeholders(
            catalogue("en")[f"refusal.{code.name}.remedy"]
        )

        assert {} == {place: asked - facts for place, facts in passed.items() if asked - facts}

    def test_a_coded_fact_is_shown_in_words(self):
        """By the section of the fact's own name, or by the one that the sentence names; several one by one."""
        refusal = Refusal(Code.WRONG_STATE, ticket="520402250000001", state=State.HANDLING, wanted=[State.FORMED, State.REGISTERED])

        assert (
            "Ticket 520402250000001 is “being handled” and cannot take this step.",
            "The step belongs to: formed, registered.  Open the ticket and choose from what can be done now.",
        ) == explain(refusal, "en")
        assert "此操作只适用于：已形成工单、已登记。请打开工单，从“现在可以办”中选择下一步。" == explain(refusal, "zh-CN")[1]

    def test_a_code_that_nobody_knows_is_shown_as_it_is_and_a_missing_fact_as_a_dash(self):
        """An older program reads a newer peer's refusal."""
        assert "Ticket — is “floating” and cannot take this step." == text(Code.WRONG_STATE, "en", state="floating")

    def test_a_fact_is_never_a_way_into_an_object(self):
        """Facts come from peers: a sentence takes their text, whatever it looks like."""
        assert "{node.__class__}有权办理此事项。" == text(Code.WITHIN_AUTHORITY, "zh-CN", node="{node.__class__}")

    def test_the_remedy_stands_beside_the_sentence(self):
        """What to do about it."""
        assert "可在本级办理，或说明超出权限的依据。" == remedy(Code.WITHIN_AUTHORITY, node="520400")

    def test_a_fact_may_be_called_key(self):
        """Refusals name the key of the pack that offers no such value."""
        refusal = Refusal(Code.VALUE_NOT_OFFERED, key="classes", value="inquiry", offered=("consultation", "complaint"))

        assert ("“inquiry”不在“类别”的可选范围内。", "请从以下各项中选择：consultation（咨询类）、complaint（投诉举报类）。") == explain(
            refusal
        )

    def test_whatever_a_verb_shows_has_its_words(self):
        """Titles and heads of tables are looked up when there is a row to show: without their words the verb fails only then."""
        wanted = {
            key for path in sorted((ROOT / "node" / "cli").glob("*.py")) for key in _shown(ast.parse(path.read_text(encoding="utf-8")))
        }
        assert {"cli.title.lanes", "cli.column.seq", "cli.lane.none"} <= wanted
        assert set() == wanted - set(catalogue("zh-CN"))

    def test_an_unknown_text_is_an_error_of_the_program(self):
        """A key is a constant of the code, never input."""
        with pytest.raises(LookupError):
            text("state.nowhere")

    def test_words_are_asked_one_by_one(self):
        """``word`` is what pages and tables use."""
        assert ("办理中", "being handled", "Form") == (word("state", State.HANDLING), word("state", "handling", "en"), Form.__name__)


@cache
def raised() -> dict[str, dict[str, set[str]]]:
    """Of every code the facts that are passed with it, by place, wherever node/ and federation/ refuse with it."""
    found: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for room in ("node", "federation"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for call in _refusals(ast.parse(path.read_text("utf-8"))):
                if any(keyword.arg is None for keyword in call.keywords):
                    continue  # **facts: passed on from somewhere else
                found[ast.unparse(call.args[0]).removeprefix("Code.")][f"{path.relative_to(ROOT)}:{call.lineno}"] = {
                    str(keyword.arg) for keyword in call.keywords
                }
    return found


def _refusals(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "Refusal"
            and node.args
            and ast.unparse(node.args[0]).startswith("Code.")
        ):
            yield node


def _coded(tree: ast.AST) -> set[str]:
    """Codes with which an error of a key ring, a backup, a certificate or an invitation is made."""
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("CodedError", "SealingError", "KeyRingError", "BackupError", "InvitationError", "IdentityError")
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def _specs(sentence: str) -> set[str]:
    return {spec for _, name, spec, _ in string.Formatter().parse(sentence) if name is not None and spec}
