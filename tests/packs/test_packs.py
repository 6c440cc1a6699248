"""Pack files, their inheritance and digest, and the packs that come with the program."""

import ast
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from node.domain.sampling import draw_sample
from node.domain.time import Limit, Unit
from node.packs.fault import FaultyPack, Rule
from node.packs.file import effective_pack, finder, in_force, limit_text, parse_limit, parse_pack, shipped
from node.packs.keys import KEYS, find_key
from node.packs.linter import check
from tests.support.clauses import read_catalogue
from tests.support.tree import ROOT

HEAD = '[pack]\nid = "{id}"\nversion = "1"\nlevel = "county"\nname = "x"\neffective_from = 2026-01-01\nparents = [{parents}]\n'


def a_pack(id: str, *parents: str, body: str = "") -> str:
    """The text of a pack with *body* behind its header."""
    return HEAD.format(id=id, parents=", ".join(f'"{parent}"' for parent in parents)) + body


def rules_of(error: FaultyPack) -> list[tuple[str, Rule]]:
    return [(fault.key, fault.rule) for fault in error.faults]


class TestReading:
    """A leaf is a value with its clause, or with the mark default and why; its dotted path is the key."""

    def test_a_value_has_its_clause_beside_it(self):
        """The path of the tables is the key; a limit is read from its text."""
        found = parse_pack("a.toml", a_pack("a", body='[limit]\nsign = { value = "2 workdays", clause = "AS25-4.3.1a" }\n'))

        rule = found.rules["limit.sign"]
        assert (Limit(2, Unit.WORKDAY), "AS25-4.3.1a", "a") == (rule.value, rule.clause, rule.origin)

    def test_what_no_document_says_is_marked_default_with_its_reason(self):
        """The rule's clause is then "default"; the reason is kept beside it."""
        found = parse_pack("a.toml", a_pack("a", body='[forming]\nverified_first = { value = false, default = "nobody asks" }\n'))

        assert ("default", "nobody asks") == (found.rules["forming.verified_first"].clause, found.reasons["forming.verified_first"])

    def test_a_key_that_is_also_a_beginning_of_others_is_quoted(self):
        """``resolve`` may have a limit of its own beside those of its classes."""
        leaf = '{{ value = "{}", default = "x" }}'
        body = f'[limit]\nresolve = {leaf.format("15 days")}\n"resolve.complaint.plain" = {leaf.format("5 days")}\n'

        assert {"limit.resolve", "limit.resolve.complaint.plain"} == parse_pack("a.toml", a_pack("a", body=body)).rules.keys()

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ('[limit]\nsign = { value = "2 workdays" }\n', ("limit.sign", Rule.SOURCE_REQUIRED)),
            ('[limit]\nsign = { value = "2 workdays", clause = "" }\n', ("limit.sign", Rule.SOURCE_REQUIRED)),
            ('[limit]\nsign = { value = "2 workdays", clause = "default" }\n', ("limit.sign", Rule.SOURCE_REQUIRED)),
            ('[limit]\nsign = { value = "2 workdays", default = "" }\n', ("limit.sign", Rule.DEFAULT_REASON)),
            ('[limit]\nsign = { value = "2 workdays", default = "x", clause = "AS25-1.1a" }\n', ("limit.sign", Rule.SOURCE_TWICE)),
            ('[limit]\nsign = { value = "two days", default = "x" }\n', ("limit.sign", Rule.LIMIT_FORM)),
            ('[limit]\nsign = { value = 2, default = "x" }\n', ("limit.sign", Rule.LIMIT_FORM)),
            ('[limit]\nsign = "2 workdays"\n', ("limit.sign", Rule.LEAF_FORM)),
            ('[limit]\nsign = { clause = "AS25-4.3.1a" }\n', ("limit.sign", Rule.LEAF_FORM)),
            ('[limit]\nsign = { value = "2 workdays", clause = "AS25-4.3.1a", note = "x" }\n', ("limit.sign", Rule.LEAF_FORM)),
            ('[forming]\ntests = { value = [1], default = "x" }\n', ("forming.tests", Rule.LEAF_FORM)),
            (
                '[limit]\n"resolve.a" = { value = "1 day", default = "x" }\n[limit.resolve]\na = { value = "1 day", default = "x" }\n',
                ("limit.resolve.a", Rule.KEY_TWICE),
            ),
        ],
    )
    def test_a_leaf_of_another_form_is_named(self, body: str, fault: tuple[str, Rule]):
        """Key and rule are named, whatever is wrong with value or source."""
        with pytest.raises(FaultyPack) as refused:
            parse_pack("a.toml", a_pack("a", body=body))

        assert [fault] == rules_of(refused.value)

    @pytest.mark.parametrize(
        ("line", "replacement", "fault"),
        [
            ("effective_from = 2026-01-01\n", "", ("pack.effective_from", Rule.EFFECTIVE_FROM_REQUIRED)),
            ("effective_from = 2026-01-01\n", "effective_from = 2026-01-01T00:00:00\n", ("pack.effective_from", Rule.HEADER_TYPE)),
            ('version = "1"\n', "", ("pack.version", Rule.HEADER_REQUIRED)),
            ('version = "1"\n', "version = 1\n", ("pack.version", Rule.HEADER_TYPE)),
            ('level = "county"\n', 'level = "village"\n', ("pack.level", Rule.HEADER_TYPE)),
            ('id = "a"\n', 'id = "../a"\n', ("pack.id", Rule.HEADER_TYPE)),
            ("parents = []\n", 'parents = ["b", "b"]\n', ("pack.parents", Rule.HEADER_TYPE)),
            ("parents = []\n", 'parents = []\nparent = "b"\n', ("pack.parent", Rule.HEADER_UNKNOWN)),
        ],
    )
    def test_a_faulty_header_is_named(self, line: str, replacement: str, fault: tuple[str, Rule]):
        """Above all the day from which a pack is in force (AS25-5.2) may not be missing."""
        text = a_pack("a")
        assert line in text

        with pytest.raises(FaultyPack) as refused:
            parse_pack("a.toml", text.replace(line, replacement))

        assert [fault] == rules_of(refused.value)

    @pytest.mark.parametrize(
        ("text", "limit"),
        [
            ("1 workday", Limit(1, Unit.WORKDAY)),
            ("15 workdays", Limit(15, Unit.WORKDAY)),
            ("2 hours", Limit(2, Unit.HOUR)),
            ("1 hour", Limit(1, Unit.HOUR)),
            ("5 days", Limit(5, Unit.DAY)),
            ("month_end", Limit(0, Unit.MONTH_END)),
            ("month_end 3", Limit(3, Unit.MONTH_END)),
            ("0 days", Limit(0, Unit.DAY)),
        ],
    )
    def test_a_limit_is_written_as_it_is_read(self, text: str, limit: Limit):
        """Text to value and back."""
        assert (limit, text) == (parse_limit(text), limit_text(limit))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "2",
            "2 weeks",
            "-1 days",
            "02 days",
            "2.5 days",
            "2  days",
            "4001 days",
            pytest.param("9" * 5000 + " days", id="9...9 days"),
            " 2 days",
            "workday",
            "month_end -1",
        ],
    )
    def test_what_is_no_limit_is_none(self, text: str):
        """No unit, no count, or a count beyond what a limit can have."""
        assert parse_limit(text) is None


class TestInheritance:
    """The first pack of the line that has a key gives the value, and its origin is known (AS25-5.1)."""

    @pytest.mark.clause("AS25-5.1")
    def test_what_a_child_leaves_open_comes_from_its_parent(self):
        """A scale set by the province only is the province's; set in the city, it is the city's; a minimum is never undercut."""
        scale = '[evaluation]\nscale = {{ value = [{values}], clause = "AS25-5.1" }}\n'
        province = a_pack("guizhou", "default", body=scale.format(values='"good", "fair", "poor"'))
        silent = {**shipped(), "guizhou": province, "anshun": a_pack("anshun", "guizhou")}
        spoken = {**silent, "anshun": a_pack("anshun", "guizhou", body=scale.format(values='"yes", "no"'))}

        inherited = effective_pack("anshun", silent.get).rules["evaluation.scale"]
        own = effective_pack("anshun", spoken.get).rules["evaluation.scale"]

        assert (("good", "fair", "poor"), "guizhou") == (inherited.value, inherited.origin)
        assert (("yes", "no"), "anshun") == (own.value, own.origin)
        strict = a_pack("guizhou", "default", body='[revisit.sampling]\nrate = { value = 20, clause = "AS25-3.2.4b" }\n')
        lax = a_pack("anshun", "guizhou", body='[revisit.sampling]\nrate = { value = 15, default = "too many calls" }\n')
        faults = check("anshun.toml", lax, {**silent, "guizhou": strict}.get)
        assert [("revisit.sampling.rate", Rule.UNDERCUTS_PARENT)] == [(fault.key, fault.rule) for fault in faults]

    def test_of_two_parents_the_left_one_decides_and_their_common_ancestor_last(self):
        """A diamond: what the root says never covers what the right parent says."""
        leaf = '[unit]\n{unit}.name = {{ value = "{value}", default = "x" }}\n'
        texts = {
            "child": a_pack("child", "left", "right"),
            "left": a_pack("left", "root", body=leaf.format(unit="a", value="left")),
            "right": a_pack("right", "root", body=leaf.format(unit="a", value="right") + 'b.name = { value = "right", default = "x" }\n'),
            "root": a_pack("root", body=leaf.format(unit="a", value="root") + 'b.name = { value = "root", default = "x" }\n'),
        }

        rules = effective_pack("child", texts.get).rules

        assert [("left", "left"), ("right", "right")] == [
            (rules[f"unit.{unit}.name"].value, rules[f"unit.{unit}.name"].origin) for unit in "ab"
        ]

    @pytest.mark.parametrize(
        ("texts", "fault"),
        [
            ({}, ("", Rule.PACK_UNKNOWN)),
            ({"a": a_pack("a", "b")}, ("pack.parents", Rule.PARENT_UNKNOWN)),
            ({"a": a_pack("a", "b"), "b": a_pack("b", "a")}, ("pack.parents", Rule.PARENT_CYCLE)),
            ({"a": a_pack("a", "a")}, ("pack.parents", Rule.PARENT_CYCLE)),
            ({"a": a_pack("b")}, ("pack.id", Rule.ID_DIFFERS)),
        ],
    )
    def test_a_line_that_leads_nowhere_is_refused(self, texts: dict[str, str], fault: tuple[str, Rule]):
        """A parent that is missing, a circle, a file with another pack in it."""
        with pytest.raises(FaultyPack) as refused:
            effective_pack("a", texts.get)

        assert [fault] == rules_of(refused.value)

    def test_a_pack_in_the_nodes_data_directory_goes_before_a_shipped_one(self, tmp_path: Path):
        """A node's own pack is a file beside its data; what is not there is looked for in the program."""
        (tmp_path / "mine.toml").write_text(a_pack("mine", "default"), "utf-8")
        find = finder(tmp_path)

        assert ("mine", "default") == (effective_pack("mine", find).id, effective_pack("default", find).id)
        assert [None, None] == [find("nowhere"), find("../mine")]


class TestDigest:
    """The digest that clock changes name: 16 hex digits over what can change a decision."""

    BODY = '[limit]\nsign = { value = "2 workdays", clause = "AS25-4.3.1a" }\nform = { value = "1 workday", default = "x" }\n'

    def digest(self, text: str) -> str:
        return effective_pack("a", {"a": text}.get).digest

    def test_comments_order_and_reasons_do_not_count(self):
        """The same content is the same pack."""
        text = a_pack("a", body=self.BODY)
        lines = self.BODY.splitlines(keepends=True)

        same = [
            text,
            "# a comment\n" + text,
            a_pack("a", body="".join([lines[0], lines[2], lines[1]])),
            text.replace('default = "x"', 'default = "y"'),
        ]

        assert {self.digest(text)} == {self.digest(one) for one in same}
        assert 16 == len(self.digest(text)) == len(bytes.fromhex(self.digest(text))) * 2

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"2 workdays"', '"3 workdays"'),
            ('"2 workdays"', '"2 days"'),
            ("AS25-4.3.1a", "AS25-4.3.1b"),
            ('version = "1"', 'version = "2"'),
            ("2026-01-01", "2026-01-02"),
        ],
    )
    def test_whatever_can_change_a_decision_counts(self, old: str, new: str):
        """Value, unit, clause, version and the day from which it is in force."""
        text = a_pack("a", body=self.BODY)
        assert old in text

        assert self.digest(text) != self.digest(text.replace(old, new))

    def test_a_parents_change_is_a_change_of_the_child(self):
        """A clock that was started under a pack names all that the pack was made of."""
        child = a_pack("a", "b")
        before, after = a_pack("b", body=self.BODY), a_pack("b", body=self.BODY.replace("1 workday", "2 workdays"))

        assert effective_pack("a", {"a": child, "b": before}.get).digest != effective_pack("a", {"a": child, "b": after}.get).digest


class TestShippedPacks:
    """default, guizhou, anshun-2025 and the packs of two counties."""

    @pytest.mark.parametrize("id", sorted(shipped()))
    def test_every_shipped_pack_passes_the_linter(self, id: str):
        """With the catalogue of clauses: each number has an article that exists, or says that it is a default."""
        assert () == check(f"{id}.toml", shipped()[id], clause_ids=set(read_catalogue()))

    def test_guizhou_gives_no_value(self):
        """Its mechanism is not among the sources: what the effective pack holds is the product's (POLICY_PACKS 2 no. 25)."""
        found = parse_pack("guizhou.toml", shipped()["guizhou"])

        assert (True, 0) == (found.is_placeholder, len(found.rules))
        assert {"default"} == {rule.origin for rule in effective_pack("guizhou", finder()).rules.values()}

    def test_every_value_of_the_root_is_marked_default(self):
        """The product invents no clause."""
        assert {"default"} == {rule.clause for rule in parse_pack("default.toml", shipped()["default"]).rules.values()}

    @pytest.mark.parametrize(
        ("id", "government"), [("xixiu-2025", "安顺市西秀区人民政府"), ("guanling-2025", "关岭布依族苗族自治县人民政府")]
    )
    def test_a_county_binds_its_own_bodies_and_keeps_the_citys_limits(self, id: str, government: str):
        """A matter of the county goes to the county's government, what exceeds it to the city (POLICY_PACKS 2 no. 65)."""
        city, county = effective_pack("anshun-2025", finder()), effective_pack(id, finder())

        assert (government, "安顺市“企业之家”") == (county.choice("bodies.government"), county.choice("bodies.superior"))
        limits = {key: rule for key, rule in city.rules.items() if key.startswith("limit.")}
        assert limits == {key: county.rules[key] for key in limits}
        assert len(city.rules) == len(county.rules)

    @pytest.mark.parametrize(
        ("day", "pack"), [(date(2025, 9, 30), "default"), (date(2025, 10, 1), "anshun-2025"), (date(2026, 3, 2), "anshun-2025")]
    )
    def test_anshuns_pack_is_in_force_from_the_first_of_october(self, day: date, pack: str):
        """AS25-5.2: what is registered before is not measured by it."""
        packs = [effective_pack(id, finder()) for id in ("anshun-2025", "default")]

        governing = in_force(packs, day)

        assert governing is not None
        assert pack == governing.id

    @pytest.mark.clause("AS25-3.2.4b")
    def test_the_city_draws_a_tenth_rounded_up_of_each_countys_tickets_and_never_less(self):
        """With the pack's rate and floor; the same seed and frame give the same picks; a rate of 9 % is refused."""
        pack, seed = effective_pack("anshun-2025", finder()), bytes(range(32))
        frames = {size: [f"520402{n:015}#1" for n in range(size)] for size in (0, 1, 9, 10, 11, 30, 101)}

        drawn = {
            size: draw_sample(frame, pack.number("revisit.sampling.rate"), pack.number("revisit.sampling.floor"), seed)
            for size, frame in frames.items()
        }

        assert {0: 0, 1: 1, 9: 1, 10: 1, 11: 2, 30: 3, 101: 11} == {size: len(picks) for size, picks in drawn.items()}
        again = draw_sample(list(reversed(frames[101])), pack.number("revisit.sampling.rate"), pack.number("revisit.sampling.floor"), seed)
        assert drawn[101] == again
        lax = a_pack("lax", "anshun-2025", body='[revisit.sampling]\nrate = { value = 9, default = "too many calls" }\n')
        assert ("revisit.sampling.rate", Rule.RANGE) in [(fault.key, fault.rule) for fault in check("lax.toml", lax)]


class TestSchema:
    """The schema and the code that asks a pack know the same keys."""

    def test_every_key_that_the_code_asks_for_is_in_the_schema(self):
        """What a decision reads without the linter knowing it could be missing in the night."""
        assert {} == {key: place for key, place in asked_keys() if not is_known(key)}

    def test_every_limit_of_the_schema_is_that_of_a_clock(self):
        """A limit without a clock is a promise that nobody watches: its name stands in the code that starts it."""
        names = {row.pattern.removeprefix("limit.") for row in KEYS if row.pattern.startswith("limit.")}

        assert set() == {re.sub(r"<[a-z_]+>", "<x>", name) for name in names} - literals()

    def test_every_other_key_is_asked_for(self):
        """
        What nobody asks for changes nothing, whatever a pack says: it is marked as recorded; names of bodies, units and channels
        are for pages.
        """
        asked = {key for key, _ in asked_keys()} | literals()
        families = [as_pattern(key) for key in asked if "<x>" in key and "." in key]
        for_pages = ("limit.", "bodies.", "members.", "unit.", "staffing.", "channels.<group>")

        rows = [row.pattern for row in KEYS if not row.is_recorded and not row.pattern.startswith(for_pages)]
        assert [] == [row for row in rows if sample(row) not in asked and not any(family.fullmatch(sample(row)) for family in families)]

    def test_no_two_rows_claim_one_key(self):
        """A key is described once."""
        patterns = [row.pattern for row in KEYS]

        assert len(patterns) == len(set(patterns))


def is_known(key: str) -> bool:
    """True if the schema has *key*, or, where it is put together, keys of its form."""
    return find_key(key.replace("<x>", "x")) is not None or any(as_pattern(key).fullmatch(row.pattern) for row in KEYS)


def as_pattern(key: str) -> re.Pattern[str]:
    """What *key* may stand for: "<x>" for any name."""
    return re.compile("[^.]+".join(map(re.escape, key.split("<x>"))))


def sample(pattern: str) -> str:
    """A key of the family *pattern*."""
    return re.sub(r"<[a-z_]+>", "x", pattern)


def asked_keys() -> Iterator[tuple[str, str]]:
    """Every key that a call in an asking room names, with its place; what is put in at run time is given as "<x>"."""
    for path, tree in asking_modules():
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            for key in _keys_of(call):
                yield key, f"{path}:{call.lineno}"


@cache
def literals() -> frozenset[str]:
    """Every string that stands in an asking room, put-together ones with "<x>"."""
    return frozenset(
        _literal(node) for _, tree in asking_modules() for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)
    )


@cache
def asking_modules() -> tuple[tuple[Path, ast.Module], ...]:
    """The modules of the rooms that ask a pack: all but the packs themselves."""
    rooms = [*(ROOT / "node" / room for room in ("domain", "services", "triage", "documents", "notify", "cli")), ROOT / "federation"]
    paths = sorted(path for room in rooms for path in room.rglob("*.py") if path.parent.name != "v1")
    return tuple((path.relative_to(ROOT), ast.parse(path.read_text("utf-8"))) for path in paths)


def _keys_of(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    of_pack = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value).endswith("pack")
    if of_pack and name in ("limit", "has_limit"):
        yield from (f"limit.{key}" for key in map(_literal, call.args) if key)
    elif of_pack and name in ("number", "flag", "choice", "names", "find"):
        yield from filter(None, map(_literal, call.args))
    elif name == "need_value":
        yield from filter(None, map(_literal, call.args[1:2]))
    elif name == "start" and len(call.args) > 2 and not any(keyword.arg == "limit" for keyword in call.keywords):
        yield from (f"limit.{key}" for key in map(_literal, call.args[2:3]) if key)


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "<x>" for part in node.values)
    return ""
