"""What this node's people are called wherever it shows who did what."""

from pathlib import Path

import pytest

from node.services.people import people_of
from node.services.queries import names
from tests.support.node import Hands
from tests.web.office import CLERK, OFFICER, Office, open_account, open_office
from tests.web.support import at_desk


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return open_office(tmp_path)


def called(hands: Hands, account: str, node: str = "") -> str:
    with hands.node.store.read() as view:
        return names(view).person(account, node)


def test_who_did_it_is_called_by_his_name_on_the_page_of_the_ticket(office: Office) -> None:
    """USERS (b): the account is how somebody signs in, and not what he is called."""
    page = at_desk(office.hands, OFFICER).get(f"/tickets/{office.pooled}").text

    assert ("李梅" in page, ">li (" in page, "王芳" in page) == (True, False, True)


def test_two_people_of_one_name_are_told_apart_by_their_accounts(office: Office) -> None:
    """Nobody is taken for another one."""
    open_account(office.hands, "li-2", ("window_clerk",), name="李梅")

    assert ["李梅 li", "李梅 li-2", "王芳"] == [called(office.hands, one) for one in (CLERK, "li-2", OFFICER)]


def test_an_account_that_was_opened_while_the_node_runs_is_called_by_its_name_at_once(office: Office) -> None:
    """What was read once is kept, and what was written since is read on."""
    before = called(office.hands, "sun")
    open_account(office.hands, "sun", ("window_clerk",), name="孙亮")

    assert ("sun", "孙亮") == (before, called(office.hands, "sun"))


def test_a_person_of_another_node_has_no_name_here(office: Office) -> None:
    """An account of that name may be somebody else's there, and how its people are called is not for this node to read."""
    assert ("李梅", CLERK) == (called(office.hands, CLERK, office.hands.node.code), called(office.hands, CLERK, "520400"))


def test_names_are_opened_once_and_then_asked_for_with_one_statement(office: Office) -> None:
    """A page shows many people; none of them costs a statement of his own."""
    with office.hands.node.store.read() as view:
        people_of(view)
    with office.hands.node.store.read() as view:
        asked: list[str] = []
        run = view.connection.execute
        view.connection.execute = lambda statement, *rest, **more: asked.append(str(statement)) or run(statement, *rest, **more)  # type: ignore[method-assign, func-returns-value]
        found = people_of(view)

    assert (1, "李梅") == (len(asked), found[CLERK])
