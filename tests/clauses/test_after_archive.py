"""Put away: a package that proves itself, and a ticket that takes no more work."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from node.domain.payload import Text
from node.domain.refusal import Code
from node.domain.ticket.closing import Archive, Close
from node.domain.ticket.handling import RecordProgress
from node.domain.ticket.state import State
from node.services.archive_package import Package, package_of
from tests.clauses.given import a_county, a_revisit, beijing, completed, page_of, refuses, the
from tests.support.node import Hands


def packed(county: Hands, ticket: str) -> Package:
    """The package as it would be made now."""
    with county.node.store.read() as view:
        return package_of(view, ticket, county.node.blobs, county.node.policies.for_ticket(view, the(county, ticket), county.now))


def is_sound(path: Path) -> bool:
    """What the package says of itself, run by a bare interpreter."""
    return subprocess.run([sys.executable, "-I", path], capture_output=True, check=False).returncode == 0


@pytest.mark.clause("AS25-3.6.7a")
def test_the_package_verifies_by_itself_and_the_ticket_is_read_only(tmp_path: Path):
    """AS25-3.6.7a: one changed byte anywhere makes the check fail; the archived ticket takes no edit."""
    county = a_county(tmp_path)
    ticket = completed(county)
    with refuses(Code.WRONG_STATE):
        packed(county, ticket)
    county.act("office", a_revisit(), ticket)
    county.act("office", Close(), ticket)
    county.at(beijing("2026-03-20 09:00"))
    package = packed(county, ticket)
    file = tmp_path / f"{ticket}.zip"
    package.write(file)

    assert is_sound(file)
    whole = package.content
    for place in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert not is_sound(file), place
    file.write_bytes(whole)

    county.act("office", Archive(package.digest), ticket)
    assert (State.ARCHIVED, package) == (the(county, ticket).state, packed(county, ticket))
    put_away = page_of(county, ticket).timeline[-1]
    assert (package.digest, 30) == (put_away.facts["package"], put_away.facts["retention_years"])
    for role, command, unit in (("department", RecordProgress(Text("x")), "housing"), ("office", a_revisit(), ""), ("office", Close(), "")):
        with refuses(Code.WRONG_STATE):
            county.act(role, command, ticket, unit)


def test_form_history_attachments_and_revisit_are_in_it_and_no_name_nor_number(tmp_path: Path):
    """Self-contained, and yet nobody's personal data leaves the seal."""
    county = a_county(tmp_path)
    ticket = completed(county)
    county.act("office", a_revisit(), ticket)
    county.act("office", Close(), ticket)
    file = tmp_path / "package.zip"
    packed(county, ticket).write(file)

    with zipfile.ZipFile(file) as package:
        names = package.namelist()
        words = package.read("ticket.json").decode()
    photo = the(county, ticket).rounds[0].evidence or the(county, ticket).rounds[0].completion.evidence  # type: ignore[union-attr]
    assert f"attachments/{photo[0]}" in names
    assert [line.kind for line in page_of(county, ticket).timeline] == [
        name.partition("-")[2] for name in names if name.startswith("entries/")
    ]
    assert "施工便道已开通" in words and "retention_years" in words and '"revisit"' in words
    assert "13800001234" not in words and "王某" not in words
