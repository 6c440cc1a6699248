"""Lock-out, time-outs and passwords, as tables."""

from datetime import UTC, datetime, timedelta

import pytest

from node.domain.login import Attempts, Rules, Stage, Weakness, failed, has_ended, is_start_over, must_change, stage_of, step_of, weakness

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = Rules()


class TestLockOut:
    """GB/T 22239-2019 8.1.4.1: who guesses is locked out, longer each time."""

    @pytest.mark.parametrize(
        ("failures", "minutes"), [(1, 0), (4, 0), (5, 15), (6, 30), (7, 60), (9, 240), (10, 480), (11, 480), (2000, 480)]
    )
    def test_the_fifth_failure_locks_and_each_one_after_it_twice_as_long(self, failures: int, minutes: int) -> None:
        after = failed(Attempts(failures - 1, NOW), NOW + MINUTE)

        assert (failures, minutes * MINUTE if minutes else None) == (
            after.failures,
            after.locked_until and after.locked_until - NOW - MINUTE,
        )

    def test_a_day_without_a_failure_forgets_the_former_ones(self) -> None:
        assert 1 == failed(Attempts(4, NOW), NOW + timedelta(hours=24)).failures

    def test_a_lock_ends_at_its_minute(self) -> None:
        locked = Attempts(5, NOW, NOW + 15 * MINUTE)

        assert [True, False] == [locked.is_locked(NOW + 15 * MINUTE - timedelta(microseconds=1)), locked.is_locked(NOW + 15 * MINUTE)]


class TestTimeOuts:
    @pytest.mark.parametrize(
        ("begun", "seen", "ended"),
        [(0, 0, False), (14, 14, False), (15, 15, True), (479, 1, False), (480, 1, True), (480, 0, True)],
    )
    def test_a_session_ends_when_nobody_sat_there_and_at_the_end_of_the_day(self, begun: int, seen: int, ended: bool) -> None:
        assert ended == has_ended(NOW - begun * MINUTE, NOW - seen * MINUTE, NOW, RULES)


class TestStage:
    @pytest.mark.parametrize(
        ("roles", "has_second", "is_strong", "change", "stage"),
        [
            ("office", False, False, False, Stage.OPEN),
            ("office", True, False, True, Stage.SECOND),
            ("office", True, True, True, Stage.CHANGE),
            ("office", True, True, False, Stage.OPEN),
            ("operator", False, False, True, Stage.CHANGE),
            ("operator", False, False, False, Stage.ENROL),
            ("security_admin", False, False, False, Stage.ENROL),
            ("audit_admin", False, False, False, Stage.ENROL),
            ("audit_admin", False, True, False, Stage.OPEN),
        ],
    )
    def test_the_second_factor_comes_first_and_no_administrator_goes_without(
        self, roles: str, has_second: bool, is_strong: bool, change: bool, stage: Stage
    ) -> None:
        found = stage_of(roles=frozenset({roles}), has_second=has_second, is_strong=is_strong, must_change=change, rules=RULES)

        assert stage == found

    def test_a_setting_asks_it_of_everybody(self) -> None:
        rules = Rules(is_second_for_all=True)

        assert Stage.ENROL == stage_of(roles=frozenset({"department"}), has_second=False, is_strong=False, must_change=False, rules=rules)


class TestPassword:
    @pytest.mark.parametrize(
        ("password", "why"),
        [
            ("Short9!", Weakness.SHORT),
            ("x" * 129, Weakness.LONG),
            ("Password123!", Weakness.COMMON),
            ("Qwertyuiop1!", Weakness.COMMON),
            ("aaaaaaaaaaaaaaaaaaaa", Weakness.COMMON),
            ("Liming-2026!", Weakness.NAME),
            ("onlysmallones", Weakness.KINDS),
            ("Tea2Kettle#9", None),
            ("four plain words do", None),
            ("安顺的春天来得很早花开了又谢人来了", None),
        ],
    )
    def test_a_password_is_long_and_not_what_everybody_tries(self, password: str, why: Weakness | None) -> None:
        assert why == weakness(password, "liming")

    @pytest.mark.parametrize(
        ("is_start", "days", "days_max", "changes"),
        [(True, 0, 90, True), (False, 89, 90, False), (False, 90, 90, True), (False, 900, 0, False)],
    )
    def test_it_is_changed_at_the_start_and_at_its_age(self, is_start: bool, days: int, days_max: int, changes: bool) -> None:
        assert changes == must_change(is_start, NOW - timedelta(days=days), NOW, Rules(password_days_max=days_max))

    @pytest.mark.parametrize(("is_start", "hours", "over"), [(True, 71, False), (True, 72, True), (False, 1000, False)])
    def test_a_start_password_is_good_for_three_days(self, is_start: bool, hours: int, over: bool) -> None:
        assert over == is_start_over(is_start, NOW - timedelta(hours=hours), NOW)


def test_a_step_is_half_a_minute() -> None:
    assert [1, 2, 2, 3] == [step_of(datetime.fromtimestamp(second, UTC)) for second in (59, 60, 89, 90)]
