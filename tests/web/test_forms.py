"""Forms from commands and commands from forms: every command for people can be shown, filled in and read back."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.domain.command import Command
from node.domain.payload import Contact, Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket.completion import Complete
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.forming import Form
from node.domain.ticket.plan import EnterStatutoryLimit
from node.packs.file import effective_pack, shipped
from node.services.command_codes import codes_of
from node.services.command_fields import CommandField, FieldKind, command_fields, commands
from node.texts.catalogue import LANGS, Lang
from node.web.forms import at_field, can_be_a_form, form_of, read_form, typed_of

PACK = effective_pack("xixiu-2025", shipped().get)
FORMS = {verb: command for verb, command in commands().items() if can_be_a_form(command)}

_lines = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), min_size=1, max_size=20)
_texts = st.lists(_lines, min_size=1, max_size=3).map("\n".join)
_days = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
_moments = _days.map(lambda one: one.replace(second=0, microsecond=0))


def _values(command: type[Command], field: CommandField) -> st.SearchStrategy[Any]:
    """What a person may put into *field*."""
    by_kind: dict[FieldKind, st.SearchStrategy[Any]] = {
        FieldKind.TEXT: _texts.map(Text),
        FieldKind.CONTACT: _lines.map(Contact),
        FieldKind.NUMBER: st.integers(-1000, 1_000_000),
        FieldKind.DAY: st.dates(date(2020, 1, 1), date(2030, 1, 1)),
        FieldKind.MOMENT: _moments,
        FieldKind.YES_NO: st.booleans(),
    }
    codes = codes_of(command, field.name, PACK)
    one = by_kind[field.kind] if field.kind in by_kind else st.sampled_from(codes) if codes else _lines
    if field.is_many:
        return st.lists(one, min_size=1 if field.is_required else 0, max_size=3).map(tuple)
    return one if field.is_required else st.one_of(st.just(field.default), one)


@st.composite
def filled(draw: st.DrawFn, command: type[Command]) -> Command:
    """A *command* as somebody may have filled it in."""
    given_values: dict[str, Any] = {field.name: draw(_values(command, field)) for field in command_fields(command)}
    made: Any = command
    return made(**given_values)  # type: ignore[no-any-return]


@pytest.mark.parametrize("lang", LANGS)
def test_what_must_be_given_is_called_in_the_refusal_as_above_its_field(lang: Lang) -> None:
    """Of every form that is sent empty: nobody looks for a field that no label names."""
    wrong = {}
    for verb, command in FORMS.items():
        form = form_of(command, {}, {}, PACK, lang, read_form(command, {}, lang).refused, is_fresh=False)
        called = {one.name: one.words for one in (*form.fields, *form.more) if one.refused and one.words not in one.refused[0]}
        wrong |= {f"{verb} {name}": words for name, words in called.items()}

    assert {} == wrong


class TestEveryCommand:
    """C24, issue 5 item 3: a form for every command that people may give."""

    def test_only_lists_of_records_are_no_forms(self) -> None:
        """They come from a file."""
        assert {"adopt-duty-list", "adopt-guide"} == set(commands()) - set(FORMS)

    @pytest.mark.parametrize("verb", sorted(FORMS))
    @settings(max_examples=8, deadline=None)
    @given(data=st.data())
    def test_what_is_typed_is_the_command_that_is_given(self, verb: str, data: st.DataObject) -> None:
        """Filled in and read back it is the same command, whatever was typed."""
        command = data.draw(filled(FORMS[verb]))

        read = read_form(type(command), typed_of(command), "zh-CN")

        assert ({}, command) == (read.refused, read.command)

    @pytest.mark.parametrize("lang", LANGS)
    def test_every_field_has_a_label_in_words(self, lang) -> None:
        """No field shows the name that programs call it by."""
        for command in FORMS.values():
            form = form_of(command, {}, {}, PACK, lang)
            for one in (*form.fields, *form.more):
                assert one.words and (lang == "en" or re.search("[\u4e00-\u9fff]", one.words)), (command.__name__, one.name)

    def test_nothing_that_must_be_given_hides_behind_more(self) -> None:
        """And what stands behind it opens by itself once something was typed there."""
        for command in FORMS.values():
            form = form_of(command, {}, {}, PACK, "zh-CN")
            assert [] == [one.name for one in form.more if one.is_required]
            assert not form.is_more_open
            if form.more:
                assert form_of(command, {form.more[0].name: ["x"]}, {}, PACK, "zh-CN").is_more_open


class TestReading:
    """What is wrong is said at its field; nothing is guessed."""

    def test_what_must_be_given_is_asked_for_at_its_field(self) -> None:
        """All of it at once, not one after the other."""
        read = read_form(Complete, {"standard": [""], "result": ["  "]}, "zh-CN")

        assert (None, {"standard", "result"}) == (read.command, set(read.refused))

    def test_what_is_no_number_is_refused_at_its_field(self) -> None:
        """With what to write instead."""
        read = read_form(EnterStatutoryLimit, {"count": ["fifteen"], "basis": ["第十条"]}, "zh-CN")

        assert {"count": ("这里要填整数。", "请只填数字，如 15。")} == read.refused

    def test_a_line_for_each_of_several(self) -> None:
        """Codes that nothing lists are typed one a line, as browsers send lines."""
        read = read_form(FORMS["ask-supplement"], {"items": ["photographs\r\n\r\ncopies"]}, "zh-CN")

        assert getattr(read.command, "items", None) == ("photographs", "copies")

    def test_a_refusal_stands_at_the_field_that_it_names(self) -> None:
        """By the field itself, or by the key of the pack that offers it."""
        by_name = at_field(Dispatch, Refusal(Code.FIELD_REQUIRED, field="lead"), "zh-CN")
        by_key = at_field(Form, Refusal(Code.VALUE_NOT_OFFERED, key="classes", value="x", offered=("coordination",)), "zh-CN")
        by_unit = at_field(Dispatch, Refusal(Code.UNIT_UNKNOWN, unit="520402-nowhere"), "zh-CN")

        assert ({"lead"}, {"category"}, {"lead"}) == (set(by_name), set(by_key), set(by_unit))
        assert {} == at_field(Dispatch, Refusal(Code.WRONG_STATE, ticket="x", state="handling", wanted=[]), "zh-CN")

    def test_a_choice_that_is_offered_no_more_stays_chosen(self) -> None:
        """Or what somebody typed would change by being shown again."""
        form = form_of(Form, {"category": ["former"]}, {}, PACK, "zh-CN", is_fresh=False)

        category = next(one for one in form.fields if one.name == "category")
        assert ("former", "former") == category.choices[-1]
