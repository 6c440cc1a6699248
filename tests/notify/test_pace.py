"""When a message may go out: quiet hours, the robot's budget, waiting after a failure."""

from datetime import UTC, datetime, time, timedelta

import pytest

from node.domain.time import BEIJING
from node.notify.pace import QuietHours, in_posts, next_attempt, robot_budget, robot_posts_per_minute_max

NIGHT = QuietHours(time(20), time(8))
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        (NIGHT, "2026-03-02 19:59", "2026-03-02 19:59"),
        (NIGHT, "2026-03-02 20:00", "2026-03-03 08:00"),
        (NIGHT, "2026-03-03 00:30", "2026-03-03 08:00"),
        (NIGHT, "2026-03-03 07:59", "2026-03-03 08:00"),
        (NIGHT, "2026-03-03 08:00", "2026-03-03 08:00"),
        (QuietHours(time(12), time(14)), "2026-03-02 13:00", "2026-03-02 14:00"),
        (QuietHours(time(12), time(14)), "2026-03-02 11:59", "2026-03-02 11:59"),
        (QuietHours(time(9), time(9)), "2026-03-02 09:00", "2026-03-02 09:00"),
    ],
)
def test_a_phone_rings_from_the_end_of_the_quiet_hours_on(hours: QuietHours, now: str, expected: str):
    """Begin and end belong to the day in Beijing; the begin is quiet, the end is not."""
    assert beijing(expected) == hours.until(beijing(now))


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 15, 30), (2, 30, 60), (5, 240, 480), (8, 1800, 3600), (40, 1800, 3600)])
def test_each_failure_waits_twice_as_long_up_to_an_hour(attempts: int, least: int, most: int):
    """The wait is spread over its second half, by a share that the caller draws."""
    assert [NOW + timedelta(seconds=least), NOW + timedelta(seconds=most)] == [
        next_attempt(NOW, attempts, 0.0),
        next_attempt(NOW, attempts, 1.0),
    ]


def test_the_robot_posts_less_than_twenty_times_in_any_minute():
    """WeCom drops what comes beyond 20 a minute."""
    posted = [NOW - timedelta(seconds=seconds) for seconds in (90, 61, 59, 30, 1)]
    assert [robot_posts_per_minute_max - 3, 0] == [robot_budget(posted, NOW), robot_budget([NOW] * 25, NOW)]
    assert robot_posts_per_minute_max < 20


@pytest.mark.parametrize(
    ("lines", "posts", "expected"),
    [
        ([], 3, []),
        (["一二三"], 0, []),
        (["一二三", "四五六", "七"], 1, [[0, 1]]),
        (["一二三", "四五六", "七"], 2, [[0, 1], [2]]),
        (["一" * 30, "二"], 2, [[0], [1]]),
    ],
)
def test_a_post_takes_as_many_lines_as_fit_in_bytes(lines: list[str], posts: int, expected: list[list[int]]):
    """Twenty bytes a post: a Chinese character is three, and each line ends with one more; a line that is too long stands alone."""
    assert expected == in_posts(lines, posts, 20)
