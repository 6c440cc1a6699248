"""Drafts: what a person typed is there again, for him alone, and nobody reads it in the database."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from node.services import drafts
from node.storage import schema
from tests.support.node import MONDAY, Hands, make_node


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    return make_node(Path(tmp_path_factory.mktemp("drafts")) / "node")


def saved(hands: Hands, account: str, form: str, **fields: str) -> None:
    with hands.node.store.write() as work:
        drafts.save(work, account, form, {name: [value] for name, value in fields.items()}, hands.now)


class TestDrafts:
    """C24: staff do not lose what they typed."""

    def test_a_draft_is_there_again_as_it_was_typed(self, hands: Hands) -> None:
        """The last state of each field, also of one with several values."""
        with hands.node.store.write() as work:
            drafts.save(work, "li", "intake/1", {"text": ["门前修路"]}, hands.now)
            drafts.save(work, "li", "intake/1", {"text": ["门前修路，没有通知"], "units": ["a", "b"]}, hands.now)

        with hands.node.store.read() as view:
            draft = drafts.load(view, "li", "intake/1")

        assert draft is not None
        assert ({"text": ("门前修路，没有通知",), "units": ("a", "b")}, hands.now) == (draft.fields, draft.saved_at)

    def test_nobody_else_and_no_other_form_sees_it(self, hands: Hands) -> None:
        """A draft is found by its account and form alone."""
        saved(hands, "wang", "intake/2", text="x")

        with hands.node.store.read() as view:
            found = [drafts.load(view, "wang", "intake/3"), drafts.load(view, "zhao", "intake/2"), *drafts.of_account(view, "zhao")]

        assert [None, None] == found

    def test_the_database_shows_nothing_of_it_and_a_moved_row_does_not_open(self, hands: Hands) -> None:
        """A phone number typed into a form stands nowhere in plain, and belongs to whoever typed it."""
        saved(hands, "chen", "intake/4", phone="13985300000")
        table = schema.drafts
        with hands.node.store.write() as work:
            sealed = bytes(work.connection.execute(select(table.c.sealed).where(table.c.account == "chen")).scalar_one())
            work.connection.execute(table.update().where(table.c.account == "chen").values(account="thief"))

        with hands.node.store.read() as view:
            stolen = drafts.load(view, "thief", "intake/4")

        assert (False, None) == (b"13985300000" in sealed, stolen)

    def test_a_list_has_the_forms_of_one_kind(self, hands: Hands) -> None:
        """Several intakes lie side by side, and a reply beside them."""
        for form in ("intake/b", "intake/a", "ticket/1/reply"):
            saved(hands, "sun", form, text=form)

        with hands.node.store.read() as view:
            found = drafts.of_account(view, "sun", "intake/")

        assert ["intake/a", "intake/b"] == [one.form for one in found]

    def test_what_was_sent_is_forgotten(self, hands: Hands) -> None:
        """A draft ends with its form, and twice is as good as once."""
        saved(hands, "gao", "intake/1", text="x")

        with hands.node.store.write() as work:
            drafts.drop(work, "gao", "intake/1")
            drafts.drop(work, "gao", "intake/1")

        with hands.node.store.read() as view:
            assert drafts.load(view, "gao", "intake/1") is None

    def test_what_nobody_came_back_to_is_forgotten(self, tmp_path: Path) -> None:
        """Personal data without a purpose is not kept: a month, and not a minute less."""
        hands = make_node(tmp_path / "node")
        saved(hands, "li", "intake/old", text="x")
        saved(hands.at(MONDAY + timedelta(minutes=1)), "li", "intake/kept", text="x")

        saved(hands.at(MONDAY + timedelta(days=drafts.draft_days_max, minutes=1)), "li", "intake/new", text="x")

        with hands.node.store.read() as view:
            assert ["intake/kept", "intake/new"] == [one.form for one in drafts.of_account(view, "li")]
