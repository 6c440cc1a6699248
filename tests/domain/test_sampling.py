"""FEDERATION 3.2 - 3.4: a draw that nobody can steer and everybody can repeat."""

import random
from hashlib import sha256

import pytest

from node.domain.sampling import (
    NO_PULSE,
    FrameEntry,
    commitment,
    detection_probability,
    draw_order,
    draw_sample,
    frame_root,
    further_draws,
    sample_size,
    seed,
    tau,
)

COUNTY, PERIOD = "520402", "2025-11"
SECRET, PULSE = bytes(range(32)), sha256(b"pulse-demo").digest()
FRAME = [FrameEntry(f"520402-202511-{number:05d}#1", "completed", 7 * (number - 1)) for number in range(1, 24)]
KEYS = [entry.key for entry in FRAME]
FRAME_ROOT = bytes.fromhex("00cf14090b1b4b847b2f8aaa75157e25c17cbcaf8338d6bd43871adf0ac93598")
SEED = bytes.fromhex("4cc11a8cf5acaed0b305ed351e361ffe5c0c1c157aa032221e1b7acbf6fbe46f")


def a_frame(size, county=COUNTY):
    return [f"{county}2026020100{number:03d}0#1" for number in range(size)]


class TestTheVectorOfTheTreaty:
    """FEDERATION 3.4: 23 completions of 520402 in 2025-11, ten percent with a floor of ten."""

    def test_the_root_of_the_frame(self):
        """Sorted by the bytes of the key; the order in which they were collected does not count."""
        shuffled = random.Random(4).sample(FRAME, len(FRAME))

        assert [FRAME_ROOT, FRAME_ROOT] == [frame_root(FRAME), frame_root(shuffled)]

    def test_the_commitment(self):
        """What the city journals before the period."""
        assert "57c4a4b0f60be0768a4f96be0c87a12b8a514e1081ad84e3578663c254ddb38a" == commitment(COUNTY, PERIOD, SECRET).hex()

    def test_the_seed(self):
        """Bound to county, period, frame, secret and pulse."""
        assert SEED == seed(COUNTY, PERIOD, FRAME_ROOT, SECRET, PULSE)

    def test_the_lot_of_the_first(self):
        """It begins 2f6b0316e56b4139."""
        assert "2f6b0316e56b4139" == tau("520402-202511-00007#1", SEED).hex()[:16]

    def test_ten_percent_are_three_and_the_floor_makes_them_ten(self):
        """23 tickets: ceil(2.3) = 3; with the recommended floor 10."""
        assert (3, 10) == (sample_size(23, 10, 1), sample_size(23, 10, 10))

    def test_the_sample_in_its_order(self):
        """The ten keys, first called first; the plain ten percent are the first three of them."""
        expected = tuple(f"520402-202511-{number:05d}#1" for number in (7, 3, 11, 12, 13, 17, 9, 21, 4, 1))

        assert expected == draw_sample(KEYS, rate=10, floor=10, seed=SEED)
        assert expected[:3] == draw_sample(KEYS, rate=10, floor=1, seed=SEED)


class TestFrameAndSeed:
    """FEDERATION 3.2, 3.3: every byte that goes in changes what comes out, and nothing can be read in two ways."""

    def test_one_changed_entry_changes_the_root(self):
        """Key, outcome and place in the journal are all bound."""
        variants = [
            [*FRAME[:-1], FrameEntry("520402-202511-00023#2", "completed", 154)],
            [*FRAME[:-1], FrameEntry("520402-202511-00023#1", "terminated", 154)],
            [*FRAME[:-1], FrameEntry("520402-202511-00023#1", "completed", 155)],
            FRAME[:-1],
            FRAME,
        ]

        assert len(variants) == len({frame_root(variant) for variant in variants})

    def test_every_part_changes_the_seed(self):
        """Another county, period, frame, secret or pulse is another draw."""
        other = b"o" * 32
        seeds = {
            seed(COUNTY, PERIOD, FRAME_ROOT, SECRET, PULSE),
            seed("520424", PERIOD, FRAME_ROOT, SECRET, PULSE),
            seed(COUNTY, "2025-12", FRAME_ROOT, SECRET, PULSE),
            seed(COUNTY, PERIOD, other, SECRET, PULSE),
            seed(COUNTY, PERIOD, FRAME_ROOT, other, PULSE),
            seed(COUNTY, PERIOD, FRAME_ROOT, SECRET, other),
        }

        assert 6 == len(seeds)

    def test_before_pulses_exist_the_pulse_is_32_zero_bytes(self):
        """DESIGN 13, sampling before pulses exist."""
        by_hand = sha256(b"qyzj/seed/v1\n520402\n2025-11\n" + FRAME_ROOT + SECRET + bytes(32)).digest()

        assert by_hand == seed(COUNTY, PERIOD, FRAME_ROOT, SECRET) == seed(COUNTY, PERIOD, FRAME_ROOT, SECRET, NO_PULSE)

    def test_an_empty_frame_has_the_root_of_the_empty_tree(self):
        """A month without completions still has a round."""
        assert sha256(b"").digest() == frame_root([])

    @pytest.mark.parametrize(
        "make",
        [
            lambda: FrameEntry("a\nb", "completed", 0),
            lambda: FrameEntry("", "completed", 0),
            lambda: FrameEntry("a#1", "completed\n9", 0),
            lambda: FrameEntry("a#1", "completed", -1),
            lambda: commitment("520402\n2025", "11", SECRET),
            lambda: commitment(COUNTY, "", SECRET),
            lambda: commitment(COUNTY, PERIOD, SECRET[:31]),
            lambda: seed(COUNTY, PERIOD, FRAME_ROOT[:31], SECRET + b"0", PULSE),
            lambda: seed(COUNTY, PERIOD, FRAME_ROOT, SECRET[:31], PULSE),
            lambda: seed(COUNTY, PERIOD, FRAME_ROOT, SECRET, b""),
            lambda: tau("a#1", b"short"),
            lambda: frame_root([*FRAME, FRAME[0]]),
        ],
    )
    def test_what_could_be_read_in_two_ways_is_refused(self, make):
        """Line feeds, wrong lengths, empty names, repeated keys."""
        with pytest.raises(ValueError, match=r"must|negative|repeats"):
            make()


class TestDrawSample:
    """AS25-3.2.4b: the superior calls not less than ten percent of each county's completed tickets."""

    @pytest.mark.parametrize(("frame_size", "size"), [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (30, 3), (101, 11)])
    def test_ten_percent_are_rounded_up(self, frame_size, size):
        """The row of the clause, floor 1."""
        assert size == sample_size(frame_size, rate=10, floor=1)
        assert size == len(draw_sample(a_frame(frame_size), rate=10, floor=1, seed=SEED))

    @pytest.mark.parametrize(
        ("frame_size", "rate", "floor", "size"),
        [(4, 10, 10, 4), (40, 10, 10, 10), (101, 10, 10, 11), (30, 30, 1, 9), (31, 30, 1, 10), (7, 100, 1, 7), (0, 10, 10, 0)],
    )
    def test_rate_and_floor_of_the_pack_hold_while_the_frame_has_them(self, frame_size, rate, floor, size):
        """max(ceil(N*P/100), min(N, F))."""
        assert size == sample_size(frame_size, rate, floor)

    def test_each_county_is_drawn_by_itself(self):
        """Eleven and thirty tickets of two counties are two and three calls, not ceil(4.1) over both."""
        drawn = {}
        for county, size in (("520402", 11), ("520424", 30)):
            keys = a_frame(size, county)
            root = frame_root(FrameEntry(key, "completed", place) for place, key in enumerate(keys))
            drawn[county] = draw_sample(keys, rate=10, floor=1, seed=seed(county, "2026-02", root, SECRET))

        assert {"520402": 2, "520424": 3} == {county: len(keys) for county, keys in drawn.items()}
        assert all(key.startswith(county) for county, keys in drawn.items() for key in keys)

    def test_the_stored_seed_and_frame_give_the_same_picks(self):
        """In whatever order the frame is read back."""
        keys = a_frame(101)
        first = draw_sample(keys, rate=10, floor=1, seed=SEED)

        for again in range(20):
            shuffled = random.Random(again).sample(keys, len(keys))
            assert first == draw_sample(shuffled, rate=10, floor=1, seed=SEED)

    def test_a_higher_rate_only_adds(self):
        """The sample is the beginning of one order, so raising the rate drops nobody."""
        keys = a_frame(101)
        order = draw_order(keys, SEED)

        for rate in range(10, 101):
            assert order[: sample_size(101, rate, 1)] == draw_sample(keys, rate, 1, SEED)
        assert sorted(keys) == sorted(order)

    def test_everybody_is_drawn_about_equally_often(self):
        """5,000 draws of 3 out of 30: each key about 500 times; six deviations are 127."""
        keys = a_frame(30)
        times = dict.fromkeys(keys, 0)
        for number in range(5_000):
            for key in draw_sample(keys, rate=10, floor=1, seed=sha256(b"%d" % number).digest()):
                times[key] += 1

        assert 15_000 == sum(times.values())
        assert [] == [key for key, count in times.items() if not 373 <= count <= 627]

    @pytest.mark.parametrize("rate", [9, 0, -10, 101, 10.0, 9.99, 0.1, True])
    def test_a_rate_below_ten_percent_or_not_whole_is_refused(self, rate):
        """AS25-3.2.4b: the rate may be raised, never set below 10."""
        for call in (
            lambda: sample_size(10, rate, 1),
            lambda: draw_sample(KEYS, rate, 1, SEED),
            lambda: further_draws(KEYS, 3, 0, 3, rate),
        ):
            with pytest.raises(ValueError, match="no whole percent from 10 to 100"):
                call()

    def test_what_else_is_out_of_range_is_refused(self):
        """A repeated key, a floor below one, a frame of less than nothing."""
        with pytest.raises(ValueError, match="repeats 520402-202511-00001#1"):
            draw_sample([*KEYS, KEYS[0]], 10, 1, SEED)
        with pytest.raises(ValueError, match="floor 0"):
            sample_size(10, 10, 0)
        with pytest.raises(ValueError, match="-1 keys"):
            sample_size(-1, 10, 1)


class TestFurtherDraws:
    """DESIGN 8: who cannot be reached counts against the county and is not replaced; more of the same order are called."""

    @pytest.mark.parametrize(
        ("frame_size", "drawn", "reached", "unreachable", "more"),
        [
            (30, 3, 0, 0, 0),  # all three may still answer
            (30, 3, 3, 0, 0),  # enough
            (30, 3, 2, 1, 1),  # one is missing for good
            (30, 3, 0, 1, 1),  # two are open: one more, not three
            (30, 3, 0, 3, 3),
            (30, 6, 1, 4, 1),  # second step: one open, one reached
            (30, 29, 0, 29, 1),  # the frame ends
            (30, 30, 0, 30, 0),  # the frame has ended
            (23, 10, 3, 7, 0),  # drawn by the floor: ten percent are reached
            (23, 10, 2, 8, 1),
            (9, 1, 0, 1, 1),
            (0, 0, 0, 0, 0),
        ],
    )
    def test_so_many_more_are_called(self, frame_size, drawn, reached, unreachable, more):
        """Until the reached can be ceil(N*P/100), along the same order."""
        order = draw_order(a_frame(frame_size), SEED)

        assert order[drawn : drawn + more] == further_draws(order, drawn, reached, unreachable, rate=10)

    @pytest.mark.parametrize("reachable", [0, 1, 5, 10, 11, 40, 101])
    def test_calling_on_ends_with_enough_reached_or_with_the_frame(self, reachable):
        """Played to the end, with the last *reachable* of the order answering: the hardest case."""
        order = draw_order(a_frame(101), SEED)
        drawn = sample_size(101, 10, 1)
        while True:
            reached = max(0, drawn - (101 - reachable))
            further = further_draws(order, drawn, reached, drawn - reached, rate=10)
            if not further:
                break
            drawn += len(further)

        assert (min(11, reachable), True) == (reached, reached == 11 or drawn == 101)

    @pytest.mark.parametrize(("drawn", "reached", "unreachable"), [(3, 2, 2), (24, 0, 0), (3, -1, 0), (3, 0, -1), (-1, 0, 0)])
    def test_counts_that_contradict_each_other_are_refused(self, drawn, reached, unreachable):
        """More settled than drawn, more drawn than the frame has, less than nothing."""
        with pytest.raises(ValueError, match="cannot be"):
            further_draws(KEYS, drawn, reached, unreachable, rate=10)


class TestDetectionProbability:
    """FEATURES 3.8: what a sample of this size finds; the screen shows it beside every round."""

    @pytest.mark.parametrize(("frame_size", "chance"), [(100, 0.416), (200, 0.660), (500, 0.933), (1000, 0.996)])
    def test_ten_percent_of_a_frame_with_five_percent_bad(self, frame_size, chance):
        """n = ceil(0.1 N), M = 5 %."""
        assert chance == round(detection_probability(frame_size, sample_size(frame_size, 10, 1), frame_size * 5 // 100), 3)

    @pytest.mark.parametrize(("frame_size", "bad", "plain", "floored"), [(40, 4, 0.36, 0.70), (20, 2, 0.19, 0.76), (200, 10, 0.66, 0.66)])
    def test_the_floor_is_what_makes_a_small_county_watched(self, frame_size, bad, plain, floored):
        """FEDERATION 3.4: ten percent alone, and with ten calls at least."""
        chances = [round(detection_probability(frame_size, sample_size(frame_size, 10, floor), bad), 2) for floor in (1, 10)]

        assert [plain, floored] == chances

    @pytest.mark.parametrize(("frame_size", "needed"), [(30, 23), (50, 31), (100, 45), (200, 51), (500, 56), (1000, 57)])
    def test_so_many_calls_find_five_percent_bad_with_95_percent(self, frame_size, needed):
        """The least n with P >= 0.95, M = ceil(0.05 N)."""
        bad = -(-frame_size * 5 // 100)

        assert needed == next(n for n in range(frame_size + 1) if detection_probability(frame_size, n, bad) >= 0.95)

    @pytest.mark.parametrize(("n_frame", "n_sample"), [(10, 1), (30, 3), (101, 11), (7, 7), (7, 0)])
    def test_a_single_bad_ticket_is_found_by_the_share_drawn(self, n_frame, n_sample):
        """n / N."""
        assert n_sample / n_frame == detection_probability(n_frame, n_sample, 1)

    @pytest.mark.parametrize(
        ("n_frame", "n_sample", "bad", "chance"), [(0, 0, 0, 0.0), (10, 3, 0, 0.0), (10, 0, 10, 0.0), (10, 6, 5, 1.0), (10, 1, 10, 1.0)]
    )
    def test_the_ends_are_exact(self, n_frame, n_sample, bad, chance):
        """Nothing to find, nobody called, no way past it."""
        assert chance == detection_probability(n_frame, n_sample, bad)

    @pytest.mark.parametrize(("n_frame", "n_sample", "bad"), [(10, 11, 0), (10, 0, 11), (10, -1, 0), (10, 0, -1), (-1, 0, 0)])
    def test_what_cannot_be_is_refused(self, n_frame, n_sample, bad):
        """More drawn or bad than there are, or less than nothing."""
        with pytest.raises(ValueError, match="cannot be"):
            detection_probability(n_frame, n_sample, bad)
