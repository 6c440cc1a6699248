"""Which passwords are guessed first, whatever the rule on length and mixture says of them (OWASP ASVS 5.0 6.2.4, 6.2.12)."""

import pytest
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from node.domain.login import password_characters_min, weakness
from node.services.passwords import TRIED_FIRST, is_guessed, start_password

# Words that stood in a list of ours; all are among the passwords that zxcvbn has.
FORMERLY = (
    "password", "passw0rd", "qwerty", "asdfgh", "zxcvbn", "1q2w3e", "qazwsx", "admin", "letmein", "welcome", "iloveyou", "abc123",
    "a123456",
)  # fmt: skip
BREACHED = [one for one in FREQUENCY_LISTS["passwords"] if len(one) >= password_characters_min]


def is_refused(password: str) -> bool:
    """By either of the rules that are asked when somebody sets it."""
    return weakness(password, "liming", TRIED_FIRST) is not None or is_guessed(password, "liming")


@pytest.mark.parametrize("password", ["Sunshine1!", "Liverpool1!", "P@$$w0rd2020", "Princess1987", "trustno1trustno1"])
def test_what_breaches_brought_out_is_guessed_though_it_is_long_and_mixed(password: str) -> None:
    assert weakness(password, "liming") is None
    assert is_guessed(password)


def test_every_breached_password_that_is_long_enough_is_guessed() -> None:
    assert len(BREACHED) > 500
    assert [] == [one for one in BREACHED if not is_guessed(one)]


@pytest.mark.parametrize("word", FORMERLY)
def test_what_is_made_of_a_known_word_is_refused_whatever_stands_around_it(word: str) -> None:
    """With a year or a few signs, beside a run, twice, beside another known word."""
    called = word.title()
    made = [f"{called}2026", f"{called}-9x!", f"{called}@12345678", f"{word}{called}1!", f"{called}#{word}!7"]
    made += [f"{called}{other}!1" for other in FORMERLY]

    assert word in FREQUENCY_LISTS["passwords"]
    assert [] == [one for one in made if len(one) >= password_characters_min and not is_refused(one)]


@pytest.mark.parametrize(
    "password",
    ["Woaini5201314!", "1314520-Woaini", "Qyzj-qyzj01", "Qyzj@Admin888", "Qiyezhijia-01", "wodemima5201314!"],
)
def test_chinese_words_and_names_of_this_product_are_refused_too(password: str) -> None:
    assert is_refused(password)


@pytest.mark.parametrize("password", ["Tea2Kettle#9", "four plain words do", "安顺的春天来得很早花开了又谢人来了"])
def test_what_somebody_thought_of_is_not(password: str) -> None:
    assert not is_guessed(password) and not is_refused(password)


def test_nor_is_what_the_node_itself_gives_however_long() -> None:
    assert not is_guessed(start_password())
    assert not is_guessed(" ".join(start_password() for _ in range(6)))


def test_words_that_are_known_of_the_account_do_not_count() -> None:
    assert not is_guessed("Xiaohuangyuan1!")
    assert is_guessed("Xiaohuangyuan1!", "xiaohuangyuan")
