"""Commands as what people fill in: every one has a verb of its own, every field a kind, every code a word."""

from datetime import UTC, date, datetime

import pytest

from node.domain.command import Command
from node.domain.payload import Text
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.escalation import RequestEscalation
from node.domain.ticket.forming import Form
from node.domain.ticket.intake import Register
from node.domain.ticket.plan import EnterStatutoryLimit
from node.packs.file import effective_pack, shipped
from node.services import command_fields as c
from node.services.command_codes import codes_of
from node.services.command_fields import FieldKind
from node.texts.catalogue import catalogue

AT_THE_MACHINE = {"invite-node", "grant-epoch", "adopt-pack", "adopt-calendar"}
XIXIU = effective_pack("xixiu-2025", shipped().get)


def _field(command: type[Command], name: str) -> c.CommandField:
    return next(one for one in c.command_fields(command) if one.name == name)


class TestCommands:
    """What the node gives to itself alone is none of them."""

    def test_every_command_has_a_verb_of_its_own(self) -> None:
        """The verb is the address of its form and of its endpoint, whatever it is about."""
        found = c.commands()

        assert {"request-escalation": RequestEscalation, "dispatch": Dispatch}.items() <= found.items()
        assert {command for command in DECISIONS if c.is_for_people(command)} <= set(found.values())
        assert all(verb == c.verb_of(command) for verb, command in found.items())

    def test_no_two_commands_share_a_verb(self) -> None:
        """Else one of them could not be reached; a table that is read later would hide it."""
        every = [one for one in _every(Command) if c.is_for_people(one) and "__dataclass_fields__" in vars(one)]
        every = [one for one in every if one.__module__.startswith("node.domain")]

        assert len(every) == len({c.verb_of(one) for one in every}) == len(c.commands()) + len(AT_THE_MACHINE)


def _every(base: type[Command]) -> list[type[Command]]:
    return [one for child in base.__subclasses__() for one in (child, *_every(child))]


class TestFields:
    """A field's kind follows from its type and its name."""

    @pytest.mark.parametrize(
        ("command", "name", "kind", "section"),
        [
            (Register, "appeal", FieldKind.TEXT, ""),
            (Register, "phone", FieldKind.CONTACT, ""),
            (Register, "channel", FieldKind.CODE, "channel"),
            (Register, "same_call", FieldKind.TICKET, ""),
            (Register, "enterprise", FieldKind.ENTERPRISE, ""),
            (Register, "received_at", FieldKind.MOMENT, ""),
            (Dispatch, "lead", FieldKind.UNIT, ""),
            (Dispatch, "tracker", FieldKind.ACCOUNT, ""),
            (Dispatch, "due_on", FieldKind.DAY, ""),
            (Form, "evidence", FieldKind.FILE, ""),
            (EnterStatutoryLimit, "unit", FieldKind.CODE, "limit_unit"),
            (EnterStatutoryLimit, "count", FieldKind.NUMBER, ""),
        ],
    )
    def test_a_field_is_asked_for_by_what_it_holds(self, command, name, kind, section) -> None:
        """A unit by its name, a code by its word, a time in Beijing's."""
        found = _field(command, name)

        assert (kind, section) == (found.kind, found.section)

    def test_every_section_of_codes_has_words(self) -> None:
        """A list of codes without words would show nothing to choose from."""
        words = catalogue("zh-CN")
        for command in c.commands().values():
            for field in c.command_fields(command):
                if field.section:
                    assert any(key.startswith(f"{field.section}.") for key in words), (command, field.name)

    def test_a_choice_is_what_the_pack_in_force_offers(self) -> None:
        """西秀 forms by four classes; without a pack every word of the section is one."""
        offered = codes_of(Form, "category", XIXIU)

        assert XIXIU.names("classes") == offered
        assert set(offered) < set(codes_of(Form, "category"))


class TestValues:
    """What was typed becomes the field's value, or says what was wanted."""

    @pytest.mark.parametrize(
        ("command", "name", "typed", "value"),
        [
            (Register, "appeal", [" 停车难 "], Text("停车难")),
            (Register, "title", ["  "], None),
            (Register, "crossing", ["cross_level", ""], ("cross_level",)),
            (Register, "is_read_back", ["yes"], True),
            (Register, "received_at", ["2026-01-26T09:00"], datetime(2026, 1, 26, 1, tzinfo=UTC)),
            (Dispatch, "due_on", ["2026-02-13"], date(2026, 2, 13)),
            (EnterStatutoryLimit, "count", ["15"], 15),
        ],
    )
    def test_typed_text_is_read_by_the_kind_of_its_field(self, command, name, typed, value) -> None:
        """Blanks around it are not part of it; nothing typed is the default."""
        assert value == c.value_of(_field(command, name), typed)

    @pytest.mark.parametrize(
        ("command", "name", "typed", "wanted"),
        [
            (Register, "received_at", "yesterday", "moment"),
            (Dispatch, "due_on", "13.2.", "day"),
            (EnterStatutoryLimit, "count", "1.5", "number"),
            (Register, "is_read_back", "perhaps", "yes_no"),
        ],
    )
    def test_what_is_not_of_the_kind_says_what_is_wanted(self, command, name, typed, wanted) -> None:
        """So that the form can say it at the field."""
        with pytest.raises(c.Unreadable) as refused:
            c.value_of(_field(command, name), [typed])

        assert (wanted, typed) == (refused.value.wanted, refused.value.value)
