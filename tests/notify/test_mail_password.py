"""The password of the mail server's user stands in a file that nobody else reads, and a node that cannot read it says so at its start."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from node import app, config
from node.domain.refusal import Code, Refusal
from node.texts.catalogue import LANGS, explain
from tests.clauses.given import a_county, refuses, registered
from tests.notify.doors import smtp_door
from tests.support.node import Hands

BY_MAIL = '[notify]\nstaff = { value = ["email"], default = "own" }\nappellant = { value = ["in_app"], default = "own" }\n'
PASSWORD = "p@ss w%rt:42"


def a_file(directory: Path, content: str = PASSWORD + "\n", mode: int = 0o600) -> Path:
    """A password file of the node's own account."""
    file = directory / "smtp-password"
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
    return file


def with_mail(county: Hands, url: str, file: Path | None) -> Hands:
    """The node with mail set."""
    set_so = {"smtp_url": url, "smtp_password_file": file, "office_email": "desk@example.cn"}
    county.node.settings = county.node.settings.model_copy(update=set_so)
    return county


def test_the_file_s_password_signs_in_at_the_mail_server(tmp_path: Path):
    """Its end of line is not part of it; the settings, as they are kept, have the file's name alone."""
    county = a_county(tmp_path / "node", rules=BY_MAIL)
    registered(county)
    with smtp_door() as door:
        where = urlsplit(door.url)
        file = a_file(tmp_path)
        with_mail(county, f"smtp://office@{where.netloc}{where.path}", file)
        with county.node.store.read() as view:
            pack = county.node.policies.of_node(view, county.now).pack
        app.dispatcher(county.node).run(pack, county.now)
    assert ([("office", PASSWORD)], 1) == (door.logins, len(door.mails))
    config.save(county.node.settings)
    kept = (county.node.data_dir / config.FILE).read_text(encoding="utf-8")
    assert (True, False) == (f'smtp_password_file = "{file}"' in kept, PASSWORD in kept)


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        (PASSWORD, 0o640, Code.SECRET_FILE_EXPOSED),
        (PASSWORD, 0o602, Code.SECRET_FILE_EXPOSED),
        ("", 0o600, Code.SECRET_FILE_BROKEN),
        ("\n", 0o600, Code.SECRET_FILE_BROKEN),
        ("one\ntwo\n", 0o600, Code.SECRET_FILE_BROKEN),
        ("пароль", 0o600, Code.SECRET_FILE_BROKEN),
        ("x" * 5_000, 0o600, Code.SECRET_FILE_BROKEN),
        (None, 0, Code.SECRET_FILE_MISSING),
    ],
)
def test_a_node_with_a_file_that_is_no_secret_does_not_serve(tmp_path: Path, content: str | None, mode: int, code: Code):
    """With the setting, the file and what to do; never with what stands in it."""
    county = a_county(tmp_path / "node")
    file = tmp_path / "none" if content is None else a_file(tmp_path, content, mode)
    with_mail(county, "smtp://office@localhost:25/office@example.cn", file)

    with pytest.raises(Refusal) as caught:
        app.serving(county.node)

    assert (code, "smtp_password_file", str(file)) == (caught.value.code, caught.value.facts["setting"], caught.value.facts["file"])
    for lang in LANGS:
        said = " ".join(explain(caught.value, lang))
        assert (True, False) == (str(file) in said, PASSWORD in said)


@pytest.mark.parametrize("url", ["smtp://office:secret@localhost/office@example.cn", "smtp://localhost/office@example.cn"])
def test_a_password_in_both_places_and_one_of_nobody_are_refused(tmp_path: Path, url: str):
    """SETTING_REFUSED, at the setting's name."""
    with refuses(Code.SETTING_REFUSED, setting="smtp_password_file"):
        config.check({"data_dir": tmp_path, "node": "520402", "smtp_url": url, "smtp_password_file": a_file(tmp_path)})


def test_without_mail_nobody_asks_for_the_file(tmp_path: Path):
    """A setting that is left over stops nothing."""
    county = with_mail(a_county(tmp_path / "node"), "", tmp_path / "none")

    assert {} == dict(app.dispatcher(county.node).gateways)
