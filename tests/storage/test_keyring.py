"""The key ring: a node's secrets outlive its database, and leave its directory under a pass phrase only (DESIGN 13)."""

import base64
import json
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from node.domain.payload import PayloadKind
from node.storage import keyring
from node.storage.keyring import KeyRing, KeyRingError, parse_recovery_key, print_recovery_key, verify_signature, write_private
from node.storage.sealing import MonthKeyName, Reader, new_key, public_of, unwrap_month_key, wrap_month_key

PHRASE = "安顺市企业之家的备份口令"


@pytest.fixture(autouse=True)
def quick_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports in these tests cost 1 MiB instead of 128; the cost stands in the export, so both are read alike."""
    monkeypatch.setattr(keyring, "_EXPORT_LOG2_COST", 10)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(KeyRingError) as caught:
        act()
    return caught.value.code


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestCreate:
    """`qyzj init` makes a node's keys once."""

    def test_what_was_made_is_what_is_loaded(self, tmp_path: Path) -> None:
        """All keys survive the process."""
        ring, _ = KeyRing.create(tmp_path / "keys", os.urandom)

        assert ring == KeyRing.load(tmp_path / "keys")

    def test_only_the_owner_may_read(self, tmp_path: Path) -> None:
        """File 0600, directory 0700, and nothing else left in it."""
        KeyRing.create(tmp_path / "keys", os.urandom)

        assert (0o700, 0o600) == (mode_of(tmp_path / "keys"), mode_of(tmp_path / "keys" / "keyring.json"))
        assert ["keyring.json"] == os.listdir(tmp_path / "keys")

    def test_keys_are_never_replaced(self, tmp_path: Path) -> None:
        """A second init would leave all that is sealed without a reader."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert "KEYRING_EXISTS" == code_of(lambda: KeyRing.create(tmp_path, os.urandom))
        assert ring == KeyRing.load(tmp_path)
        assert ["keyring.json"] == os.listdir(tmp_path)

    def test_no_two_keys_are_one(self, tmp_path: Path) -> None:
        """The desk's key opens contacts; the node's must not."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert 4 == len({*ring.public_keys().values(), ring.signing_public})

    def test_the_published_keys_are_those_that_open(self, tmp_path: Path) -> None:
        """What is wrapped for the tree's public key opens here, as the reader that it was wrapped for and no other."""
        ring, recovery = KeyRing.create(tmp_path, os.urandom)
        name, month_key = MonthKeyName("520402", PayloadKind.CONTACT, "2026-02"), new_key(os.urandom)
        secrets = {
            Reader.NODE: ring.secret(Reader.NODE),
            Reader.DESK: ring.secret(Reader.DESK),
            Reader.RECOVERY: parse_recovery_key(recovery),
        }

        wrapped = {who: wrap_month_key(month_key, public, name.info(f"520400/{who}")) for who, public in ring.public_keys().items()}

        assert set(Reader) == set(wrapped)
        assert {month_key} == {unwrap_month_key(wrapped[who], secrets[who], name.info(f"520400/{who}")) for who in Reader}

    def test_printing_it_shows_no_secret(self, tmp_path: Path) -> None:
        """A key ring may stand in a traceback."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert f"KeyRing(recovery_public={ring.recovery_public!r})" == repr(ring)

    def test_a_full_disk_leaves_nothing_half(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the file cannot be made durable, there is none."""

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)

        with pytest.raises(OSError, match="No space left"):
            KeyRing.create(tmp_path, os.urandom)

        assert [] == os.listdir(tmp_path)


class TestLoad:
    """A key ring that is not whole, or not private, is not used."""

    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        """It is not made anew in passing."""
        assert "KEYRING_MISSING" == code_of(lambda: KeyRing.load(tmp_path))

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
    def test_one_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        """Who copied the data directory carelessly learns it now."""
        KeyRing.create(tmp_path, os.urandom)
        (tmp_path / "keyring.json").chmod(mode)

        assert "KEYRING_EXPOSED" == code_of(lambda: KeyRing.load(tmp_path))

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda keys: keys.pop("desk_secret"), "KEYRING_BROKEN"),
            (lambda keys: keys.update(node_secret="c2hvcnQ="), "KEYRING_BROKEN"),
            (lambda keys: keys.update(node_secret="not base64!"), "KEYRING_BROKEN"),
            (lambda keys: keys.update(node_secret=7), "KEYRING_BROKEN"),
            (lambda keys: keys.update(format=0), "KEYRING_BROKEN"),
            (lambda keys: keys.update(format=2), "KEYRING_FORMAT_UNKNOWN"),
        ],
    )
    def test_a_damaged_one_is_named(self, tmp_path: Path, change: Callable[[dict[str, object]], object], code: str) -> None:
        """Damaged, or written by a later release: two remedies."""
        KeyRing.create(tmp_path, os.urandom)
        keys = json.loads((tmp_path / "keyring.json").read_text())
        change(keys)
        (tmp_path / "keyring.json").write_text(json.dumps(keys))

        assert code == code_of(lambda: KeyRing.load(tmp_path))

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
    def test_what_is_no_key_ring_is_broken(self, tmp_path: Path, content: bytes) -> None:
        """Also an empty file, which a crash of another tool may leave."""
        write_private(tmp_path / "keyring.json", content, replace=True)

        assert "KEYRING_BROKEN" == code_of(lambda: KeyRing.load(tmp_path))


class TestRecoveryKey:
    """What `qyzj init` prints once: people write it down and type it in on the worst day."""

    def test_it_is_kept_nowhere(self, tmp_path: Path) -> None:
        """Neither as printed nor as bytes nor in base64; only the public half stays."""
        ring, printed = KeyRing.create(tmp_path, os.urandom)
        kept = (tmp_path / "keyring.json").read_bytes()
        secret = parse_recovery_key(printed)

        assert ring.is_recovery_key(secret)
        assert public_of(secret) == ring.recovery_public
        assert [] == [hidden for hidden in kept_forms(secret, printed) if hidden in kept]
        with pytest.raises(ValueError, match="recovery secret is not kept"):
            ring.secret(Reader.RECOVERY)

    def test_it_is_printed_in_groups_of_four(self) -> None:
        """Fourteen of them, letters and the digits 2 to 7."""
        assert "AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYP" == print_recovery_key(bytes(range(32))).replace("-", "")[:51]
        assert [4] * 14 == [len(group) for group in print_recovery_key(bytes(range(32))).split("-")]

    @pytest.mark.parametrize(
        "typed",
        [
            lambda printed: printed,
            lambda printed: printed.lower(),
            lambda printed: printed.replace("-", " "),
            lambda printed: printed.replace("-", ""),
            lambda printed: f"  {printed.replace('-', '—')}\n",
            lambda printed: printed.replace("O", "0").replace("I", "1").replace("B", "8"),
            lambda printed: "".join(chr(ord(c) + 0xFEE0) for c in printed),
        ],
        ids=["as printed", "lower case", "blanks", "in one piece", "long dashes", "digits for letters", "full width"],
    )
    def test_it_is_read_however_it_was_typed(self, typed: Callable[[str], str]) -> None:
        """Base32 has no 0, 1 and 8, so they can only be O, I and B."""
        assert bytes(range(32)) == parse_recovery_key(typed(print_recovery_key(bytes(range(32)))))

    @pytest.mark.parametrize(
        ("typed", "code", "facts"),
        [
            (lambda printed: printed[:-1], "RECOVERY_KEY_LENGTH", {"characters": 55, "characters_due": 56}),
            (lambda printed: printed + "A", "RECOVERY_KEY_LENGTH", {"characters": 57, "characters_due": 56}),
            (lambda printed: "", "RECOVERY_KEY_LENGTH", {"characters": 0, "characters_due": 56}),
            (lambda printed: printed[:11] + "9" + printed[12:], "RECOVERY_KEY_CHARACTER", {"group": 3}),
            (lambda printed: printed[:10] + "钥" + printed[11:], "RECOVERY_KEY_CHARACTER", {"group": 3}),
            (lambda printed: printed[:5] + printed[6] + printed[5] + printed[7:], "RECOVERY_KEY_CHECK", {}),
        ],
        ids=["one short", "one too many", "nothing", "a digit that it cannot have", "no letter", "two exchanged"],
    )
    def test_a_slip_is_said(self, typed: Callable[[str], str], code: str, facts: dict[str, int]) -> None:
        """Which group, or how many, and never the key itself."""
        with pytest.raises(KeyRingError) as caught:
            parse_recovery_key(typed(print_recovery_key(bytes(range(32)))))

        assert (code, facts) == (caught.value.code, caught.value.facts)

    def test_any_one_wrong_letter_is_found(self) -> None:
        """At each of the 56 places: a secret that is nearly right opens nothing and explains nothing."""
        printed = print_recovery_key(bytes(range(32))).replace("-", "")
        slips = [printed[:place] + ("C" if printed[place] != "C" else "D") + printed[place + 1 :] for place in range(56)]

        assert {"RECOVERY_KEY_CHECK"} == {code_of(partial(parse_recovery_key, slip)) for slip in slips}


class TestExport:
    """A backup holds the secret keys under a pass phrase only."""

    def test_it_comes_back_under_its_phrase(self, tmp_path: Path) -> None:
        """On another machine, as if it had been made there."""
        ring, _ = KeyRing.create(tmp_path / "old", os.urandom)

        restored = KeyRing.import_under(PHRASE, ring.export_under(PHRASE, os.urandom), tmp_path / "new")

        assert ring == restored == KeyRing.load(tmp_path / "new")
        assert 0o600 == mode_of(tmp_path / "new" / "keyring.json")

    def test_the_phrase_may_be_typed_at_another_keyboard(self, tmp_path: Path) -> None:
        """Composed or decomposed letters, a full blank or a plain one."""
        ring, _ = KeyRing.create(tmp_path / "old", os.urandom)

        content = ring.export_under("cafe\u0301 caf\u00e9\u3000one", os.urandom)

        assert ring == KeyRing.import_under("caf\u00e9 cafe\u0301 one", content, tmp_path / "new")

    def test_another_phrase_is_refused_and_nothing_written(self, tmp_path: Path) -> None:
        """The operator may try again."""
        content = KeyRing.create(tmp_path / "old", os.urandom)[0].export_under(PHRASE, os.urandom)

        assert "PASS_PHRASE_WRONG" == code_of(lambda: KeyRing.import_under(PHRASE + "x", content, tmp_path / "new"))
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("phrase", ["", "12345678901", "企业之家"])
    def test_a_short_phrase_is_refused(self, tmp_path: Path, phrase: str) -> None:
        """A backup lies about for years, and can be guessed at for as long."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert "PASS_PHRASE_TOO_SHORT" == code_of(lambda: ring.export_under(phrase, os.urandom))

    def test_no_secret_stands_in_it(self, tmp_path: Path) -> None:
        """And two exports of one ring have nothing but the head in common."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)
        first, second = ring.export_under(PHRASE, os.urandom), ring.export_under(PHRASE, os.urandom)

        assert [] == [form for form in kept_forms(ring.node_secret, "") if form and form in first]
        assert first[:10] == second[:10] == b"QYZJKEYS\x01\x0a"
        assert first[10:] != second[10:]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda export: b"", "EXPORT_BROKEN"),
            (lambda export: b"PK\3\4" + export, "EXPORT_BROKEN"),
            (lambda export: export[:20], "EXPORT_BROKEN"),
            (lambda export: export[:8] + b"\x02" + export[9:], "EXPORT_FORMAT_UNKNOWN"),
            (lambda export: export[:9] + b"\x00" + export[10:], "EXPORT_BROKEN"),
            (lambda export: export[:9] + b"\x3f" + export[10:], "EXPORT_BROKEN"),
            (lambda export: export[:9] + b"\x0b" + export[10:], "PASS_PHRASE_WRONG"),
            (lambda export: export[:-1], "PASS_PHRASE_WRONG"),
            (lambda export: export[:-1] + bytes([export[-1] ^ 1]), "PASS_PHRASE_WRONG"),
        ],
        ids=["empty", "another file", "cut", "later version", "no cost", "a cost that fills memory", "other cost", "tail cut", "changed"],
    )
    def test_what_is_no_whole_export_is_refused(self, tmp_path: Path, change: Callable[[bytes], bytes], code: str) -> None:
        """A foreign file cannot make us allocate without bound either."""
        content = KeyRing.create(tmp_path / "old", os.urandom)[0].export_under(PHRASE, os.urandom)

        assert code == code_of(lambda: KeyRing.import_under(PHRASE, change(content), tmp_path / "new"))

    def test_it_replaces_no_key_ring(self, tmp_path: Path) -> None:
        """Restoring into a node that lives is a mistake."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert "KEYRING_EXISTS" == code_of(lambda: KeyRing.import_under(PHRASE, ring.export_under(PHRASE, os.urandom), tmp_path))


def test_the_cost_of_a_guess_is_what_is_recommended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt with N = 2**17, r = 8: 128 MiB a guess."""
    monkeypatch.undo()
    ring, _ = KeyRing.create(tmp_path / "old", os.urandom)

    content = ring.export_under(PHRASE, os.urandom)

    assert 17 == content[9]
    assert ring == KeyRing.import_under(PHRASE, content, tmp_path / "new")


class TestSigning:
    """The signing key of checkpoints: not the TLS key, and with the node for life."""

    def test_a_signature_is_checked_by_the_public_key(self, tmp_path: Path) -> None:
        """Also after the node was started anew."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert verify_signature(ring.signing_public, b"checkpoint", KeyRing.load(tmp_path).sign(b"checkpoint"))

    @pytest.mark.parametrize(
        ("public", "message", "signature"),
        [
            (None, b"another", None),
            (bytes(32), b"checkpoint", None),
            (b"short", b"checkpoint", None),
            (None, b"checkpoint", bytes(64)),
            (None, b"checkpoint", b""),
        ],
        ids=["other message", "other key", "no key", "other signature", "no signature"],
    )
    def test_anything_else_is_no_signature(self, tmp_path: Path, public: bytes | None, message: bytes, signature: bytes | None) -> None:
        """Malformed input from a peer is false, not a crash."""
        ring, _ = KeyRing.create(tmp_path, os.urandom)

        assert not verify_signature(public or ring.signing_public, message, ring.sign(b"checkpoint") if signature is None else signature)


class TestWritePrivate:
    """A private file is there whole or as it was before."""

    def test_a_failed_replacement_leaves_the_former(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A renewal on a full disk does not cost the node its certificate."""
        write_private(tmp_path / "node.pem", b"former", replace=True)

        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_private(tmp_path / "node.pem", b"new", replace=True)

        assert (b"former", ["node.pem"]) == ((tmp_path / "node.pem").read_bytes(), os.listdir(tmp_path))

    def test_it_is_private_whatever_the_umask(self, tmp_path: Path) -> None:
        """Not even for a moment is it open to others."""
        former = os.umask(0)
        try:
            write_private(tmp_path / "keys" / "node.pem", b"secret", replace=True)
        finally:
            os.umask(former)

        assert (0o700, 0o600) == (mode_of(tmp_path / "keys"), mode_of(tmp_path / "keys" / "node.pem"))


def kept_forms(secret: bytes, printed: str) -> list[bytes]:
    """How a secret could be found in a file."""
    encoded = [base64.b64encode(secret), base64.b32encode(secret)[:40], secret.hex().encode()]
    forms = [secret, *encoded, printed.encode(), printed.replace("-", "").encode()]
    return [form for form in forms if form]
