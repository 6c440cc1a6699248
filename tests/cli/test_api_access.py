"""``qyzj account token``, ``qyzj account oidc`` and ``qyzj hook``: letting other systems in, believing one, and telling them."""

import subprocess
import sys

import pytest

from tests.cli.given import Program


class TestTokens:
    """`qyzj account token`: made, listed and ended at the machine."""

    def test_it_is_shown_once(self, qyzj: Program):
        """And then only by its name."""
        made = qyzj("account", "token", "centre", "--scope", "read", "--name", "12345 热线", "--json").json
        listed = qyzj("account", "token", "--list", "--json").out
        ended = qyzj("account", "token", "--revoke", made["token"]["id"], "--json").json

        assert made["secret"].startswith(f"qyzj.{made['token']['id']}.")
        assert made["secret"] not in listed and "12345 热线" in listed
        assert ended["token"]["revoked_at"]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("nobody", "--scope", "read", "--name", "x"), "ACCOUNT_UNKNOWN"),
            (("centre:leader", "--scope", "read", "--name", "x"), "PERMISSION_DENIED"),
            (("centre", "--name", "x"), "FIELD_REQUIRED"),
            (("centre", "--scope", "read"), "FIELD_REQUIRED"),
            (("centre", "--scope", "everything", "--name", "x"), "VALUE_NOT_OFFERED"),
            (("centre", "--scope", "read", "--name", "x", "--days", "731"), "VALUE_NOT_OFFERED"),
            (("--revoke", "none"), "SUBJECT_UNKNOWN"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, qyzj: Program, arguments: tuple[str, ...], code: str):
        """With its code."""
        said = qyzj("account", "token", *arguments, "--json")

        assert (2, code) == (said.code, said.complaint["refusal"]["code"])


class TestIdentities:
    """`qyzj account oidc`: who somebody is at the provider of identities, said at the machine."""

    def test_it_is_bound_once_and_ended(self, qyzj: Program, monkeypatch: pytest.MonkeyPatch):
        """And both stand in the journal."""
        monkeypatch.setenv("QYZJ_OIDC_ISSUER", "https://id.example")
        monkeypatch.setenv("QYZJ_OIDC_CLIENT", "qyzj")
        bound = qyzj("account", "oidc", "centre", "u-1", "--json").json
        taken = qyzj("account", "oidc", "operator", "u-1", "--json")
        ended = qyzj("account", "oidc", "centre", "--end")
        again = qyzj("account", "oidc", "operator", "u-1")

        assert {"account": "centre", "issuer": "https://id.example", "subject": "u-1"} == bound
        assert (2, "OIDC_TAKEN") == (taken.code, taken.complaint["refusal"]["code"])
        assert [0, 0] == [ended.code, again.code]

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [(("centre", "u-1"), "SETTING_REFUSED"), (("ghost", "--end"), "ACCOUNT_UNKNOWN")],
    )
    def test_what_makes_no_sense_is_refused(self, qyzj: Program, arguments: tuple[str, ...], code: str):
        """With its code."""
        said = qyzj("account", "oidc", *arguments, "--json")

        assert (2, code) == (said.code, said.complaint["refusal"]["code"])

    def test_a_subject_or_an_end_is_said(self, qyzj: Program):
        """One of the two."""
        assert [64, 64] == [qyzj("account", "oidc", "centre").code, qyzj("account", "oidc", "centre", "u-1", "--end").code]


class TestHooks:
    """`qyzj hook`: added with a secret, listed with what waits, told again, removed."""

    def test_its_life(self, qyzj: Program):
        """It begins with what happens from now on, and again wherever it is put."""
        made = qyzj("hook", "add", "https://city.example/hook", "--event", "Registered", "--json").json
        fresh = qyzj("hook", "list", "--json").json
        moved = qyzj("hook", "replay", made["hook"]["id"], "--from", "0", "--json").json
        shown = qyzj("hook", "list").out
        removed = qyzj("hook", "remove", made["hook"]["id"])

        assert 64 == len(made["secret"])
        assert [(made["hook"]["id"], fresh["end"], ["Registered"])] == [
            (one["id"], one["position"], one["kinds"]) for one in fresh["hooks"]
        ]
        assert 0 == moved["hook"]["position"]
        assert "city.example" in shown and made["secret"] not in shown
        assert (0, []) == (removed.code, qyzj("hook", "list", "--json").json["hooks"])

    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (("add", "http://city.example/hook"), "MALFORMED_COMMAND"),
            (("add", "ftp://127.0.0.1/x"), "MALFORMED_COMMAND"),
            (("add", "https://user:word@city.example/"), "MALFORMED_COMMAND"),
            (("add", "https://[::1/"), "MALFORMED_COMMAND"),
            (("add", "https://city.example/", "--event", "Nothing"), "VALUE_NOT_OFFERED"),
            (("remove", "none"), "SUBJECT_UNKNOWN"),
            (("replay", "none", "--from", "1"), "SUBJECT_UNKNOWN"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, qyzj: Program, arguments: tuple[str, ...], code: str):
        """Above all an address to which entries would go in the clear."""
        said = qyzj("hook", *arguments, "--json")

        assert (2, code) == (said.code, said.complaint["refusal"]["code"])


def test_the_command_line_loads_nothing_of_the_api():
    """A verb takes a fraction of a second; the pages' framework takes longer to load than most verbs to run."""
    code = "import sys, node.app, node.cli.main; print([name for name in sys.modules if name.startswith(('node.web', 'fastapi'))])"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "[]" == said.stdout.strip()
