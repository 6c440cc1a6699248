"""When a notice may go out: quiet hours, the robot's budget, and waiting after a failure.  Pure, with ``now`` passed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from node.domain.time import BEIJING

# WeCom drops what a robot posts beyond 20 a minute; one is kept in reserve.
robot_posts_per_minute_max = 19
_FIRST_WAIT_SECONDS = 30
_LONGEST_WAIT_SECONDS = 3600
# After so long an undelivered notice is given up and shown as such: a receipt three days late confuses more than it helps.
give_up_after = timedelta(days=3)


@dataclass(frozen=True)
class QuietHours:
    """No phone rings between *begin* and *end* of the Beijing day; over midnight if *begin* is later.  Equal: never quiet."""

    begin: time
    end: time

    def until(self, now: datetime) -> datetime:
        """The first moment from *now* on at which a phone may ring."""
        local = now.astimezone(BEIJING)
        moment = local.timetz().replace(tzinfo=None)
        if not self._covers(moment):
            return now
        ends = local.replace(hour=self.end.hour, minute=self.end.minute, second=0, microsecond=0)
        return ends if ends > local else ends + timedelta(days=1)

    def _covers(self, moment: time) -> bool:
        if self.begin <= self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


def next_attempt(now: datetime, attempts: int, share: float) -> datetime:
    """
    When to try again after *attempts* failures: from 30 seconds, doubled each time, at most an hour; *share* (0 to 1) spreads the
    second half of the wait, so that what failed together does not come back together.
    """
    wait = min(_FIRST_WAIT_SECONDS * 2 ** max(attempts - 1, 0), _LONGEST_WAIT_SECONDS)
    return now + timedelta(seconds=wait * (0.5 + 0.5 * share))


def robot_budget(posted: Sequence[datetime], now: datetime) -> int:
    """How many posts the robot may still make at *now*, given the times of those before."""
    since = now - timedelta(minutes=1)
    return max(robot_posts_per_minute_max - sum(1 for at in posted if at > since), 0)


def in_posts(lines: Sequence[str], posts: int, bytes_max: int) -> list[list[int]]:
    """
    Put *lines* into at most *posts* posts of at most *bytes_max* bytes of UTF-8 each, in order; what does not fit waits.  The
    answer are the places of the lines, post by post.
    """
    found: list[list[int]] = []
    used = 0
    for place, line in enumerate(lines):
        size = len(line.encode()) + 1
        if not found or used + size > bytes_max:
            if len(found) == posts:
                break
            found.append([])
            used = 0
        found[-1].append(place)
        used += size
    return found
