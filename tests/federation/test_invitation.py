"""The invitation file: one node, one use, 72 hours (DESIGN 13, Identity)."""

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation.certificates import (
    Authority,
    Credentials,
    IdentityError,
    certificate_to_pem,
    create_authority,
    identify,
    issue,
    issue_bootstrap,
    key_to_pem,
    make_request,
    new_key,
    node_of,
    verify_request,
)
from federation.invitation import Invitation, InvitationError, Standing, from_json, invite, key_digest, read, redeem

NOON = datetime(2026, 2, 10, 4, 0, tzinfo=UTC)
ADDRESS = "hub.anshun.example:7443"
CITY = create_authority("520400", NOON)
INVITATION, STANDING = invite(CITY, "520400", "520402", ADDRESS, NOON)
CALLER = node_of(INVITATION.bootstrap.certificate)


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(InvitationError) as caught:
        act()
    return caught.value.code


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(INVITATION.to_json()), **fields}).encode()


class TestFile:
    """All that a node needs for its first call, in one file."""

    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        """Address, superior, whom it invites, and the bootstrap certificate with its key."""
        INVITATION.write(tmp_path / "520402.invitation")

        found = read(tmp_path / "520402.invitation", "520402", NOON)

        assert (ADDRESS, "520400", "520402", NOON + timedelta(hours=72)) == (found.address, found.superior, found.invited, found.expires_at)
        assert INVITATION.bootstrap.to_pem() == found.bootstrap.to_pem()
        assert 0o600 == stat.S_IMODE((tmp_path / "520402.invitation").stat().st_mode)

    def test_its_key_is_the_bootstrap_s_and_not_the_authority_s(self) -> None:
        """Who has the file may enrol as one node, and can issue nothing."""
        text = INVITATION.to_json()

        assert key_to_pem(CITY.key).decode().splitlines()[1] not in text
        assert key_to_pem(INVITATION.bootstrap.key).decode().splitlines()[1] in json.loads(text)["key"]

    @pytest.mark.parametrize(
        "address",
        ["", "hub", "hub:", ":7443", "hub:0", "hub:65536", "hub:７４４３", "hub:7443/x", "https://hub:7443", "::1:7443", "hub:7443\n"],
    )
    def test_an_address_is_host_and_port(self, address: str) -> None:
        """Refused at the office that invites, not at the county that dials."""
        assert "ADDRESS_MALFORMED" == code_of(lambda: invite(CITY, "520400", "520402", address, NOON))

    @pytest.mark.parametrize("address", ["hub:1", "10.1.2.3:65535", "[fd00::1]:7443", "localhost:7443"])
    def test_names_and_numbers_are_addresses(self, address: str) -> None:
        """IPv6 in brackets."""
        invitation, _ = invite(CITY, "520400", "520402", address, NOON)

        assert address == from_json(invitation.to_json().encode(), "520402", NOON).address

    @pytest.mark.parametrize("codes", [("520400", "52040"), ("5204", "520402")])
    def test_a_malformed_code_is_not_invited(self, codes: tuple[str, str]) -> None:
        """Neither side of it."""
        with pytest.raises(IdentityError, match="NODE_CODE_INVALID"):
            invite(CITY, *codes, ADDRESS, NOON)

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "INVITATION_FOREIGN"),
            (b"PK\x03\x04", "INVITATION_FOREIGN"),
            (b"[]", "INVITATION_FOREIGN"),
            (b'{"a": 1}', "INVITATION_FOREIGN"),
            (INVITATION.to_json().encode()[:500], "INVITATION_FOREIGN"),
            (changed(format="qyzj-backup"), "INVITATION_FOREIGN"),
            (changed(version=2), "INVITATION_VERSION_UNKNOWN"),
            (changed(version="1"), "INVITATION_VERSION_UNKNOWN"),
            (changed(key=None), "INVITATION_BROKEN"),
            (changed(key=""), "INVITATION_BROKEN"),
            (changed(certificate="x"), "INVITATION_BROKEN"),
            (changed(address="hub"), "INVITATION_BROKEN"),
            (changed(superior="5204"), "INVITATION_BROKEN"),
            (changed(invited="520424"), "INVITATION_BROKEN"),
            (changed(key=key_to_pem(new_key()).decode()), "INVITATION_BROKEN"),
            (changed(authority=certificate_to_pem(create_authority("520400", NOON).certificate).decode()), "INVITATION_BROKEN"),
        ],
    )
    def test_a_file_that_is_not_whole_is_refused(self, content: bytes, code: str) -> None:
        """Another file, one of a later release, or parts that do not belong together: three remedies."""
        assert code == code_of(lambda: from_json(content, "520402", NOON))

    def test_a_node_s_own_certificate_is_no_invitation(self) -> None:
        """Its name would be right, and it would live 13 months."""
        key = new_key()
        own = issue(CITY, key.public_key(), "520402", NOON, server=False)

        content = changed(certificate=certificate_to_pem(own).decode(), key=key_to_pem(key).decode())

        assert "INVITATION_BROKEN" == code_of(lambda: from_json(content, "520402", NOON))

    def test_an_invitation_of_another_node_is_refused(self) -> None:
        """Files get mixed up; the node would enrol under its neighbour's name."""
        assert "INVITATION_OTHER_NODE" == code_of(lambda: from_json(INVITATION.to_json().encode(), "520424", NOON))

    @pytest.mark.parametrize(
        ("now", "code"),
        [
            (NOON - timedelta(minutes=6), "INVITATION_NOT_YET_VALID"),
            (NOON + timedelta(hours=72), "INVITATION_EXPIRED"),
            (NOON + timedelta(days=365), "INVITATION_EXPIRED"),
        ],
    )
    def test_it_is_good_for_72_hours(self, now: datetime, code: str) -> None:
        """Too early is this machine's clock; too late needs a new file."""
        assert code == code_of(lambda: from_json(INVITATION.to_json().encode(), "520402", now))

    def test_its_end_is_the_certificate_s(self) -> None:
        """A later date written into the file gains nothing."""
        content = changed(expires_at=(NOON + timedelta(days=30)).isoformat())

        assert NOON + timedelta(hours=72) == from_json(content, "520402", NOON).expires_at

    def test_a_huge_file_is_not_taken_in(self, tmp_path: Path) -> None:
        """Whatever it is, it is no invitation."""
        (tmp_path / "huge").write_bytes(INVITATION.to_json().encode() + b" " * 70_000)

        assert "INVITATION_FOREIGN" == code_of(lambda: read(tmp_path / "huge", "520402", NOON))

    def test_printing_shows_no_key(self) -> None:
        """An invitation may stand in a traceback."""
        assert "key" not in repr(INVITATION).lower()


class TestRedeem:
    """What the superior kept says who may enrol, and that once."""

    def test_the_superior_keeps_nothing_that_could_be_used(self) -> None:
        """Node, fingerprint and end."""
        assert Standing("520402", CALLER.fingerprint, NOON + timedelta(hours=72), "") == STANDING

    def test_the_invited_node_enrols(self) -> None:
        """From file to membership: read, ask, redeem, certify, and the node's own certificate is good."""
        invitation = from_json(INVITATION.to_json().encode(), "520402", NOON)
        key = new_key()
        request = make_request("520402", key)
        auth_context = {"transport_security_type": [b"ssl"], "x509_pem_cert": [certificate_to_pem(invitation.bootstrap.certificate)]}

        caller = identify(auth_context, NOON)
        requested = verify_request(request, caller.node)
        kept = redeem(STANDING, caller, requested, NOON)
        certificate = issue(CITY, requested, caller.node, NOON, server=False)

        assert key_digest(key.public_key()) == kept.used_by
        own = Credentials.from_chain(certificate_to_pem(certificate) + certificate_to_pem(CITY.certificate), key)
        assert ("520402", False) == ((identity := node_of(own.certificate)).node, identity.bootstrap)

    def test_the_same_key_again_is_the_same_enrolment(self) -> None:
        """The answer was lost on the way; the node asks again and gets it."""
        key = new_key().public_key()
        once = redeem(STANDING, CALLER, key, NOON)

        assert once == redeem(once, CALLER, key, NOON + timedelta(minutes=1))

    def test_another_key_is_a_second_use(self) -> None:
        """Somebody else has the file."""
        once = redeem(STANDING, CALLER, new_key().public_key(), NOON)

        assert "INVITATION_USED" == code_of(lambda: redeem(once, CALLER, new_key().public_key(), NOON))

    @pytest.mark.parametrize(
        ("standing", "caller", "now", "code"),
        [
            (None, CALLER, NOON, "INVITATION_UNKNOWN"),
            (STANDING, node_of(issue_bootstrap(CITY, "520402", NOON).certificate), NOON, "INVITATION_UNKNOWN"),
            (invite(CITY, "520400", "520424", ADDRESS, NOON)[1], CALLER, NOON, "INVITATION_UNKNOWN"),
            (Standing("520424", CALLER.fingerprint, CALLER.valid_until), CALLER, NOON, "INVITATION_UNKNOWN"),
            (STANDING, CALLER, NOON - timedelta(hours=1), "INVITATION_NOT_YET_VALID"),
            (STANDING, CALLER, NOON + timedelta(hours=72), "INVITATION_EXPIRED"),
        ],
        ids=["none kept", "another certificate", "another invitation", "another node", "too early", "too late"],
    )
    def test_nobody_else_enrols(self, standing: Standing | None, caller: object, now: datetime, code: str) -> None:
        """Also not by a certificate that the same authority signed."""
        assert isinstance(caller, type(CALLER))
        assert code == code_of(lambda: redeem(standing, caller, new_key().public_key(), now))

    def test_a_member_does_not_enrol_by_its_own_certificate(self) -> None:
        """It renews; enrolling is for who was invited."""
        own = node_of(issue(CITY, new_key().public_key(), "520402", NOON, server=False))

        kept = Standing("520402", own.fingerprint, own.valid_until)

        assert "INVITATION_UNKNOWN" == code_of(lambda: redeem(kept, own, new_key().public_key(), NOON))

    def test_an_ended_authority_invites_nobody(self) -> None:
        """The office hears it at once."""
        with pytest.raises(IdentityError, match="CERTIFICATE_EXPIRED"):
            invite(CITY, "520400", "520402", ADDRESS, NOON + timedelta(days=21 * 366))

    def test_an_invitation_is_made_by_whoever_has_the_authority_s_key(self) -> None:
        """A certificate alone signs nothing that is trusted."""
        forged, _ = invite(Authority(CITY.certificate, new_key()), "520400", "520402", ADDRESS, NOON)

        assert isinstance(forged, Invitation)
        assert "INVITATION_BROKEN" == code_of(lambda: from_json(forged.to_json().encode(), "520402", NOON))
