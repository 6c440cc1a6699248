"""RFC 9562: ids from an injected time and an injected randomness."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest

from node.domain.identifier import uuid5_of, uuid7

NOW = datetime(2026, 2, 13, 1, 30, 0, 123_999, tzinfo=UTC)
ENTRY = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def zeros(count):
    return bytes(count)


class TestUuid7:
    """A UUIDv7: milliseconds, version, random bits."""

    def test_the_example_of_the_rfc(self):
        """RFC 9562, A.6: 2022-02-22 14:22:22 -05:00, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F."""
        moment = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))

        assert "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" == uuid7(moment, lambda _: bytes.fromhex("0cc318c4dc0c0c07398f"))

    @pytest.mark.parametrize("byte", [0x00, 0xFF, 0xA5])
    def test_version_and_variant_stand_whatever_the_random_bits_are(self, byte):
        """Canonical text of version 7."""
        made = uuid7(NOW, lambda count: bytes([byte]) * count)

        assert (made, 7, RFC_4122) == (str(UUID(made)), UUID(made).version, UUID(made).variant)

    def test_the_time_is_kept_to_the_millisecond_rounded_down(self):
        """1770946200123 ms; the other bits are random."""
        made = UUID(uuid7(NOW, zeros))

        assert int(datetime(2026, 2, 13, 1, 30, tzinfo=UTC).timestamp()) * 1000 + 123 == made.int >> 80

    def test_the_time_zone_does_not_matter(self):
        """One moment is one time."""
        assert uuid7(NOW, zeros) == uuid7(NOW.astimezone(timezone(timedelta(hours=8))), zeros)

    def test_all_74_random_bits_count(self):
        """Each bit of the source that is not version or variant makes another id."""
        made = {uuid7(NOW, lambda count, bit=bit: (1 << bit).to_bytes(count, "big")) for bit in range(80)}

        # 74 different ones, and one more for the six bits that version and variant overwrite.
        assert 75 == len(made)

    def test_the_randomness_comes_from_outside_and_is_asked_once(self):
        """Ten bytes; a simulation gives them from its seed."""
        asked = []

        def source(count):
            asked.append(count)
            return bytes(count)

        uuid7(NOW, source)

        assert [10] == asked

    @pytest.mark.parametrize(
        ("now", "random"),
        [
            (datetime(2026, 2, 13), zeros),
            (datetime(1969, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), zeros),
            (NOW, lambda count: bytes(count - 1)),
            (NOW, lambda count: bytes(count + 1)),
        ],
    )
    def test_a_naive_or_impossible_time_and_a_short_source_are_refused(self, now, random):
        """Half an id would collide."""
        with pytest.raises(ValueError, match=r"aware|before 1970|random bytes"):
            uuid7(now, random)


class TestUuid5Of:
    """DESIGN 13: a reaction is a command with id UUIDv5(entry id, reaction), so that a repeat is a no-op."""

    def test_it_is_the_uuid5_of_the_rfc(self):
        """RFC 9562, A.4: www.example.com in the namespace of host names."""
        assert "2ed6657d-e927-568b-95e1-2665a8aea6a2" == uuid5_of("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")

    def test_the_same_two_give_the_same_id_and_others_another(self):
        """One id for each reaction to each entry."""
        other_entry = uuid7(NOW, zeros)

        assert uuid5_of(ENTRY, "receipt") == uuid5_of(ENTRY, "receipt")
        assert 4 == len({uuid5_of(entry, reaction) for entry in (ENTRY, other_entry) for reaction in ("receipt", "finding")})

    @pytest.mark.parametrize(("entry_id", "reaction"), [("", "receipt"), ("520402", "receipt"), (ENTRY.upper(), "receipt"), (ENTRY, "")])
    def test_an_entry_id_has_one_written_form_and_a_reaction_has_a_name(self, entry_id, reaction):
        """Otherwise the journal and the reaction could speak of two things."""
        with pytest.raises(ValueError, match=r"badly formed|canonical|name"):
            uuid5_of(entry_id, reaction)
