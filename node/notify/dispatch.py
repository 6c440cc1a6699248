"""
Sending what waits in the outbox, a channel at a time.

Nothing here ever holds up a command: the outbox was written with the entry, and a gateway that is dead only makes its own
rows wait.  A row is marked after its gateway took it, so a process that dies between the two sends it again under the same
idempotency key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import structlog

from node.domain.pack import Pack
from node.notify import pace
from node.notify.gateways import Gateway, GatewayError, Message, robot_bytes_max
from node.notify.notice import Channel
from node.storage import notices
from node.storage.notices import Row
from node.storage.unit_of_work import Store

log = structlog.get_logger()

# Where the audience of a row is reached by a channel: a phone number, an address; "" if nowhere.
Reach = Callable[[Row], str]
# The sentence of a row for a channel.
Say = Callable[[Row], tuple[str, str]]
_RINGS = frozenset({Channel.SMS.value})


@dataclass(frozen=True)
class Sent:
    """What one run did."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0


@dataclass
class Dispatcher:
    """
    Sends what is due.  *say* writes subject and body of a row, *reach* knows phone numbers and addresses, *share* spreads
    retries (0 to 1).
    """

    store: Store
    gateways: Mapping[str, Gateway]
    say: Say
    reach: Reach
    share: Callable[[], float]
    _posted: list[datetime] = field(default_factory=list)

    def run(self, pack: Pack | None, now: datetime) -> Sent:
        """Send what is due at *now*; quiet hours are the pack's."""
        with self.store.read() as view:
            rows = notices.due(view.connection, now)
        if not rows:
            return Sent()
        quiet_until = _quiet(pack).until(now) if pack is not None else now
        counts = [0, 0, 0]
        for channel in dict.fromkeys(row.channel for row in rows):
            mine = [row for row in rows if row.channel == channel]
            if channel == Channel.IN_APP.value:
                self._taken(mine, now)  # the page is the delivery
                counts[0] += len(mine)
            elif channel in _RINGS and quiet_until > now:
                self._put_off(mine, quiet_until)
                counts[2] += len(mine)
            elif channel not in self.gateways:
                # No phone number is opened, and no opening journaled, for nothing.
                self._failed(mine, "no gateway is set", now)
                counts[1] += len(mine)
            elif channel == Channel.ROBOT.value:
                counts = [a + b for a, b in zip(counts, self._post(mine, now), strict=True)]
            else:
                for row in mine:
                    counts[0 if self._send(row, now) else 1] += 1
        return Sent(*counts)

    def _send(self, row: Row, now: datetime) -> bool:
        to = self.reach(row)
        subject, body = self.say(row)
        return self._hand_over([row], Message(row.id, to, subject, body), now, needs_address=True)

    def _post(self, rows: Sequence[Row], now: datetime) -> list[int]:
        """The robot's posts take several notices each; what is over its budget waits a minute."""
        budget = pace.robot_budget(self._posted, now)
        self._posted = [at for at in self._posted if at > now - timedelta(minutes=1)]
        counts = [0, 0, 0]
        lines = [self.say(row)[1] for row in rows]
        posts = pace.in_posts(lines, budget, robot_bytes_max)
        for places in posts:
            self._posted.append(now)
            mine = [rows[place] for place in places]
            body = "\n".join(lines[place] for place in places)
            taken = self._hand_over(mine, Message(mine[0].id, "", "", body), now, needs_address=False)
            counts[0 if taken else 1] += len(mine)
        over = rows[sum(len(places) for places in posts) :]
        if over:
            self._put_off(over, now + timedelta(minutes=1))
        counts[2] += len(over)
        return counts

    def _hand_over(self, rows: Sequence[Row], message: Message, now: datetime, *, needs_address: bool) -> bool:
        try:
            if needs_address and not message.to:
                raise GatewayError("no address")
            self.gateways[rows[0].channel].send(message)
        except GatewayError as error:
            return self._failed(rows, str(error), now)
        return self._taken(rows, now)

    def _taken(self, rows: Sequence[Row], now: datetime) -> bool:
        with self.store.write() as work:
            notices.mark_sent(work.connection, [row.id for row in rows], now)
        return True

    def _failed(self, rows: Sequence[Row], error: str, now: datetime) -> bool:
        log.warning("notice_failed", channel=rows[0].channel, error=error, notices=len(rows), attempts=rows[0].attempts + 1)
        with self.store.write() as work:
            for row in rows:
                is_over = now - row.created_at > pace.give_up_after
                again = None if is_over else pace.next_attempt(now, row.attempts + 1, self.share())
                notices.mark_failed(work.connection, row.id, row.attempts + 1, again, error)
        return False

    def _put_off(self, rows: Sequence[Row], until: datetime) -> None:
        with self.store.write() as work:
            notices.put_off(work.connection, [row.id for row in rows], until)


def _quiet(pack: Pack) -> pace.QuietHours:
    begin, end = pack.find("notify.quiet_from"), pack.find("notify.quiet_until")
    if begin is None or end is None:
        return pace.QuietHours(time(), time())
    return pace.QuietHours(time.fromisoformat(str(begin.value)), time.fromisoformat(str(end.value)))
