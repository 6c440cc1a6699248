"""``qyzj ticket``: from the call to the page, refusals, repeats, conflicts, and how a number is said."""

import dataclasses
import typing
from datetime import timedelta
from pathlib import Path

import pytest

from node.cli.command_line import OCCURRED_AT, RESERVED
from node.cli.tickets import commands
from node.domain.organisation import Role
from node.domain.ticket.decide import DECISIONS
from node.domain.ticket.dispatching import Dispatch
from node.domain.ticket.escalation import RequestEscalation
from node.services.command_fields import fields_of, is_for_people, verb_of
from node.texts.catalogue import word
from tests.cli.given import APPEAL, MONDAY, PASSED, PHONE, PHOTO, Program


class TestVerbs:
    """Verbs are made from the commands of the domain."""

    def test_a_verb_is_the_command_in_small_letters(self):
        """RequestEscalation is "request-escalation"."""
        assert ("request-escalation", "dispatch") == (verb_of(RequestEscalation), verb_of(Dispatch))

    def test_every_command_that_a_person_may_give_is_a_verb_of_its_own(self):
        """What only the node gives to itself is none."""
        offered = commands()

        assert {command for command in DECISIONS if command.roles != {Role.NODE}} == set(offered)
        assert len(offered) == len({verb_of(command) for command in offered})
        assert set() == {verb_of(command) for command in offered} & {"list", "show", "clock", "open", "attach"}

    def test_no_field_of_a_command_takes_the_name_of_an_option_that_every_verb_has(self):
        """A command may have ``occurred_at``; the option then fills both."""
        for command in commands():
            assert set() == set(fields_of(command)) & {*RESERVED, "id", "data", "as", "lang", "json", "debug"}, command

    def test_every_field_can_be_typed(self):
        """One option a field, of a kind that the command line reads."""
        for command in commands():
            for kind, _ in fields_of(command).values():
                assert typing.get_origin(kind) in (None, tuple) and not dataclasses.is_dataclass(typing.get_origin(kind)), command

    def test_every_verb_explains_itself(self, qyzj: Program):
        """With the name of the command and of its fields, in Chinese."""
        for command in commands():
            said = qyzj("ticket", verb_of(command), "--help")

            assert (0, "") == (said.code, said.err), verb_of(command)
            assert (OCCURRED_AT.replace("_", "-") in said.out) and is_for_people(command)


class TestLife:
    """From the call to the page."""

    def test_a_call_gets_its_number_at_once(self, qyzj: Program):
        """Twenty digits, and what is said on the telephone (USERS C23)."""
        said = qyzj(
            "ticket", "register", "--as", "centre", "--channel", "hotline_12345", "--appeal", APPEAL, "--name", "王五", "--phone", PHONE,
            "--received-at", "2026-01-26T08:50", "--json",
        )  # fmt: skip

        ticket = said.json["ticket"]
        assert ("52040220260126000010", "0126-1-0", "registered", 1) == (ticket["id"], ticket["spoken"], ticket["state"], ticket["version"])
        assert (["Registered"], False) == ([entry["kind"] for entry in said.json["entries"]], said.json["is_repeat"])

    def test_what_people_read_is_chinese_unless_they_ask_for_english(self, qyzj: Program):
        """State, who must act, and by when."""
        ticket = qyzj.register()

        chinese, english = qyzj("ticket", "show", ticket), qyzj("ticket", "show", ticket, "--lang", "en")

        assert "状态：已登记" in chinese.out and "2026-01-27 24:00 到期" in chinese.out
        assert "State: registered" in english.out

    def test_the_page_has_custody_clocks_and_timeline(self, qyzj: Program):
        """Texts are opened where the ticket is held; a contact is not, without an opening."""
        ticket = qyzj.handle()

        said = qyzj("ticket", "show", ticket, "--json")

        page = said.json
        assert ["Registered", "Formed", "Dispatched", "Signed"] == [entry["kind"] for entry in page["timeline"]]
        assert {"appeal": APPEAL} == page["timeline"][0]["texts"]
        assert ["name", "phone"] == page["timeline"][0]["contacts"]
        assert PHONE not in said.out
        running = [clock for clock in page["clocks"] if clock["due_at"]]
        assert [("resolve", "520402-housing", 10, "2026-02-09T16:00:00+00:00")] == [
            (clock["name"], clock["owes"], clock["left"], clock["due_at"]) for clock in running
        ]

    def test_an_opening_shows_the_phone_and_is_journaled(self, qyzj: Program):
        """One entry a person, ticket and day for contacts (DESIGN 13)."""
        ticket = qyzj.handle()
        before = qyzj("status", "--json").json["size"]

        said = qyzj("ticket", "open", ticket, "--purpose", "handling", "--as", "li", "--json")

        assert PHONE == said.json["opened"]["phone"]
        assert before + 1 == qyzj("status", "--json").json["size"]

    def test_brackets_that_people_write_are_words(self, qyzj: Program):
        """Nothing that is typed is taken for markup."""
        ticket = qyzj.register("--title", "[bold]急[/bold] [/]")

        assert "[bold]急[/bold] [/]" in qyzj("ticket", "show", ticket).out

    def test_words_may_come_from_a_file(self, qyzj: Program, tmp_path: Path):
        """So that they stand in no shell history."""
        (tmp_path / "appeal.txt").write_text("果农灌溉用水不足\n", encoding="utf-8")
        ticket = qyzj.register("--title", f"@{tmp_path / 'appeal.txt'}")

        assert "果农灌溉用水不足" == qyzj("ticket", "show", ticket, "--json").json["timeline"][0]["texts"]["title"]

    def test_an_attachment_is_kept_and_filed_by_its_digest(self, qyzj: Program, tmp_path: Path):
        """AS25-3.6.5a: the digest stands in the entry."""
        (tmp_path / "photo.jpg").write_bytes(PHOTO)
        ticket = qyzj.handle()

        digest = qyzj("ticket", "attach", tmp_path / "photo.jpg", "--json").json["digest"]
        said = qyzj("ticket", "add-evidence", ticket, "--as", "li", "--digest", digest, "--file-name", "现场.jpg", "--json")

        assert (0, ["EvidenceAdded"]) == (said.code, [entry["kind"] for entry in said.json["entries"]])

    @pytest.mark.parametrize(("name", "content"), [("photo.jpg", b"MZ" + bytes(64)), ("note.txt", "说明".encode()), ("empty.jpg", b"")])
    def test_a_file_of_another_kind_is_refused_here_as_on_the_pages(self, qyzj: Program, tmp_path: Path, name: str, content: bytes):
        """By its bytes, whatever it is called; nothing is kept."""
        (tmp_path / name).write_bytes(content)
        before = sorted((qyzj.data / "blobs").rglob("*"))

        said = qyzj("ticket", "attach", tmp_path / name)

        assert (2, before) == (said.code, sorted((qyzj.data / "blobs").rglob("*")))


class TestNumbers:
    """A ticket is found by whatever a person says."""

    @pytest.mark.parametrize("said", ["52040220260126000010", "5204 0220 2601 2600 0010", "0126-1-0", "01-26-1-0", "1月26日 1号 校验0"])
    def test_it_is_found_by_its_register_number_and_by_its_spoken_form(self, qyzj: Program, said: str):
        """USERS C23."""
        ticket = qyzj.register()

        assert ticket == qyzj("ticket", "show", said, "--json").json["ticket"]["id"]

    def test_it_is_found_by_its_ticket_number(self, qyzj: Program):
        """The number in the pack's own form."""
        ticket = qyzj.register()
        number = qyzj.form(ticket).json["ticket"]["number"]

        assert ticket == qyzj("ticket", "show", number, "--json").json["ticket"]["id"]

    @pytest.mark.parametrize("said", ["0126-1-1", "0126-2-0", "hello", ""])
    def test_a_slip_finds_nothing(self, qyzj: Program, said: str):
        """The check digit finds every single wrong digit."""
        qyzj.register()

        refused = qyzj("ticket", "show", said, "--json")

        assert (2, "SUBJECT_UNKNOWN") == (refused.code, refused.complaint["refusal"]["code"])


class TestLists:
    """What is due is first."""

    def test_a_list_is_asked_by_state_unit_and_turn(self, qyzj: Program):
        """``--mine`` is what waits for the account that asks."""
        handled, fresh = qyzj.handle(), qyzj.register()

        def ids(*arguments: str) -> list[str]:
            return [row["id"] for row in qyzj("ticket", "list", "--json", *arguments).json["tickets"]]

        assert [fresh, handled] == ids()
        assert [handled] == ids("--state", "handling") == ids("--unit", "housing") == ids("--mine", "--as", "li")
        assert [fresh] == ids("--mine", "--as", "centre")

    def test_due_today_and_overdue_are_told_apart(self, qyzj: Program):
        """The forming limit of one working day ends on Tuesday at 24:00."""
        ticket = qyzj.register()

        def ids(due: str) -> list[str]:
            return [row["id"] for row in qyzj("ticket", "list", "--due", due, "--json").json["tickets"]]

        assert ([], []) == (ids("today"), ids("overdue"))
        qyzj.at(MONDAY + timedelta(days=1))
        assert ([ticket], []) == (ids("today"), ids("overdue"))
        qyzj.at(MONDAY + timedelta(days=2))
        assert ([], [ticket]) == (ids("today"), ids("overdue"))

    def test_a_state_that_does_not_exist_is_refused(self, qyzj: Program):
        """With those that do."""
        assert "VALUE_NOT_OFFERED" == qyzj("ticket", "list", "--state", "done", "--json").complaint["refusal"]["code"]


class TestReceipt:
    """The deadline receipt (期限凭证)."""

    def test_each_day_is_explained(self, qyzj: Program):
        """Ten working days from Monday 2026-01-26 end on 02-09: the weekends do not count."""
        ticket = qyzj.handle()

        receipt = qyzj("ticket", "clock", ticket, "resolve", "--json").json

        assert ["2026-01-26", "2026-02-09"] == [receipt["days"][place]["day"] for place in (0, -1)]
        assert list(range(1, 11)) == [day["number"] for day in receipt["days"] if day["counted"]]
        assert (True, "2026.1") == (receipt["agrees"], receipt["calendar"])

    def test_a_clock_that_has_ended_says_when_it_was_due_and_when_it_ended(self, qyzj: Program):
        """Two moments: the one is no word for the other."""
        ticket = qyzj.handle()

        receipt = qyzj("ticket", "clock", ticket, "sign", "--json").json
        told = qyzj("ticket", "clock", ticket, "sign").out

        due = next(line for line in told.splitlines() if line.startswith("到期"))
        assert (None, True) == (receipt["clock"]["due_at"], receipt["clock"]["stopped_at"] is not None)
        assert (False, True) == ("已结束" in due, "已结束" in told)
        assert receipt["days"][-1]["day"] in due
        """With those that it has."""
        ticket = qyzj.register()

        said = qyzj("ticket", "clock", ticket, "resolve", "--json")

        assert (2, "VALUE_NOT_OFFERED", "form") == (
            said.code,
            said.complaint["refusal"]["code"],
            said.complaint["refusal"]["facts"]["offered"],
        )

    def test_a_clock_may_be_said_in_words_or_not_at_all(self, qyzj: Program):
        """Without a name the one that is due next."""
        ticket = qyzj.handle()

        said = [qyzj("ticket", "clock", ticket, *name, "--json").json["clock"]["name"] for name in ((), ("办理",), ("签收",))]

        assert ["resolve", "resolve", "sign"] == said


class TestWords:
    """People read names and words; machines get codes."""

    def test_a_unit_is_said_by_its_short_name_and_shown_by_its_name(self, qyzj: Program):
        """As it was opened: "housing" for "520402-housing"."""
        ticket = qyzj.register()
        qyzj.form(ticket)

        said = qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "housing", "--json")

        assert "520402-housing" == said.json["ticket"]["lead"]
        page, table = qyzj("ticket", "show", ticket).out, qyzj("ticket", "list").out
        assert "住建局" in page and "住建局" in table
        assert "520402-housing" not in page + table

    def test_lists_say_who_has_it_as_the_pages_do(self, qyzj: Program):
        """
        The unit that must act, else who must: the office while it decides an objection, whoever led before.  Beside it stands who leads,
        and not who was asked first.
        """
        first, objected, handled = qyzj.register("--first-contact", "housing", "--judgement", "foreign"), qyzj.register(), qyzj.handle()
        assert 0 == qyzj("ticket", "report-to-office", first, "--as", "li").code
        qyzj.form(objected)
        qyzj("ticket", "dispatch", objected, "--as", "centre", "--lead", "housing")
        assert 0 == qyzj("ticket", "object", objected, "--as", "li", "--reason", "不属我局职责", "--proposed-unit", "centre").code
        office, told = word("with_whom", "office", "zh-CN"), []

        for said in (qyzj("ticket", "list").out, qyzj("find").out):
            lines = [next(line for line in said.splitlines() if ticket in line) for ticket in (first, objected, handled)]
            told.append([(office in line, "住建局" in line) for line in lines])

        assert [[(True, False), (True, True), (False, True)], [(True, False), (True, False), (False, True)]] == told

    def test_the_timeline_has_no_code_and_no_idle_no(self, qyzj: Program):
        """How it was told, who acts next, how it was voted: in words; a flag that nobody set is not shown."""
        ticket = qyzj.handle()
        evidence = qyzj.directory / "photo"
        evidence.write_bytes(PHOTO)
        digest = qyzj("ticket", "attach", evidence, "--json").json["digest"]
        completed = qyzj(
            "ticket", "complete", ticket, "--as", "li", "--standard", "solved", "--result", "已修通", "--is-truthful",
            "--feedback-way", "phone", "--feedback", "已告知", "--evidence", digest,
        )  # fmt: skip
        revisited = qyzj(
            "ticket", "record-revisit", ticket, "--as", "centre", "--is-consistent", "--is-standard-met", "--evaluation", "satisfied"
        )

        page = qyzj("ticket", "show", ticket).out

        assert (0, 0) == (completed.code, revisited.code)
        for said in ("反馈方式：电话", "评价值：满意", "是否一致：是", f"佐证材料：{digest[:12]}…", "住建局"):
            assert said in page
        assert not [code for code in ("phone", "satisfied", "yes", digest, "最终决定：否") if code in page]

    def test_help_names_the_codes_that_an_option_takes(self, qyzj: Program):
        """Nobody guesses "responsibility"."""
        said = qyzj("ticket", "form", "--help")

        assert 0 == said.code
        assert "responsibility（权责明确）" in said.out and "coordination（协调类）" in said.out
        assert not [word for word in ("Usage", "Show this message", "<bool>", "<str>") if word in said.out]

    @pytest.mark.parametrize(
        ("arguments", "hint"),
        [
            (("ticket", "dispatch", "TICKET", "--as", "li", "--lead", "housing"), "岗位“部门经办人”不能“派单”"),
            (("ticket", "form", "TICKET", "--as", "centre", "--category", "coordination"), "--passed"),
            (("ticket", "form", "TICKET", "--as", "centre", "--category", "x"), "coordination（协调类）"),
            (("ticket", "register", "--as", "centre", "--channel", "hotline_12345", "--appeal", "x"), "--name"),
        ],
    )
    def test_a_refusal_says_what_to_type(self, qyzj: Program, arguments: tuple[str, ...], hint: str):
        """The option, the codes, the role that is missing."""
        ticket = qyzj.register()

        said = qyzj(*(ticket if word == "TICKET" else word for word in arguments))

        assert 2 == said.code
        assert hint in said.err

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("stats",), "没有“stats”这个命令；是不是“status”或“task”？"),
            (("ticket", "list", "--rows", "0"), "“--rows”应为不小于1的整数"),
            (("ticket", "list", "--rows", "many"), "“--rows”应为整数"),
        ],
    )
    def test_wrong_usage_is_said_in_the_language_of_the_session(self, qyzj: Program, arguments: tuple[str, ...], sentence: str):
        """The sentences of the parser are English."""
        said = qyzj(*arguments)

        assert (64, sentence) == (said.code, said.err.splitlines()[0])


class TestAnswersNo:
    """A refusal has code, sentence and remedy; wrong usage is another matter."""

    def test_a_refusal_is_one_line_and_a_remedy(self, qyzj: Program):
        """On stderr, exit code 2; nothing on stdout."""
        ticket = qyzj.register()

        said = qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "520402-housing")

        assert (2, "") == (said.code, said.out)
        assert said.err.splitlines()[0].startswith(f"WRONG_STATE  工单{ticket}目前是“已登记”")
        assert 2 == len(said.err.splitlines())

    def test_machines_get_the_facts_too(self, qyzj: Program):
        """Callers branch on the code alone."""
        ticket = qyzj.register()

        refusal = qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "520402-housing", "--json").complaint["refusal"]

        assert ("WRONG_STATE", "registered", False) == (refusal["code"], refusal["facts"]["state"], refusal["is_retryable"])
        assert refusal["sentence"] and refusal["remedy"]

    def test_the_same_id_again_does_nothing_twice(self, qyzj: Program):
        """A second submit of the same form gives the first outcome."""
        ticket = qyzj.register()
        first = qyzj.form(ticket, "--id", "f1").json

        again = qyzj.form(ticket, "--id", "f1").json

        assert (False, True) == (first["is_repeat"], again["is_repeat"])
        assert first["entries"] == again["entries"]
        assert first["ticket"]["version"] == again["ticket"]["version"]

    def test_who_saw_an_older_page_is_told(self, qyzj: Program):
        """Two clerks at one ticket: the second one's command is refused, and nothing is written."""
        ticket = qyzj.register()
        qyzj.form(ticket, "--seen", "1.1")

        late = qyzj("ticket", "dispatch", ticket, "--as", "centre", "--lead", "520402-housing", "--seen", "1.1", "--json")

        assert (2, "VERSION_CONFLICT") == (late.code, late.complaint["refusal"]["code"])
        assert "formed" == qyzj("ticket", "show", ticket, "--json").json["ticket"]["state"]

    def test_an_account_acts_in_its_own_roles_only(self, qyzj: Program):
        """``--as account:role``."""
        ticket = qyzj.register()

        codes = [
            qyzj("ticket", "form", ticket, "--as", who, "--category", "coordination", *PASSED, "--json").complaint["refusal"]["code"]
            for who in ("li", "li:office", "nobody")
        ]

        assert ["PERMISSION_DENIED", "PERMISSION_DENIED", "ACCOUNT_UNKNOWN"] == codes

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("ticket", "sign"), "缺少“TICKET”"),
            (("ticket", "sign", "1", "--nope"), "没有选项“--nope”"),
            (("ticket", "finish", "1"), "没有“finish”这个命令；是不是“find”？"),
            (("ticket", "form", "0126-1-0", "--as", "centre"), "缺少“--category”"),
            (("ticket", "sign", "0126-1-0"), "请用 --as 指明以哪个账号办理"),
            (("ticket", "sign", "0126-1-0", "--as", "li", "--seen", "x"), "--seen 应为办理权号和版本，如 1.4；填的是“x”"),
            (
                ("ticket", "sign", "0126-1-0", "--as", "li", "--occurred-at", "昨天"),
                "“--occurred-at”应为时间，如 2026-02-13T16:50；填的是“昨天”",
            ),
            (
                ("ticket", "request-extension", "0126-1-0", "--as", "li", "--promised", "2026-13-01", "--ground", "x", "--reason", "y"),
                "“--promised”应为日期，如 2026-02-13；填的是“2026-13-01”",
            ),
        ],
        ids=lambda value: value[1] if isinstance(value, tuple) else "",
    )
    def test_wrong_usage_is_64_and_says_what_is_wrong(self, qyzj: Program, arguments: tuple[str, ...], sentence: str):
        """A bad date is no traceback."""
        qyzj.register()

        said = qyzj(*arguments)

        assert (64, sentence, "") == (said.code, said.err.splitlines()[0], said.out)


class TestCounts:
    """What the desk may ask of the needs together."""

    def test_a_tally_counts_by_channel_and_by_reason(self, qyzj: Program):
        """AS25-2.2: what came in by which channel; a way of counting that nobody knows is refused."""
        qyzj.register()
        today = qyzj("tally", "--first", "2026-01-26", "--last", "2026-01-26", "--json")
        before = qyzj("tally", "--last", "2026-01-25", "--json")

        assert ({"hotline_12345": 1}, {}) == (today.json["counts"], before.json["counts"])
        assert {"by": "refusal", "counts": {}} == qyzj("tally", "--by", "refusal", "--json").json
        assert (2, "VALUE_NOT_OFFERED") == ((said := qyzj("tally", "--by", "colour", "--json")).code, said.complaint["refusal"]["code"])

    def test_a_receipt_bears_the_query_code(self, qyzj: Program):
        """AS25-2.2.3: printed with the number; it shows the progress to people, too."""
        fields = ("--channel", "window", "--appeal", APPEAL, "--name", "王五", "--phone", PHONE)
        receipt = qyzj("ticket", "register", "--as", "centre:window_clerk", *fields, "--json").json

        told = qyzj("progress", receipt["ticket"]["id"], "--code", receipt["query_code"].lower())

        assert (0, True) == (told.code, receipt["ticket"]["id"] in told.out)
        assert "查询码" in qyzj("ticket", "register", "--as", "centre:window_clerk", *fields).out

    def test_what_the_office_has_not_sorted_is_a_list(self, qyzj: Program):
        """AS25-4.2.1.0: formed, a need leaves it."""
        first, second = qyzj.register(), qyzj.register()
        qyzj.form(first)

        assert [second] == [row["id"] for row in qyzj("ticket", "list", "--unsorted", "--json").json["tickets"]]
