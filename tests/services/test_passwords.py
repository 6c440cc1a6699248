"""Which passwords are guessed first, whatever the rule on length and mixture says of them (OWASP ASVS 5.0 6.2.4, 6.2.12)."""

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from node.domain.login import password_characters_min, weakness
from node.services.passwords import is_guessed, start_password

BREACHED = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= password_characters_min]


@pytest.mark.parametrize("password", ["Sunshine1!", "Liverpool1!", "P@$$w0rd2020", "Princess1987", "trustno1trustno1"])
def test_what_breaches_brought_out_is_guessed_though_it_is_long_and_mixed(password: str) -> None:
    assert weakness(password, "liming") is None
    assert is_guessed(password)


def test_every_breached_password_that_is_long_enough_is_guessed() -> None:
    assert len(BREACHED) > 500
    assert [] == [one for one in BREACHED if not is_guessed(one)]


@pytest.mark.parametrize("password", ["Tea2Kettle#9", "four plain words do", "安顺的春天来得很早花开了又谢人来了"])
def test_what_somebody_thought_of_is_not(password: str) -> None:
    assert not is_guessed(password)


def test_nor_is_what_the_node_itself_gives_however_long() -> None:
    assert not is_guessed(start_password())
    assert not is_guessed(" ".join(start_password() for _ in range(6)))


def test_words_that_are_known_of_the_account_do_not_count() -> None:
    assert not is_guessed("Xiaohuangyuan1!")
    assert is_guessed("Xiaohuangyuan1!", "xiaohuangyuan")
