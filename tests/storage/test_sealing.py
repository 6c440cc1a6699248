"""Sealed payloads: what is sealed opens for its reader, in its place, and nowhere else (DESIGN 4 and 13)."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given
from hypothesis import strategies as st

from node.domain.payload import PayloadKind
from node.storage.sealing import (
    MonthKeyName,
    Reader,
    SealingError,
    binding,
    blob_of,
    month_of,
    new_key,
    public_of,
    seal,
    unseal,
    unwrap_month_key,
    unwrap_subject_key,
    wrap_month_key,
    wrap_subject_key,
)

TICKET = "5204022602100017"
HERE = binding("ticket", TICKET, PayloadKind.CONTACT)
KEY = bytes(range(32))
NAME = MonthKeyName("520402", PayloadKind.TEXT, "2026-02")


def seeded(seed: str) -> Callable[[int], bytes]:
    """A source of bytes that repeats for one seed and never within it."""
    drawn = 0

    def random(length: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return hashlib.shake_256(f"{seed} {drawn}".encode()).digest(length)

    return random


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(SealingError) as caught:
        act()
    return caught.value.code


class TestSeal:
    """A payload: AES-256-GCM under its subject's key, salted, bound to subject and kind."""

    @given(plain=st.binary(max_size=300), key=st.binary(min_size=32, max_size=32), aad=st.binary(max_size=40), seed=st.text(max_size=5))
    def test_what_was_sealed_opens(self, plain: bytes, key: bytes, aad: bytes, seed: str) -> None:
        """Any text under any key comes back as it went in, 60 bytes longer on the way."""
        sealed = seal(plain, key, aad, seeded(seed))

        assert plain == unseal(sealed.ciphertext, key, aad, sealed.digest)
        assert len(plain) + 60 == len(sealed.ciphertext)

    def test_the_box_is_the_one_that_the_wire_describes(self) -> None:
        """Nonce first, salt inside; blob is SHA-256 of the ciphertext, digest HMAC-SHA-256(salt, plain)."""
        draws = seeded("wire")
        salt, nonce = draws(32), draws(12)

        sealed = seal("张某，13800000000".encode(), KEY, HERE, seeded("wire"))

        assert nonce + AESGCM(KEY).encrypt(nonce, salt + "张某，13800000000".encode(), HERE) == sealed.ciphertext
        assert hashlib.sha256(sealed.ciphertext).digest() == sealed.blob == blob_of(sealed.ciphertext)
        assert hmac.new(salt, "张某，13800000000".encode(), hashlib.sha256).digest() == sealed.digest

    def test_one_text_sealed_twice_looks_like_two(self) -> None:
        """A digest cannot be compared with that of a guess: each has a salt of its own."""
        random = seeded("twice")

        first, second = seal(b"13800000000", KEY, HERE, random), seal(b"13800000000", KEY, HERE, random)

        assert first.digest != second.digest
        assert first.blob != second.blob

    @pytest.mark.parametrize("place", [0, 11, 12, 43, 44, 54, 55, 70])
    def test_a_changed_byte_is_found(self, place: int) -> None:
        """In the nonce, in the salt, in the text and in the tag."""
        sealed = seal(b"13800000000", KEY, HERE, seeded("changed"))
        changed = bytearray(sealed.ciphertext)
        changed[place] ^= 1

        assert "SEAL_BROKEN" == code_of(lambda: unseal(bytes(changed), KEY, HERE, sealed.digest))

    @pytest.mark.parametrize(
        ("key", "aad"),
        [
            (bytes(32), HERE),
            (KEY, binding("ticket", "5204022602100025", PayloadKind.CONTACT)),
            (KEY, binding("ticket", TICKET, PayloadKind.TEXT)),
            (KEY, binding("enterprise", TICKET, PayloadKind.CONTACT)),
        ],
        ids=["another key", "another ticket", "another kind", "another sort of subject"],
    )
    def test_it_opens_in_its_own_place_only(self, key: bytes, aad: bytes) -> None:
        """A payload cannot be moved to another ticket or passed off as a text."""
        sealed = seal(b"13800000000", KEY, HERE, seeded("moved"))

        assert "SEAL_BROKEN" == code_of(lambda: unseal(sealed.ciphertext, key, aad, sealed.digest))

    def test_another_payload_of_the_same_ticket_is_found(self) -> None:
        """What opens must be what the entry named, not a second true payload in its place."""
        random = seeded("swapped")
        first, second = seal(b"agreed", KEY, HERE, random), seal(b"refused", KEY, HERE, random)

        assert "DIGEST_MISMATCH" == code_of(lambda: unseal(second.ciphertext, KEY, HERE, first.digest))

    @pytest.mark.parametrize("length", [0, 5, 12, 59])
    def test_what_is_too_short_to_be_a_seal_is_none(self, length: int) -> None:
        """A payload that was cut off on the way is broken, not a crash."""
        assert "SEAL_BROKEN" == code_of(lambda: unseal(bytes(length), KEY, HERE, bytes(32)))

    @pytest.mark.parametrize("key", [b"", bytes(16), bytes(31), bytes(33)])
    def test_a_short_key_never_seals(self, key: bytes) -> None:
        """AES would take 16 bytes too; we do not."""
        assert "KEY_MALFORMED" == code_of(lambda: seal(b"x", key, HERE, seeded("short")))

    @given(left=st.tuples(st.text(max_size=4), st.text(max_size=4)), right=st.tuples(st.text(max_size=4), st.text(max_size=4)))
    def test_two_places_never_have_one_binding(self, left: tuple[str, str], right: tuple[str, str]) -> None:
        """ "ab" with "c" is not "a" with "bc"."""
        assert (left == right) == (binding(*left, PayloadKind.TEXT) == binding(*right, PayloadKind.TEXT))


class TestSubjectKey:
    """A subject's key is wrapped by the node's month key: RFC 3394, no public-key step a ticket."""

    def test_it_is_wrapped_as_the_rfc_says(self) -> None:
        """The vector of RFC 3394, section 4.6: 256 bits of key data with a 256-bit key."""
        key = bytes.fromhex("00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F")
        wrapped = bytes.fromhex("28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21")

        assert wrapped == wrap_subject_key(key, KEY)
        assert key == unwrap_subject_key(wrapped, KEY)

    @pytest.mark.parametrize("wrapped", [b"", bytes(24), bytes(40), bytes(48), aes_key_wrap(KEY, bytes(16))])
    def test_what_was_not_wrapped_does_not_open(self, wrapped: bytes) -> None:
        """Also what would unwrap to a key of another length."""
        assert "SUBJECT_KEY_UNOPENED" == code_of(lambda: unwrap_subject_key(wrapped, KEY))

    def test_the_month_before_does_not_open_it(self) -> None:
        """Each month has its own key; who is given one is given that month."""
        wrapped = wrap_subject_key(new_key(seeded("subject")), new_key(seeded("2026-02")))

        assert "SUBJECT_KEY_UNOPENED" == code_of(lambda: unwrap_subject_key(wrapped, new_key(seeded("2026-01"))))


class TestMonthKey:
    """A month key is wrapped by HPKE for each that may open it, and says for whom, whose and of when."""

    def test_each_reader_opens_what_was_wrapped_for_it(self) -> None:
        """The node, its recovery key and its superior all come to the same month key."""
        month_key = new_key(seeded("month"))
        secrets = {recipient: new_key(seeded(recipient)) for recipient in ("520402/node", "520402/recovery", "520400/node")}

        wrapped = {who: wrap_month_key(month_key, public_of(secret), NAME.info(who)) for who, secret in secrets.items()}

        assert {who: month_key for who in secrets} == {who: unwrap_month_key(wrapped[who], secrets[who], NAME.info(who)) for who in secrets}
        assert {80} == {len(one) for one in wrapped.values()}

    def test_it_is_hpke_as_the_rfc_says(self) -> None:
        """RFC 9180, base mode, X25519, HKDF-SHA-256, AES-256-GCM, computed here step by step: others can open it too."""
        month_key, secret = new_key(seeded("month")), new_key(seeded("reader"))

        wrapped = wrap_month_key(month_key, public_of(secret), NAME.info("520400/node"))

        assert month_key == opened_by_the_rfc(wrapped, secret, NAME.info("520400/node"))

    @pytest.mark.parametrize(
        "info",
        [
            MonthKeyName("520424", PayloadKind.TEXT, "2026-02").info("520400/node"),
            MonthKeyName("520402", PayloadKind.CONTACT, "2026-02").info("520400/node"),
            MonthKeyName("520402", PayloadKind.TEXT, "2026-03").info("520400/node"),
            NAME.info("520400/desk"),
            NAME.info("520000/node"),
        ],
        ids=["another node's", "another kind's", "another month's", "for another reader", "for another node"],
    )
    def test_a_wrapped_key_passed_off_as_another_does_not_open(self, info: bytes) -> None:
        """Whoever relays it cannot relabel it."""
        secret = new_key(seeded("city"))
        wrapped = wrap_month_key(KEY, public_of(secret), NAME.info("520400/node"))

        assert "MONTH_KEY_UNOPENED" == code_of(lambda: unwrap_month_key(wrapped, secret, info))

    @pytest.mark.parametrize("place", [0, 31, 32, 63, 64, 79])
    def test_a_changed_byte_is_found(self, place: int) -> None:
        """In the encapsulated key, in the ciphertext and in the tag."""
        secret = new_key(seeded("city"))
        changed = bytearray(wrap_month_key(KEY, public_of(secret), b""))
        changed[place] ^= 1

        assert "MONTH_KEY_UNOPENED" == code_of(lambda: unwrap_month_key(bytes(changed), secret, b""))

    @pytest.mark.parametrize("wrapped", [b"", bytes(79), bytes(80), bytes(81)])
    def test_what_was_not_wrapped_does_not_open(self, wrapped: bytes) -> None:
        """Zeros as the encapsulated key are a point of low order: refused, not computed with."""
        assert "MONTH_KEY_UNOPENED" == code_of(lambda: unwrap_month_key(wrapped, KEY, b""))

    @pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\1" + bytes(31)], ids=["empty", "short", "zero", "order one"])
    def test_nothing_is_wrapped_for_a_public_key_that_anyone_could_open(self, public: bytes) -> None:
        """A peer that publishes a point of low order gets no key."""
        assert "KEY_MALFORMED" == code_of(lambda: wrap_month_key(KEY, public, b""))

    @pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-2", "26-02", "2026-02-01", "2026-02\n", ""])
    def test_a_month_is_written_in_one_way(self, month: str) -> None:
        """Two spellings of one month would be two keys."""
        with pytest.raises(ValueError, match="not of the form 2026-02"):
            MonthKeyName("520402", PayloadKind.TEXT, month)

    @pytest.mark.parametrize(
        ("now", "month"),
        [
            (datetime(2026, 1, 31, 15, 59, 59, tzinfo=UTC), "2026-01"),
            (datetime(2026, 1, 31, 16, 0, tzinfo=UTC), "2026-02"),
            (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "2026-01"),
            (datetime(2026, 2, 28, 20, 0, tzinfo=timezone(timedelta(hours=-5))), "2026-03"),
        ],
    )
    def test_a_month_begins_at_midnight_in_beijing(self, now: datetime, month: str) -> None:
        """As every date of the trade does."""
        assert month == month_of(now)


class TestReaders:
    """Contacts and texts go to different readers."""

    def test_the_revisit_desk_reads_a_county_s_contact_with_the_link_cut(self) -> None:
        """All it needs was mirrored before: payload, subject key, month key; its own secret opens the last."""
        county, desk = seeded("county"), new_key(seeded("desk"))
        name = MonthKeyName("520402", PayloadKind.CONTACT, "2026-02")
        month_key, contact_key = new_key(county), new_key(county)
        sealed = seal("李某".encode(), contact_key, HERE, county)
        mirrored = wrap_month_key(month_key, public_of(desk), name.info("520400/desk")), wrap_subject_key(contact_key, month_key)

        opened = unwrap_subject_key(mirrored[1], unwrap_month_key(mirrored[0], desk, name.info(f"520400/{Reader.DESK}")))

        assert "李某" == unseal(sealed.ciphertext, opened, HERE, sealed.digest).decode()

    def test_the_text_key_opens_no_contact(self) -> None:
        """A superior that may read an appeal does not thereby get the phone number."""
        random = seeded("kinds")
        text_key, contact_key = new_key(random), new_key(random)
        sealed = seal(b"13800000000", contact_key, HERE, random)

        assert "SEAL_BROKEN" == code_of(lambda: unseal(sealed.ciphertext, text_key, HERE, sealed.digest))

    def test_an_error_names_no_secret(self) -> None:
        """What is raised may be logged whole."""
        with pytest.raises(SealingError) as caught:
            seal(b"13800000000", b"secret", HERE, seeded("error"))

        assert "KEY_MALFORMED length_bytes=6" == str(caught.value)


def opened_by_the_rfc(wrapped: bytes, secret: bytes, info: bytes) -> bytes:
    """Open an HPKE message of one piece by the steps of RFC 9180, sections 4.1 and 5.1, from HMAC, X25519 and AES-GCM alone."""
    private = X25519PrivateKey.from_private_bytes(secret)
    encapsulated, ciphertext = wrapped[:32], wrapped[32:]
    kem, suite = b"KEM" + bytes.fromhex("0020"), b"HPKE" + bytes.fromhex("002000010002")
    shared_point = private.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    context = encapsulated + private.public_key().public_bytes_raw()
    shared = expand(extract(b"", b"eae_prk", shared_point, kem), b"shared_secret", context, 32, kem)
    schedule = b"\0" + extract(b"", b"psk_id_hash", b"", suite) + extract(b"", b"info_hash", info, suite)
    root = extract(shared, b"secret", b"", suite)
    key, nonce = expand(root, b"key", schedule, 32, suite), expand(root, b"base_nonce", schedule, 12, suite)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


def extract(salt: bytes, label: bytes, material: bytes, suite: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + material, "sha256")


def expand(root: bytes, label: bytes, info: bytes, length: int, suite: bytes) -> bytes:
    return hmac.digest(root, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\1", "sha256")[:length]
