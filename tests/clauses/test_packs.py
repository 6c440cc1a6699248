"""What holds of packs themselves: since when, for whom, and who may interpret them."""

from datetime import date
from pathlib import Path

import pytest

from node.cli.packs import adoption
from node.domain import registry as g
from node.domain.interpretation import PublishInterpretation
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket.intake import Register
from node.domain.time import Limit, Unit
from node.packs.file import effective_pack, finder
from node.packs.linter import check
from node.services.acting import act
from node.services.interpretations import published_notes
from tests.clauses.given import a_county, beijing, formed, refuses, the
from tests.support.node import Hands, make_node

FENGJIE = "500236"
NOTE = Text("“当场答复”包括电话当场答复")


def fengjie(directory: Path, at: str, pack: str = "fengjie-2025") -> Hands:
    """奉节县 at that moment, with one department."""
    made = make_node(directory, FENGJIE, pack, now=beijing(at))
    made.staff("housing")
    return made


def registered(hands: Hands) -> str:
    """A need that the promotion centre took in by phone or at its window."""
    with hands.node.store.read() as view:
        channels = hands.node.policies.of_node(view, hands.now).pack.names("intake.channels")
    channel = next(one for one in ("promotion_centre", "private_economy_line") if one in channels)
    command = Register(
        channel,
        Text("厂房门口道路施工"),
        name=Contact("王某"),
        phone=Contact("13800001234"),
        received_at=hands.now,
        category="infrastructure" if channel == "promotion_centre" else "general",
        desk="window_1",
    )
    return hands.act("window_clerk", command).subject.id


class TestInForce:
    """A pack governs from its day on, and a ticket keeps the one under which its custody term began."""

    @pytest.mark.clause("FJ25-6.15")
    def test_fengjies_mechanism_governs_from_the_day_of_its_issue(self, tmp_path: Path):
        """FJ25-6.15: registered on 18 May 2025 a need is not under fengjie-2025, on the 19th it is; it has no end."""
        county = fengjie(tmp_path, "2025-05-18 10:00", "fengjie-2023")
        act(county.node, "centre", adoption(county.node, "fengjie-2025"))
        before = registered(county)
        county.at(beijing("2025-05-19 10:00"))

        after = registered(county)

        assert ("fengjie-2023", "fengjie-2025") == tuple(the(county, one).pack.partition("@")[0] for one in (before, after))
        assert date(2025, 5, 19) == effective_pack("fengjie-2025", finder()).effective_from
        assert "fengjie-2025" == the(county.at(beijing("2035-05-19 10:00")), after).pack.partition("@")[0]

    def test_a_ticket_keeps_its_pack_across_a_change_in_the_midst_of_its_life(self, tmp_path: Path):
        """DESIGN 13: begun under 3 days it stays there, whatever is put into force before it is dispatched."""
        county = fengjie(tmp_path, "2025-05-16 10:00", "fengjie-2023")
        ticket = registered(county)
        act(county.node, "centre", adoption(county.node, "fengjie-2025"))
        county.at(beijing("2025-05-20 10:00"))

        with county.node.store.read() as view:
            kept = county.node.policies.for_ticket(view, the(county, ticket), county.now).pack
            fresh = county.node.policies.for_ticket(view, None, county.now).pack

        assert ("fengjie-2023", "fengjie-2025") == (kept.id, fresh.id)
        assert Limit(3, Unit.DAY) == kept.limit("resolve.any.general")


class TestLadderOf2023:
    """POLICY_PACKS 2 no. 35: what 2023 practised can be switched on in 2025, and is off unless a node's pack says so."""

    SWITCHED_ON = (
        '[pack]\nid = "own-2026"\nversion = "1"\nlevel = "county"\nname = "奉节"\neffective_from = 2026-01-01\n'
        'parents = ["fengjie-2023-ladder", "fengjie-2025"]\n'
    )

    def test_it_is_off_in_2025_and_on_where_a_pack_names_it(self):
        """Two hours to collect, 24 hours to talk, a report a week, and first remind, then urge, then warn."""
        both = {"own-2026": self.SWITCHED_ON}
        off = effective_pack("fengjie-2025", finder())
        on = effective_pack("own-2026", lambda id: both.get(id) or finder()(id))

        assert (Limit(0, Unit.DAY), False) == (off.limit("register"), off.has_limit("contact"))
        assert (Limit(2, Unit.HOUR), Limit(24, Unit.HOUR)) == (on.limit("register"), on.limit("contact"))
        assert ("remind", "urge", "warn") == on.names("urging.rungs")
        assert () == check("own-2026.toml", self.SWITCHED_ON)
        assert "remind" not in off.names("urging.rungs")

    def test_everything_else_is_as_in_2025(self):
        """Classes, limits, closing conditions: the ladder brings nothing but itself."""
        both = {"own-2026": self.SWITCHED_ON}
        off, on = effective_pack("fengjie-2025", finder()), effective_pack("own-2026", lambda id: both.get(id) or finder()(id))

        changed = {
            key.split(".")[0] for key in {*on.rules, *off.rules} if key not in off.rules or off.rules[key].value != on.rules[key].value
        }
        assert changed <= {"limit", "urging", "contact", "milestones"}
        assert off.names("classes") == on.names("classes")


class TestInterpreter:
    """FJ25-6.16: the promotion centre interprets the mechanism; nobody else publishes a note or a version."""

    @pytest.mark.clause("FJ25-6.16")
    def test_the_promotion_centre_publishes_a_note_and_a_department_does_not(self, tmp_path: Path):
        """Kept with its author and its words; an administrator may stand in, with a reason that is logged."""
        county = fengjie(tmp_path, "2025-06-03 10:00")

        act(county.node, "centre", PublishInterpretation("FJ25-3.7.1a", NOTE))
        with refuses(Code.PERMISSION_DENIED, role="department"):
            act(county.node, "d-housing", PublishInterpretation("FJ25-3.7.1a", NOTE))
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            act(county.node, "operator", PublishInterpretation("FJ25-3.9.1", NOTE))
        with refuses(Code.MALFORMED_COMMAND, field="clause"):
            act(county.node, "centre", PublishInterpretation("第九条 王某的诉求", NOTE))
        act(county.node, "operator", PublishInterpretation("FJ25-3.9.1", NOTE, Text("中心无人值守")))

        with county.node.store.read() as view:
            found = published_notes(view)
        assert [("operator", "FJ25-3.9.1", NOTE.plain, "中心无人值守"), ("centre", "FJ25-3.7.1a", NOTE.plain, "")] == [
            (one.account, one.clause, one.note, one.reason) for one in found
        ]
        assert {"fengjie-2025"} == {one.pack.partition("@")[0] for one in found}

    @pytest.mark.clause("FJ25-6.16")
    def test_nobody_else_puts_a_new_version_into_force(self, tmp_path: Path):
        """The centre does; a department, and the office of another unit, do not; an administrator says why."""
        county = fengjie(tmp_path, "2025-06-03 10:00")
        county.act("office", g.OpenUnit("branch", "分中心", "office"), FENGJIE)
        county.act("office", g.OpenAccount("branch", ("office",), f"{FENGJIE}-branch"), FENGJIE)
        version = adoption(county.node, "fengjie-2023")

        for account in ("d-housing", "branch"):
            with refuses(Code.PERMISSION_DENIED, command="AdoptPack"):
                act(county.node, account, version)
        with refuses(Code.FIELD_REQUIRED, field="reason"):
            act(county.node, "operator", version)

        assert [] != list(act(county.node, "operator", adoption(county.node, "fengjie-2023", "中心无人值守")).entries)
        assert [] != list(act(county.node, "centre", adoption(county.node, "xixiu-2025")).entries)

    def test_where_no_unit_is_named_the_office_interprets(self, tmp_path: Path):
        """AS25 names nobody: whoever runs the hub says how its rules are read."""
        county = a_county(tmp_path)

        act(county.node, "centre", PublishInterpretation("AS25-4.3.1a", NOTE))
        with refuses(Code.PERMISSION_DENIED, role="department"):
            act(county.node, "d-housing", PublishInterpretation("AS25-4.3.1a", NOTE))

        assert formed(county)
