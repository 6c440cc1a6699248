"""The node itself on the command line: begin, staff, status, packs, calendars, subordinates, what goes wrong."""

import json
import shutil
import signal
import socket
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from node import app, config
from node.cli.console import EXIT_BUG, Parts
from node.cli.main import execute
from node.cli.status import state_of
from node.domain.time import BEIJING
from node.services.status import LinkLine
from node.storage.guard import Guard
from node.storage.journal import Position
from node.storage.keyring import KeyRing, parse_recovery_key
from tests.cli.given import MONDAY, Program

OWN_PACK = """
[pack]
id = "mine"
version = "1"
level = "county"
name = "x"
effective_from = 2026-01-01
parents = ["xixiu-2025"]
[limit]
sign = {{ value = "{sign}", default = "x" }}
"""

CLOSURE = """
[calendar]
layer = "local"
issuer = "520402"
version = "520402.1"
name = "凝冻"
document = "西府办发〔2026〕3号"
published_at = 2026-01-26
[[day]]
date = 2026-01-27
working = false
name = "凝冻停工"
"""


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program without a node."""
    for name in ("QYZJ_DATA", "QYZJ_AS", "QYZJ_LANG"):
        monkeypatch.delenv(name, raising=False)
    program = Program(tmp_path, capsys)
    program.at(MONDAY)
    return program


class TestInit:
    """A node begins with its first accounts and a recovery key that is shown once (USERS, walk g)."""

    def test_it_shows_the_recovery_key_once_and_keeps_it_nowhere(self, bare: Program):
        """What is printed is the key of this ring; no file of the node has it."""
        said = bare.init()

        key = said.json["recovery_key"]
        assert KeyRing.load(bare.data / "keys").is_recovery_key(parse_recovery_key(key))
        kept = b"".join(path.read_bytes() for path in bare.data.rglob("*") if path.is_file())
        assert key.encode() not in kept and key.replace("-", "").encode() not in kept

    def test_the_first_accounts_are_the_centre_and_three_administrators(self, bare: Program):
        """DESIGN 10: administrators that exclude one another."""
        said = bare.init()

        assert {"centre", "security", "audit", "operator"} == {one["account"] for one in said.json["accounts"]}
        assert {one["account"] for one in said.json["accounts"]} == {
            one["account"] for one in bare("account", "list", "--json").json["accounts"]
        }

    def test_a_second_node_in_the_same_directory_is_refused(self, bare: Program):
        """Nothing of the first is touched."""
        bare.init()
        before = KeyRing.load(bare.data / "keys")

        assert (2, "ALREADY_EXISTS") == ((said := bare.init()).code, said.complaint["refusal"]["code"])
        assert before == KeyRing.load(bare.data / "keys")

    @pytest.mark.parametrize(("former", "words"), [("520402", "qyzj link rejoin"), ("520400", "核对数据目录")])
    def test_the_guard_file_of_a_former_node_is_told_of(self, bare: Program, former: str, words: str):
        """Its own code: held at its first command, and how that ends is said now.  Another's: perhaps the wrong directory."""
        guard = bare.directory / "node.guard"
        Guard(guard).note(Position(former, 2, 4711, bytes(32)))
        before = guard.read_bytes()

        machine = bare.init()
        shutil.rmtree(bare.data)
        person = bare("init", "--node", "520402", "--name", "西秀区", "--pack", "xixiu-2025", "--rehearsal-clock", bare.clock)

        assert {"file": str(guard), "node": former, "epoch": 2, "size": 4711} == machine.json["former"]
        told = person.out.replace("\n", "")
        assert [] == [word for word in (str(guard), former, "第 2 纪元", "4711", words) if word not in told]
        assert before == guard.read_bytes()

    @pytest.mark.parametrize("left", [None, b"", b"no guard"])
    def test_without_a_guard_that_can_be_read_nothing_is_told(self, bare: Program, left: bytes | None):
        """A first node is not frightened."""
        if left is not None:
            (bare.directory / "node.guard").write_bytes(left)

        assert "former" not in bare.init().json

    @pytest.mark.parametrize(
        ("more", "code", "exit_code"),
        [
            (("--node", "52040", "--pack", "xixiu-2025"), "SETTING_REFUSED", 2),
            (("--node", "520402", "--pack", "nowhere"), "FAULTY_PACK", 2),
            (("--node", "520402", "--pack", "xixiu-2025", "--listen", "somewhere"), "SETTING_REFUSED", 2),
            (("--node", "520402", "--pack", "xixiu-2025", "--database", "mysql://x"), "SETTING_REFUSED", 2),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_left_behind(self, bare: Program, more: tuple[str, ...], code: str, exit_code: int):
        """So that the next try begins afresh."""
        said = bare("init", "--name", "西秀区", *more, "--json")

        assert (exit_code, code) == (said.code, said.complaint["refusal"]["code"])
        assert not bare.data.exists()

    def test_a_directory_without_a_node_says_so(self, bare: Program):
        """Not a traceback: the directory is named, and what to do; also where it is a file."""
        (bare.directory / "file").write_text("", encoding="utf-8")
        said = [bare("status", "--json", data=bare.directory / name) for name in ("nowhere", "file")]

        assert 2 * [(2, "NO_NODE_HERE")] == [(one.code, one.complaint["refusal"]["code"]) for one in said]
        assert str(bare.directory / "nowhere") in said[0].complaint["refusal"]["sentence"]
        assert "qyzj init" in said[0].complaint["refusal"]["remedy"]
        assert "NO_NODE_HERE" == bare("serve", "--json", data=bare.directory / "nowhere").complaint["refusal"]["code"]


class TestServe:
    """A node that cannot listen says where and why, and never that it runs."""

    @pytest.fixture(autouse=True)
    def _signals(self) -> Iterator[None]:
        former = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
        yield
        for name, handler in former.items():
            signal.signal(name, handler)

    @pytest.mark.parametrize("setting", ["listen", "web_listen"])
    def test_a_port_in_use_is_named_with_its_setting(self, bare: Program, setting: str):
        """The commonest fault of a second start: the node runs already, or another program has its port."""
        with socket.create_server(("127.0.0.1", 0)) as other:
            taken = f"127.0.0.1:{other.getsockname()[1]}"
            bare.init("--listen", taken if setting == "listen" else "127.0.0.1:0", *(["--web", taken] if setting == "web_listen" else []))

            said = bare("serve", "--json")

        refusal = json.loads(said.err.splitlines()[-1])["refusal"]
        assert (2, "ADDRESS_TAKEN") == (said.code, refusal["code"])
        assert '"pages"' not in said.out, "it says that it listens once it does"
        assert taken in refusal["sentence"] and setting in refusal["sentence"]


class TestStaff:
    """Units and accounts are the centre's, administrators the security administrator's (AS25-3.2.1a, DESIGN 10)."""

    def test_administrators_are_opened_by_the_security_administrator(self, qyzj: Program):
        """Without ``--as`` the right first account stands in; the centre may not."""
        refused = qyzj("account", "open", "zhou", "--role", "operator", "--as", "centre", "--json")

        assert "PERMISSION_DENIED" == refused.complaint["refusal"]["code"]
        assert 0 == qyzj("account", "open", "zhou", "--role", "operator").code

    def test_nobody_is_two_administrators(self, qyzj: Program):
        """DESIGN 10: they exclude one another."""
        said = qyzj("account", "open", "zhou", "--role", "operator", "--role", "audit_admin", "--json")

        assert "ROLES_EXCLUDE" == said.complaint["refusal"]["code"]

    def test_a_closed_account_acts_no_more(self, qyzj: Program):
        """And is still listed."""
        ticket = qyzj.handle()
        qyzj("account", "close", "li")

        assert (
            "UNAUTHENTICATED"
            == qyzj("ticket", "record-progress", ticket, "--as", "li", "--note", "x", "--json").complaint["refusal"]["code"]
        )
        assert [False] == [one["is_active"] for one in qyzj("account", "list", "--json").json["accounts"] if one["account"] == "li"]

    def test_a_closed_unit_takes_no_tickets(self, qyzj: Program):
        """By its short name."""
        qyzj("unit", "close", "housing")

        assert [False] == [one["is_active"] for one in qyzj("unit", "list", "--json").json["units"] if one["unit"] == "520402-housing"]


class TestStatus:
    """What an operator looks at first."""

    def test_it_tells_pack_calendar_and_what_is_due(self, qyzj: Program):
        """The forming clock is due on Tuesday and overdue on Wednesday, at the office."""
        qyzj.register()
        qyzj.at(MONDAY + timedelta(days=1))
        today = qyzj("status", "--json").json
        qyzj.at(MONDAY + timedelta(days=2))
        after = qyzj("status", "--json").json

        assert ("520402", "xixiu-2025", "2026.1", "2026-12-31") == (
            today["node"], today["packs"][0]["id"], today["calendar"], today["calendar_until"],
        )  # fmt: skip
        assert [{"unit": "office", "today": 1, "overdue": 0}] == today["due"]
        assert [{"unit": "office", "today": 0, "overdue": 1}] == after["due"]
        assert ({"registered": 1}, 0, 0) == (after["tickets"], after["quarantine"], after["incidents"])

    def test_it_says_in_time_that_the_calendar_ends(self, qyzj: Program):
        """A limit that reaches a year without an arrangement is a guess: whoever runs the node adopts the next in time."""
        said = []
        for day in (datetime(2026, 11, 20, tzinfo=BEIJING), datetime(2026, 12, 15, tzinfo=BEIJING), datetime(2029, 3, 1, tzinfo=BEIJING)):
            qyzj.at(day)
            said.append((qyzj("status", "--json").json["is_calendar_ending"], "qyzj calendar adopt" in qyzj("status").out))
        assert [(False, False), (True, True), (True, True)] == said

    @pytest.mark.parametrize(
        ("status", "heard", "is_silent", "state"),
        [
            ("active", True, False, "connected"),
            ("active", True, True, "silent"),
            ("active", False, True, "never_heard"),
            ("forked", True, False, "forked"),
            ("suspended", True, True, "suspended"),
        ],
    )
    def test_a_link_is_said_in_one_word(self, status: str, heard: bool, is_silent: bool, state: str):
        """What its status says unless it is active, then whether the peer is heard."""
        link = LinkLine("520400", "superior", "", "", status, 0, 0, MONDAY if heard else None, is_silent, None, 0, "", "", 0)

        assert state == state_of(link)

    def test_the_last_word_on_an_option_is_what_stands_behind_the_verb(self, qyzj: Program, monkeypatch: pytest.MonkeyPatch):
        """Environment, then before the verb, then behind it."""
        monkeypatch.setenv("QYZJ_LANG", "en")

        assert "Node 520402" in qyzj("status").out
        assert "节点 520402" in qyzj("--lang", "zh-CN", "status").out
        assert "节点 520402" in qyzj("status", "--lang", "zh-CN").out


class TestPacksAndCalendars:
    """Checked before they are adopted."""

    def test_every_shipped_pack_is_sound(self, qyzj: Program):
        """Listed with its level, checked by its id."""
        packs = [one["id"] for one in qyzj("pack", "list", "--json").json["packs"]]

        assert "anshun-2025" in packs and "xixiu-2025" in packs
        assert {0} == {qyzj("pack", "check", "xixiu-2025").code, qyzj("pack", "check", "guanling-2025").code}

    def test_a_faulty_pack_is_refused_by_file_key_and_rule(self, qyzj: Program, tmp_path: Path):
        """And is not adopted."""
        file = tmp_path / "mine.toml"
        file.write_text(OWN_PACK.format(sign="2 moons"), encoding="utf-8")

        faults = [qyzj("pack", verb, file, "--json").complaint["refusal"]["faults"][0] for verb in ("check", "adopt")]

        assert 2 * [("mine.toml", "limit.sign", "limit_form")] == [(fault["file"], fault["key"], fault["rule"]) for fault in faults]
        assert ["xixiu-2025"] == [one["id"] for one in qyzj("status", "--json").json["packs"]]

    def test_a_node_keeps_its_own_pack_in_its_data_directory(self, qyzj: Program, tmp_path: Path):
        """USERS B20: an upgrade of the program does not overwrite it; every key says whose it is."""
        file = tmp_path / "mine.toml"
        file.write_text(OWN_PACK.format(sign="1 workday"), encoding="utf-8")

        said = qyzj("pack", "adopt", file, "--json")

        assert (0, ["PackAdopted"]) == (said.code, [entry["kind"] for entry in said.json["entries"]])
        assert file.read_text("utf-8") == (qyzj.data / "packs" / "mine.toml").read_text("utf-8")
        rules = qyzj("pack", "show", "mine", "--json").json["rules"]
        assert {"value": "1 workday", "clause": "default", "origin": "mine"} == rules["limit.sign"]

    def test_february_2026_has_its_make_up_days(self, qyzj: Program):
        """State Council: 02-14 and 02-28 are working days, 02-16 to 02-20 and 02-23 are not."""
        days = {one["day"]: one["why"] for one in qyzj("calendar", "show", "2026-02", "--json").json["days"]}

        assert (28, "make_up_workday", "make_up_workday", "holiday", "holiday") == (
            len(days), days["2026-02-14"], days["2026-02-28"], days["2026-02-16"], days["2026-02-23"],
        )  # fmt: skip

    def test_a_closure_moves_what_is_counted(self, qyzj: Program, tmp_path: Path):
        """A local calendar that is adopted governs from then on."""
        file = tmp_path / "snow.toml"
        file.write_text(CLOSURE, encoding="utf-8")
        assert 0 == qyzj("calendar", "check", file).code

        adopted = qyzj("calendar", "adopt", file, "--json")

        assert (0, "2026.1+520402.1") == (adopted.code, qyzj("calendar", "show", "--json").json["version"])
        ticket = qyzj.register()
        assert "2026-01-28T16:00:00+00:00" == qyzj("ticket", "show", ticket, "--json").json["clocks"][0]["due_at"]


class TestTree:
    """Subordinates."""

    def test_an_invitation_is_a_private_file_for_one_node(self, qyzj: Program, tmp_path: Path):
        """It holds a key, so only its owner may read it; it is never written over another."""
        out = tmp_path / "invitation.json"

        said = qyzj("invite", "520402-kfq", "--name", "开发区", "--out", out, "--address", "127.0.0.1:7443", "--json")

        assert (0, "520402-kfq") == (said.code, said.json["node"])
        assert 0o600 == stat.S_IMODE(out.stat().st_mode)
        assert 64 == qyzj("invite", "520402-kfq", "--name", "开发区", "--out", out).code

    @pytest.mark.parametrize("verb", ["invite", "backup"])
    def test_a_file_that_cannot_be_written_is_wrong_usage(self, qyzj: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str):
        """Found out before anything is journaled: no directory, or one where nobody may write."""
        phrase = tmp_path / "phrase"
        phrase.write_text("correct horse battery staple", encoding="utf-8")
        size = qyzj("status", "--json").json["size"]

        def to(file: Path) -> int:
            if verb == "invite":
                return qyzj("invite", "520402-kfq", "--name", "开发区", "--out", file).code
            return qyzj("backup", file, "--pass-phrase-file", phrase).code

        without = to(tmp_path / "nowhere" / "file")
        monkeypatch.setattr("os.access", lambda *_: False)
        closed = to(tmp_path / "file")

        assert (64, 64, size) == (without, closed, qyzj("status", "--json").json["size"])
        assert not (tmp_path / "file").exists()

    def test_the_wrong_invitation_is_refused_in_words(self, qyzj: Program, tmp_path: Path):
        """For another node, or no invitation at all: what it is and what to do, no code alone."""
        out = tmp_path / "invitation"
        qyzj("invite", "520402-kfq", "--name", "开发区", "--out", out, "--address", "127.0.0.1:7443")
        (tmp_path / "letter").write_text("您好", encoding="utf-8")

        said = [qyzj("join", file, "--json").complaint["refusal"] for file in (out, tmp_path / "letter")]

        assert ["INVITATION_OTHER_NODE", "INVITATION_FOREIGN"] == [one["code"] for one in said]
        assert "这份邀请发给节点“520402-kfq”，本节点是“520402”" == said[0]["sentence"]
        assert all(one["remedy"] for one in said)

    def test_a_node_that_nobody_knows_cannot_be_suspended(self, qyzj: Program):
        """And every change of a node has a reason."""
        assert "NODE_UNKNOWN" == qyzj("node", "suspend", "520424", "--reason", "x", "--json").complaint["refusal"]["code"]
        assert 64 == qyzj("node", "revoke", "520424").code


class TestBugs:
    """What nobody foresaw."""

    def test_a_bug_is_70_and_shows_no_traceback(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
        """Nothing of what somebody typed stands in the log line; with ``--debug`` the whole error comes."""

        def broken(*_: object, **__: object) -> app.Node:
            raise RuntimeError("王五 13912345678")

        parts = Parts(broken, app.create, app.set_rehearsal_clock, app.serve)
        (tmp_path / config.FILE).write_text("", encoding="utf-8")

        assert EXIT_BUG == execute(["--data", str(tmp_path), "status", "--json"], parts)
        out, err = capsys.readouterr()
        assert {"bug"} == json.loads(err.splitlines()[-1]).keys()
        assert "王五" not in out + err and "Traceback" not in out + err
        with pytest.raises(RuntimeError):
            execute(["--data", str(tmp_path), "--debug", "status"], parts)


class TestStaffing:
    """Who sits in the joint mechanism, and whose word was found untrue."""

    def test_a_node_without_members_says_whom_it_lacks(self, qyzj: Program):
        """AS25-1.1c, 1.2c: every member unit is named, for its member and for its specialist; exit code 1."""
        qyzj.init()

        said = qyzj("unit", "check", "--json")

        assert (1, 10, []) == (said.code, len(said.json["gaps"]), said.json["members"])
        assert 1 == qyzj("unit", "check").code

    def test_a_department_whose_word_held_has_a_clean_record(self, qyzj: Program):
        """AS25-3.6.5b: nothing was found against it."""
        qyzj.init()

        assert {"untrue": []} == qyzj("unit", "record", "housing", "--json").json
