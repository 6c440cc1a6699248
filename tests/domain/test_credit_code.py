"""FEATURES 3.2: the unified social credit code, and the identity number that looks like one."""

import pytest

from node.domain.credit_code import CreditCodeResult, Fault, Verdict, check, normalise

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
COMPANY = "91520402MA6TEXT136"


def verdict_and_faults(text):
    result = check(text)
    return result.verdict, result.faults


class TestValid:
    """Both check characters, division, and the pair of authority and class are right."""

    @pytest.mark.parametrize(
        "code",
        [
            # Public organisations.
            "91110000600037341L",
            "91350100M000100Y43",
            "91310000775785552L",
            "911101085923662400",
            "12440600MB2C07549J",
            "53640000MJX173680A",
            # Made up: company, cooperative, village collective.
            COMPANY,
            "93520402MA6TEXT130",
            "N2520402MA6TEXT13M",
            # Made up: letters in the first place are legal; the inner check is 0 for eleven and X for ten.
            "A1520402MA6TEXT135",
            "Y1520402MA6TEXT13G",
            "91520402000000000Y",
            "9152040200000006XY",
        ],
    )
    def test_a_right_code_is_taken(self, code):
        """Nothing is wrong, nothing is suggested, and the code of a legal person is no contact."""
        assert CreditCodeResult(Verdict.VALID, code, (), None, personal=False) == check(code)

    def test_the_code_of_an_individual_business_is_right_and_personal(self):
        """DESIGN 4: class 92 names a person, so it is a contact; FEATURES 3.11."""
        assert CreditCodeResult(Verdict.VALID, "92520402MA6TEXT133", (), None, personal=True) == check("92520402MA6TEXT133")


class TestWarn:
    """A code that fails the outer check alone may be real: taken with evidence and a second pair of eyes."""

    def test_an_early_code_of_xiamen_is_a_warning(self):
        """It computes to F where 9 stands."""
        assert CreditCodeResult(Verdict.WARN, "91350203M0001QKT19", (Fault.CHECK,), None, personal=False) == check("91350203M0001QKT19")

    def test_a_second_fault_makes_it_invalid(self):
        """The same code with another organisation code."""
        assert (Verdict.INVALID, (Fault.ORGANISATION_CHECK, Fault.CHECK)) == verdict_and_faults("91350203M0001QKU19")

    @pytest.mark.parametrize("code", [COMPANY, "911101085923662400", "N2520402MA6TEXT13M"])
    def test_no_single_wrong_character_passes_as_valid(self, code):
        """18 places, thirty wrong characters each."""
        wrong = [code[:place] + other + code[place + 1 :] for place in range(18) for other in ALPHABET if other != code[place]]

        assert (540, []) == (len(wrong), [text for text in wrong if check(text).verdict is Verdict.VALID])

    @pytest.mark.parametrize("code", [COMPANY, "911101085923662400", "N2520402MA6TEXT13M"])
    def test_a_wrong_inner_check_character_is_not_even_a_warning(self, code):
        """Both checks cover the 17th place."""
        wrong = [code[:16] + other + code[17:] for other in ALPHABET if other != code[16]]

        assert {Verdict.INVALID} == {check(text).verdict for text in wrong}


class TestInvalid:
    """What is refused, with all that is wrong in a fixed order."""

    @pytest.mark.parametrize(
        ("text", "faults"),
        [
            ("", (Fault.LENGTH,)),
            (COMPANY[:-1], (Fault.LENGTH,)),
            (COMPANY + "6", (Fault.LENGTH,)),
            ("520402001234567", (Fault.LENGTH,)),  # a business licence number of the old kind
            ("91520402MA6TEXT13I", (Fault.ALPHABET,)),
            ("91520402MA6TEXT13V", (Fault.ALPHABET,)),
            ("91520402MA6TEXT1贵6", (Fault.ALPHABET,)),
            ("无", (Fault.LENGTH, Fault.ALPHABET)),
            ("94520402MA6TEXT13W", (Fault.SUBJECT,)),  # both checks right, but no class 4 of authority 9
            ("9152A402MA6TEXT132", (Fault.DIVISION,)),  # both checks right, but a letter in the division
            ("91020402MA6TEXT13L", (Fault.DIVISION,)),  # both checks right, but no province begins with 0
            ("91520402MA6TEXT149", (Fault.ORGANISATION_CHECK,)),  # outer check right, inner wrong
            ("94520402MA6TEXT149", (Fault.SUBJECT, Fault.ORGANISATION_CHECK, Fault.CHECK)),
        ],
    )
    def test_it_is_refused_with_what_is_wrong(self, text, faults):
        """One fault each, and several together."""
        assert (Verdict.INVALID, faults) == verdict_and_faults(text)


class TestResidentNumber:
    """An identity number stored as a company's key could never be taken out of the journal again."""

    def test_the_one_in_31_that_passes_the_outer_check_is_refused(self):
        """A made-up number (born 1800): right as a resident number and by C18, found by everything else."""
        result = check("520402180001011391")

        assert (Verdict.INVALID, True) == (result.verdict, result.personal)
        assert (Fault.DIVISION, Fault.ORGANISATION_CHECK, Fault.RESIDENT_NUMBER) == result.faults

    @pytest.mark.parametrize("text", ["522224180001014778", "522224180001017098"])
    def test_one_that_passes_every_check_is_still_not_taken_for_a_company(self, text):
        """Made-up, right as a resident number *and* as a code of 民办非企业单位: two persons look, and it stays a contact."""
        assert CreditCodeResult(Verdict.WARN, text, (Fault.RESIDENT_NUMBER,), None, personal=True) == check(text)

    @pytest.mark.parametrize("text", ["522224180001010048", "522224180001010128"])
    def test_one_that_passes_the_inner_check_alone_gets_no_warning_but_a_refusal(self, text):
        """The pardon of the Xiamen codes is not for identity numbers."""
        assert (Verdict.INVALID, (Fault.CHECK, Fault.RESIDENT_NUMBER)) == verdict_and_faults(text)

    @pytest.mark.parametrize(
        "text", ["52040218000101139x", "520402 18000101 1392", "5204O2180001011391", "５２０４０２１８０００１０１１３９１"]
    )
    def test_a_mistyped_one_is_as_personal(self, text):
        """Its own check digit is not asked for, nor how it was typed."""
        assert (Verdict.INVALID, True) == (check(text).verdict, check(text).personal)

    @pytest.mark.parametrize("text", ["520402180013011391", "520402180002301391", "520402170001011391"])
    def test_without_a_date_of_birth_it_is_none(self, text):
        """A 13th month, a 30th of February, a birth in 1700."""
        assert Fault.RESIDENT_NUMBER not in check(text).faults

    def test_no_code_of_authority_9_is_taken_for_one(self):
        """Identity numbers begin with a province, 1 to 8; so no company is ever suspected."""
        assert not check("915204021800010113").personal


class TestNormalise:
    """FEATURES 3.2: brought to one form, but no character exchanged silently."""

    @pytest.mark.parametrize(
        "typed",
        [
            "91520402ma6text136",
            " 9152 0402 MA6T EXT1 36\n",
            "91520402-MA6TEXT13-6",
            "９１５２０４０２ＭＡ６ｔｅｘｔ１３６",
            "91520402\u3000MA6TEXT136",
            "91520402\uff0dMA6TEXT136",
            "\ufeff91520402MA6TEXT\u200b136",
        ],
    )
    def test_it_is_read_as_it_was_meant(self, typed):
        """Spaces, hyphens, full width, small letters."""
        assert (COMPANY, Verdict.VALID) == (normalise(typed), check(typed).verdict)

    @pytest.mark.parametrize(
        ("typed", "suggestion"),
        [
            ("9I520402MA6TEXT136", COMPANY),
            ("9152O4O2MA6TEXT136", COMPANY),
            ("91S20402MA6TEXT136", COMPANY),
            ("915Z0402MA6TEXT136", COMPANY),
            ("9IS2O4OZMA6TEXTI36", COMPANY),
            ("9152O402MA6TEXT137", None),  # put right it would still be wrong
            ("91520402MA6TEXT13V", None),  # V is read for nothing else
            ("Z1520402MA6TEXT136", None),
            (COMPANY[:-1] + "7", None),  # a check character is never guessed
            ("9152O402MA6TEXT13", None),
        ],
    )
    def test_misread_letters_are_suggested_and_never_changed(self, typed, suggestion):
        """I for 1, O for 0, S for 5, Z for 2: shown, and refused until a person takes it."""
        result = check(typed)

        assert (typed, suggestion) == (result.normalised, result.suggestion)
        assert Verdict.VALID is not result.verdict

    def test_a_misread_individual_business_is_personal_before_it_is_put_right(self):
        """9Z... is meant as 92..."""
        result = check("9Z520402MA6TEXT133")

        assert ("92520402MA6TEXT133", True) == (result.suggestion, result.personal)
