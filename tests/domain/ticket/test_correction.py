"""USERS A6, "wrong enterprise": a ticket that was filed under one enterprise goes to another, with the code that says the same."""

import pytest

from node.domain.enterprise.record import Enterprise
from node.domain.payload import Contact, Text
from node.domain.refusal import Code
from node.domain.ticket import correction, filling
from node.domain.ticket.correction import Correct
from node.domain.ticket.ticket import Ticket
from tests.domain.ticket.given import CLERK, COUNTY, CREDIT_CODE, MONDAY, a_policy, a_registration, decided, play, refused

OTHER_CODE = "91520400MAD0R8F80E"


def a_file(id: str, code: str = "", private_code: Contact | None = None, division: str = "") -> Enterprise:
    return Enterprise(id, COUNTY, "active", MONDAY, MONDAY, 1, credit_code=code, private_code=private_code, division=division)


WRONG, RIGHT, CODELESS, SHOP = a_file("E1", CREDIT_CODE), a_file("E2", OTHER_CODE), a_file("E3"), a_file("E4", "", Contact("92X"))


def filed(file: Enterprise | None, code: str = "") -> Ticket:
    """A need that stands under *file* and *code*."""
    fields = {"enterprise": file.id if file else "", "credit_code": code}
    return play(None, [(CLERK, a_registration(**fields), MONDAY)], given={"appellant": file} if file else {})


def corrected(ticket: Ticket, command: Correct, **given: Enterprise | None) -> tuple[str, str]:
    """File and code after *command*."""
    after = play(ticket, [(CLERK, command, MONDAY)], given=given)
    return after.appellant.enterprise, after.appellant.credit_code


def test_what_can_be_filled_in_can_be_corrected():
    """What FILLED_BEFORE tells people to do can be done."""
    assert set() == {*filling.FIELDS} - {*correction.FIELDS}


@pytest.mark.parametrize(
    ("file", "code", "to", "after"),
    [
        (WRONG, CREDIT_CODE, RIGHT, ("E2", OTHER_CODE)),
        (WRONG, "", RIGHT, ("E2", "")),
        (WRONG, OTHER_CODE, RIGHT, ("E2", OTHER_CODE)),
        (WRONG, CREDIT_CODE, SHOP, ("E4", "")),
        (WRONG, CREDIT_CODE, None, ("", "")),
        (None, "", RIGHT, ("E2", "")),
    ],
)
def test_the_right_file_brings_its_code(file, code, to, after):
    """A code that the ticket has is the new file's; a sealed one is not copied; without a file there is none of the wrong one's."""
    command = Correct("enterprise", to.id if to else "")

    assert after == corrected(filed(file, code), command, corrected_file=to)


@pytest.mark.parametrize(
    ("file", "code", "to", "after"),
    [
        (WRONG, CREDIT_CODE, RIGHT, ("E2", OTHER_CODE)),
        (WRONG, CREDIT_CODE, None, ("", OTHER_CODE)),
        (CODELESS, CREDIT_CODE, None, ("E3", OTHER_CODE)),
        (RIGHT, CREDIT_CODE, RIGHT, ("E2", OTHER_CODE)),
        (None, CREDIT_CODE, RIGHT, ("E2", OTHER_CODE)),
        (None, "", None, ("", OTHER_CODE)),
        (WRONG, OTHER_CODE, RIGHT, ("E2", OTHER_CODE)),
    ],
)
def test_the_right_code_brings_its_file(file, code, to, after):
    """A file of another code is left; one that has none, or that very code, stays."""
    ticket = filed(file, code)

    assert after == corrected(ticket, Correct("credit_code", OTHER_CODE), corrected_file=to, linked_file=file)


def test_the_old_file_stands_beside_the_new_one():
    """An event with the old value beside it; the same again writes nothing."""
    ticket = filed(WRONG, CREDIT_CODE)
    first, second = decided(ticket, CLERK, Correct("enterprise", "E2"), MONDAY, given={"corrected_file": RIGHT})

    assert ("E1", "E2", True) == (first.event.old, first.event.new, first.event.is_slip)
    assert (CREDIT_CODE, OTHER_CODE) == (second.event.old, second.event.new)
    assert [] == decided(ticket, CLERK, Correct("enterprise", "E1"), MONDAY, given={"corrected_file": WRONG})


def test_words_and_contacts_stay_sealed():
    """Title, what the enterprise is called, and its address; nothing of them stands in the open."""
    ticket = play(
        filed(None),
        [
            (CLERK, Correct("title", text=Text("Water")), MONDAY),
            (CLERK, Correct("enterprise_name", text=Text("Mill")), MONDAY),
            (CLERK, Correct("address", contact=Contact("North road 2")), MONDAY),
        ],
    )
    (happened,) = decided(ticket, CLERK, Correct("title", text=Text("Power")), MONDAY)

    kept = ticket.intake.title, ticket.details.enterprise_name, ticket.details.address
    assert (Text("Water"), Text("Mill"), Contact("North road 2")) == kept
    assert ("", "") == (happened.event.old, happened.event.new)
    assert ticket.appellant == filed(None).appellant


@pytest.mark.parametrize(
    ("command", "given", "code"),
    [
        (Correct("enterprise", "E9"), {}, Code.SUBJECT_UNKNOWN),
        (Correct("title", "Water"), {}, Code.FIELD_REQUIRED),
        (Correct("address", "North road 2"), {}, Code.FIELD_REQUIRED),
        (Correct("appeal", text=Text("Something else.")), {}, Code.VALUE_NOT_OFFERED),
    ],
)
def test_what_is_no_correction(command, given, code):
    """A file that is not here; words in the open; what the appellant himself said."""
    assert code == refused(filed(WRONG), CLERK, command, MONDAY, given=given).code


def test_an_enterprise_from_elsewhere_is_refused_as_on_registration():
    """FJ25-1.1.3: by its file or by its code."""
    policy = a_policy({"subjects.local_only": True})
    for command in (Correct("enterprise", "E2"), Correct("credit_code", OTHER_CODE)):
        away = a_file("E2", division="110101")
        assert Code.SUBJECT_OUT_OF_SCOPE == refused(filed(None), CLERK, command, MONDAY, policy, given={"corrected_file": away}).code
