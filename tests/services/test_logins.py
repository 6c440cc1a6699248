"""Signing in at a node: passwords, one-time codes, lock-out, and sessions that end when they must."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest
from argon2 import Parameters, extract_parameters
from sqlalchemy import select
from structlog.testing import capture_logs

from node.domain import registry as g
from node.domain.login import Rules, Stage, recovery_codes_count
from node.domain.refusal import Code, Refusal
from node.services import attempts, passwords
from node.services.login_sessions import Session
from node.services.logins import Logins
from node.storage import schema
from tests.support.node import Hands, make_node

NOW = datetime(2026, 1, 26, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
GOOD = "Tea2Kettle#9"


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Hands:
    return make_node(tmp_path_factory.mktemp("logins") / "node")


@pytest.fixture
def logins(hands: Hands) -> Logins:
    with hands.node.store.database.write() as connection:
        for table in (schema.logins, schema.sessions, schema.login_attempts, schema.recovery_codes, schema.login_certificates):
            connection.execute(table.delete())
    return Logins(hands.node.store, hands.node.code, Rules())


def refused(code: Code) -> "pytest.RaisesExc[Refusal]":
    return pytest.raises(Refusal, match=code.name)


def at_work(logins: Logins, account: str = "centre") -> tuple[str, Session]:
    """Signed in with a password of one's own."""
    start = logins.start_password(account, NOW)
    return logins.change_password(logins.sign_in(account, start, NOW)[1], start, GOOD, NOW)


def with_codes(logins: Logins, account: str = "centre") -> tuple[Session, pyotp.TOTP, list[str]]:
    """With a second factor set up, at the step of NOW."""
    _, session = at_work(logins, account)
    totp = pyotp.TOTP(logins.offer_second(account, NOW))
    _, session, codes = logins.confirm_second(session, totp.at(NOW), NOW)
    return session, totp, codes


class TestFirstSignIn:
    """A start password is for choosing another, and for nothing else."""

    def test_it_must_be_changed_and_then_the_desk_is_open(self, logins: Logins) -> None:
        start = logins.start_password("centre", NOW)
        cookie, session = logins.sign_in("centre", start, NOW)
        went_on, opened = logins.change_password(session, start, GOOD, NOW)

        assert [Stage.CHANGE, Stage.OPEN] == [session.stage, opened.stage]
        assert logins.find(cookie, NOW) is None, "the former id is good for nothing"
        assert opened == logins.find(went_on, NOW)
        assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", start)

    def test_it_ends_by_itself(self, logins: Logins) -> None:
        start = logins.start_password("centre", NOW)

        with refused(Code.SIGN_IN_REFUSED):
            logins.sign_in("centre", start, NOW + 3 * DAY)

    def test_an_administrator_sets_up_a_second_factor_next(self, logins: Logins) -> None:
        assert Stage.ENROL is at_work(logins, "operator")[1].stage
        assert Stage.OPEN is with_codes(logins, "operator")[0].stage

    def test_a_weak_one_is_refused_with_the_reason(self, logins: Logins) -> None:
        start = logins.start_password("centre", NOW)
        _, session = logins.sign_in("centre", start, NOW)
        found = []
        for new in (GOOD[:9], start, "Centre-2026-x!"):
            with refused(Code.PASSWORD_WEAK) as raised:
                logins.change_password(session, start, new, NOW)
            found.append(raised.value.facts["weakness"])

        assert ["short", "same", "name"] == found

    def test_a_password_grows_old(self, logins: Logins) -> None:
        at_work(logins)

        stages = [logins.sign_in("centre", GOOD, NOW + days * DAY)[1].stage for days in (89, 90)]

        assert [Stage.OPEN, Stage.CHANGE] == stages


class TestWrongPassword:
    def test_an_unknown_account_and_a_wrong_password_are_one_answer(self, logins: Logins) -> None:
        at_work(logins)
        answers = []
        for account in ("centre", "nobody-of-that-name", "audit"):
            with pytest.raises(Refusal) as raised:
                logins.sign_in(account, "Wrong-2026-x", NOW)
            answers.append((raised.value.code, raised.value.facts))

        assert [(Code.SIGN_IN_REFUSED, {})] * 3 == answers

    def test_the_same_work_is_done_for_whoever_it_is(self, logins: Logins, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
        """ASVS 6.3.8: one hash of the same cost is compared, for an account, none, one without a password and a closed one."""
        hands.act("office", g.OpenAccount("gone", ("window_clerk",), "520402-centre"))
        for account in ("centre", "gone"):
            at_work(logins, account)
        hands.act("office", g.CloseAccount("gone"))
        hasher, worked = passwords._HASHER, list[Parameters]()

        class Counting:
            def verify(self, kept: str, said: str) -> bool:
                worked.append(extract_parameters(kept))
                return hasher.verify(kept, said)

            hash = staticmethod(hasher.hash)

        monkeypatch.setattr(passwords, "_HASHER", Counting())
        for account in ("centre", "nobody-of-that-name", "audit", "gone"):
            with refused(Code.SIGN_IN_REFUSED):
                logins.sign_in(account, "Wrong-2026-x", NOW)

        assert [extract_parameters(hasher.hash(GOOD))] * 4 == worked

    @pytest.mark.parametrize("account", ["centre", "nobody-of-that-name"])
    def test_five_of_them_lock_whatever_is_said_then(self, logins: Logins, account: str) -> None:
        at_work(logins)
        for _ in range(5):
            with refused(Code.SIGN_IN_REFUSED):
                logins.sign_in(account, "Wrong-2026-x", NOW)

        with refused(Code.SIGN_IN_LOCKED) as raised:
            logins.sign_in(account, GOOD, NOW + MINUTE)

        assert {"minutes": "14"} == raised.value.facts

    def test_the_lock_ends_and_a_success_forgets(self, logins: Logins) -> None:
        at_work(logins)
        for _ in range(5):
            with refused(Code.SIGN_IN_REFUSED):
                logins.sign_in("centre", "Wrong-2026-x", NOW)

        assert Stage.OPEN is logins.sign_in("centre", GOOD, NOW + 15 * MINUTE)[1].stage
        assert logins.standing_of("centre").locked_until is None

    def test_one_address_does_not_try_one_password_on_everybody(self, logins: Logins) -> None:
        at_work(logins)
        for number in range(59):
            attempts.note_failure(logins.store.database, f"guess-{number}", "192.0.2.7", NOW)
        with refused(Code.SIGN_IN_REFUSED):
            logins.sign_in("guess-60", "Spring2026!!", NOW, address="192.0.2.7")

        with refused(Code.SIGN_IN_LOCKED):
            logins.sign_in("centre", GOOD, NOW, address="192.0.2.7")
        assert Stage.OPEN is logins.sign_in("centre", GOOD, NOW, address="192.0.2.8")[1].stage


class TestSecondFactor:
    def test_a_password_alone_opens_no_desk_that_has_one(self, logins: Logins) -> None:
        _, totp, _ = with_codes(logins)
        later = NOW + MINUTE
        cookie, half = logins.sign_in("centre", GOOD, later)
        went_on, opened = logins.show_second(half, totp.at(later), later)

        assert [(Stage.SECOND, False), (Stage.OPEN, True)] == [(one.stage, one.is_strong) for one in (half, opened)]
        assert logins.find(cookie, later) is None
        assert opened == logins.find(went_on, later)

    def test_a_code_is_taken_once(self, logins: Logins) -> None:
        _, totp, _ = with_codes(logins)
        later = NOW + MINUTE
        logins.show_second(logins.sign_in("centre", GOOD, later)[1], totp.at(later), later)

        with refused(Code.CODE_REFUSED):
            logins.show_second(logins.sign_in("centre", GOOD, later)[1], totp.at(later), later)

    @pytest.mark.parametrize(("seconds", "is_taken"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
    def test_it_may_be_one_step_early_or_late(self, logins: Logins, seconds: int, is_taken: bool) -> None:
        _, totp, _ = with_codes(logins)
        later = NOW + 10 * MINUTE
        half, said = logins.sign_in("centre", GOOD, later)[1], totp.at(later + timedelta(seconds=seconds))

        if is_taken:
            assert Stage.OPEN is logins.show_second(half, said, later)[1].stage
        else:
            with refused(Code.CODE_REFUSED):
                logins.show_second(half, said, later)

    def test_a_recovery_code_stands_in_once(self, logins: Logins) -> None:
        _, _, codes = with_codes(logins)
        later = NOW + MINUTE

        logins.show_second(logins.sign_in("centre", GOOD, later)[1], codes[0].lower().replace("-", " "), later)
        with refused(Code.CODE_REFUSED):
            logins.show_second(logins.sign_in("centre", GOOD, later)[1], codes[0], later)

        assert (recovery_codes_count, 9) == (len(set(codes)), logins.standing_of("centre").codes_left)

    def test_wrong_codes_lock_like_wrong_passwords(self, logins: Logins) -> None:
        _, totp, _ = with_codes(logins)
        later = NOW + MINUTE
        for _ in range(5):
            half = logins.sign_in("centre", GOOD, later)[1]
            with refused(Code.CODE_REFUSED):
                logins.show_second(half, "000000" if totp.at(later) != "000000" else "000001", later)

        with refused(Code.SIGN_IN_LOCKED):
            logins.show_second(half, totp.at(later), later)

    def test_the_database_holds_no_secret_in_the_clear(self, logins: Logins, hands: Hands) -> None:
        """Who copies the database signs in as nobody: passwords and codes are digests, the secret lies under another key."""
        at_work(logins)
        secret = logins.offer_second("centre", NOW)
        cookie, session = logins.sign_in("centre", GOOD, NOW)
        codes = logins.confirm_second(session, pyotp.TOTP(secret).at(NOW), NOW)[2]
        held = ""
        with hands.node.store.read() as view:
            for table in (schema.logins, schema.sessions, schema.recovery_codes):
                held += str(view.connection.execute(select(table)).all())

        assert [] == [one for one in (GOOD, secret, cookie, *codes) if one in held or one.replace("-", "") in held]
        assert "$argon2id$" in held

    def test_a_reset_takes_it_away_and_ends_the_sessions(self, logins: Logins) -> None:
        session, _, _ = with_codes(logins, "operator")

        logins.reset_second("operator", NOW)

        assert [] == logins.sessions_of("operator", NOW)
        assert (session.stage, Stage.ENROL) == (Stage.OPEN, logins.sign_in("operator", GOOD, NOW)[1].stage)


class TestLog:
    """ASVS 16.2.5, 16.3.1: who signed in and who failed stands in the log, and nothing of what was typed."""

    TYPED = "Typed-Into-The-Wrong-Field#1"

    def test_sign_ins_failures_and_locks_are_told_by_account_and_address(self, logins: Logins) -> None:
        at_work(logins)
        with capture_logs() as told:
            for _ in range(5):
                with refused(Code.SIGN_IN_REFUSED):
                    logins.sign_in("centre", "Wrong-2026-x", NOW, address="192.0.2.7")
            with refused(Code.SIGN_IN_LOCKED):
                logins.sign_in("centre", GOOD, NOW, address="192.0.2.7")
            logins.sign_in("centre", GOOD, NOW + 15 * MINUTE, address="192.0.2.7")

        assert [*["sign_in_refused"] * 4, "sign_in_locked", "sign_in_refused", "sign_in_barred", "signed_in"] == [
            one["event"] for one in told
        ]
        assert {"centre"} == {one["account"] for one in told}
        assert {"192.0.2.7"} == {one["address"] for one in told}

    def test_a_wrong_code_and_a_wrong_password_at_an_open_desk_are_failures_too(self, logins: Logins) -> None:
        session, totp, _ = with_codes(logins)
        wrong = "000000" if totp.at(NOW) != "000000" else "000001"
        with capture_logs() as told:
            with refused(Code.SIGN_IN_REFUSED):
                logins.check_password("centre", "Wrong-2026-x", NOW)
            with refused(Code.CODE_REFUSED):
                logins.confirm_second(session, wrong, NOW)
            with refused(Code.CODE_REFUSED):
                logins.show_second(session, wrong, NOW)

        assert [("password_refused", "centre"), *[("second_factor_refused", "centre")] * 2] == [
            (one["event"], one["account"]) for one in told
        ]

    def test_what_was_typed_is_nowhere(self, logins: Logins) -> None:
        """A password may stand where the name belongs, and a code where the password does."""
        at_work(logins)
        session, _, _ = with_codes(logins)
        with capture_logs() as told:
            for _ in range(6):
                for account in ("audit", self.TYPED):
                    with pytest.raises(Refusal):
                        logins.sign_in(account, self.TYPED, NOW, address="192.0.2.7")
            for call in (logins.show_second, logins.confirm_second):
                with refused(Code.CODE_REFUSED):
                    call(session, self.TYPED, NOW)
            with refused(Code.SIGN_IN_REFUSED):
                logins.check_password("centre", self.TYPED, NOW)
            with refused(Code.PASSWORD_WEAK):
                logins.change_password(session, GOOD, GOOD, NOW)

        assert {"", "audit", "centre"} == {one["account"] for one in told}
        assert [] == [one for one in told if self.TYPED in str(one) or GOOD in str(one)]


class TestCertificate:
    def test_its_holder_needs_no_password_and_is_known_twice(self, logins: Logins) -> None:
        logins.add_certificate("operator", "ab" * 32, NOW, NOW + DAY)

        session = logins.sign_in_with("ab" * 32, NOW)[1]

        assert ("operator", Stage.OPEN, True) == (session.account, session.stage, session.is_strong)

    @pytest.mark.parametrize(("fingerprint", "later"), [("cd" * 32, NOW), ("ab" * 32, NOW + DAY)])
    def test_an_unknown_one_and_one_that_ended_are_refused(self, logins: Logins, fingerprint: str, later: datetime) -> None:
        logins.add_certificate("operator", "ab" * 32, NOW, NOW + DAY)

        with refused(Code.SIGN_IN_REFUSED):
            logins.sign_in_with(fingerprint, later)


class TestSession:
    @pytest.mark.parametrize(("minutes", "lasts"), [((14, 28, 42), True), ((15,), False), (tuple(range(14, 500, 14)), False)])
    def test_it_ends_when_nobody_sits_there_and_after_eight_hours(self, logins: Logins, minutes: tuple[int, ...], lasts: bool) -> None:
        cookie, _ = at_work(logins)

        found = [logins.find(cookie, NOW + minute * MINUTE) for minute in minutes]

        assert lasts == (found[-1] is not None)

    def test_another_role_is_another_id(self, logins: Logins) -> None:
        cookie, session = at_work(logins)
        went_on, other = logins.act_as(session, "window_clerk", NOW)

        assert ("office", "window_clerk") == (session.role, other.role)
        assert (None, other) == (logins.find(cookie, NOW), logins.find(went_on, NOW))
        assert session.csrf != other.csrf
        with refused(Code.PERMISSION_DENIED):
            logins.act_as(other, "operator", NOW)

    def test_it_ends_at_once_when_the_account_becomes_another(self, logins: Logins, hands: Hands) -> None:
        """AS25-3.2.1a: what is changed about an account takes effect at once."""
        hands.act("office", g.OpenAccount("li", ("window_clerk", "specialist"), "520402-centre"))
        cookies = []
        for command in (
            g.OpenAccount("li", ("window_clerk",), "520402-centre"),
            g.CloseAccount("li"),
        ):
            start = logins.start_password("li", NOW)
            cookies.append(logins.sign_in("li", start, NOW)[0])
            assert logins.find(cookies[-1], NOW) is not None
            hands.act("office", command)

        assert [None, None] == [logins.find(one, NOW) for one in cookies]
        with refused(Code.SIGN_IN_REFUSED):
            logins.sign_in("li", start, NOW)

    def test_another_password_ends_the_other_sessions(self, logins: Logins) -> None:
        cookie, _ = at_work(logins)
        other, session = logins.sign_in("centre", GOOD, NOW)

        went_on, _ = logins.change_password(session, GOOD, "Another2Kettle#9", NOW)

        assert [False, False, True] == [logins.find(one, NOW) is not None for one in (cookie, other, went_on)]

    def test_the_list_shows_ones_own_and_ends_them(self, logins: Logins) -> None:
        _, session = at_work(logins)
        logins.sign_in("centre", GOOD, NOW + MINUTE, client="Firefox 78")

        assert ["Firefox 78", ""] == [one.client for one in logins.sessions_of("centre", NOW + MINUTE)]
        assert 1 == logins.end_all("centre", NOW, but=session.digest)

    def test_what_counts_no_more_is_swept(self, logins: Logins, hands: Hands) -> None:
        at_work(logins)
        with refused(Code.SIGN_IN_REFUSED):
            logins.sign_in("guess", "Wrong-2026-x", NOW, address="192.0.2.7")

        logins.sweep(NOW + 2 * DAY)

        with hands.node.store.read() as view:
            left = [view.connection.execute(select(table)).all() for table in (schema.sessions, schema.login_attempts)]
        assert [[], []] == left


def test_the_setting_of_hours_and_minutes_counts(logins: Logins, tmp_path: Path) -> None:
    cookie, _ = at_work(logins)
    logins.rules = replace(logins.rules, idle=timedelta(minutes=30))

    assert [True, False] == [logins.find(cookie, NOW + minutes * MINUTE) is not None for minutes in (29, 61)]
