"""DESIGN 13: an entry under an opener that does not hold, from a peer whose program is broken, is judged alike by row and refold."""

from dataclasses import replace

import pytest

from node.domain.entry import CustodyHead, Draft
from node.domain.ticket.handling import ProgressRecorded
from node.services.rebuild import check
from node.storage import schema
from node.storage.codec import decode_content
from tests.federation.levels import Place, connect, settle
from tests.federation.situations import agree


@pytest.mark.parametrize(
    ("opener", "version", "is_incomplete"),
    [
        # It may have been the turn of an opener that is not here yet: the ticket waits, and says so.
        ("019bf7d0-9280-7c5d-8ccf-f35ac553e325", 1, True),
        # What it names is here and no opener: void, for ever.
        ("itself", 1, False),
        # Programs that name none stand under the one that holds.
        ("", 2, False),
    ],
)
def test_the_first_custody_number_too_asks_under_which_opener_it_was_written(
    county: Place, city: Place, opener: str, version: int, is_incomplete: bool
) -> None:
    """The city folds it onto its row, in a batch of its own; what it shows is what a rebuild of its readings shows."""
    connect(county, city)
    number = county.register()
    settle(county, city)

    _write_under(county, number, opener)
    settle(county, city)

    (row,) = [one for one in city.rows(schema.tickets) if one.id == number]
    assert (version, is_incomplete) == (row.version, row.is_incomplete)
    assert () == check(city.level.store).differences
    assert () == check(county.level.store).differences
    agree(county, city)


def _write_under(place: Place, number: str, opener: str) -> None:
    """Let the node write the ticket's next version in its own number as if it stood under *opener*."""
    first = next(head for data in place.contents(place.code) if (head := decode_content(data).header).subject.id == number)
    event = ProgressRecorded()
    id = "01985f2e-0000-7000-8000-00000000f00d"
    head = replace(
        first,
        id=id,
        kind=event.kind(),
        custody=CustodyHead(1, opener=id if opener == "itself" else opener),
        version=2,
        recorded_at=place.hands.now,
        clocks=(),
        cause="",
    )
    with place.level.store.write() as work:
        work.append([Draft(head, event)])
