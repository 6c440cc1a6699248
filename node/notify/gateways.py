"""
The gateways: each takes messages and says of each whether it was taken.

A gateway knows nothing of tickets or of the outbox.  It may fail, hang or be away: the dispatcher gives it a time limit and
tries again.  ``id`` goes along as the idempotency key, so that a gateway that keeps one sends a repeated message once.
"""

import hashlib
import hmac
import json
import smtplib
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Protocol
from urllib.parse import urlsplit

seconds_max = 10
# What WeCom takes of a markdown post.
robot_bytes_max = 2_048


@dataclass(frozen=True)
class Message:
    """One message as a gateway gets it: ``to`` is a phone number, an address or empty, ``body`` whole sentences."""

    id: str
    to: str
    subject: str
    body: str


class GatewayError(Exception):
    """The gateway did not take it; the message says why, without what was to be sent."""


class Gateway(Protocol):
    """One way out."""

    def send(self, message: Message) -> None:
        """
        Hand over *message*.

        Raises:
            GatewayError: it was not taken.
        """
        ...


class SmsGateway:
    """An SMS gateway behind one HTTP POST of JSON; the body is signed with HMAC-SHA-256 under the shared secret."""

    def __init__(self, url: str, secret: bytes) -> None:
        self._url = url
        self._secret = secret

    def send(self, message: Message) -> None:
        """POST {"id", "to", "text"}; every answer but 2xx is a failure."""
        body = json.dumps({"id": message.id, "to": message.to, "text": message.body}, ensure_ascii=False).encode()
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        _post(self._url, body, {"Idempotency-Key": message.id, "X-Signature": f"sha256={signature}"})


class RobotGateway:
    """A WeCom group robot: one POST is one post of the group."""

    def __init__(self, url: str) -> None:
        self._url = url

    def send(self, message: Message) -> None:
        """Post markdown; WeCom answers 200 with an ``errcode`` of its own."""
        body = json.dumps({"msgtype": "markdown", "markdown": {"content": message.body}}, ensure_ascii=False).encode()
        answer = _post(self._url, body, {})
        try:
            code = json.loads(answer or b"{}").get("errcode", 0)
        except (ValueError, AttributeError):
            raise GatewayError("the robot's answer is no JSON") from None
        if code:
            raise GatewayError(f"the robot answered {code}")


class EmailGateway:
    """
    Mail by SMTP: ``smtp://user:password@host:port/from@address``, with STARTTLS where the server offers it (``smtps``: TLS).
    *password*, if there is one, is that of the URL's user.
    """

    def __init__(self, url: str, password: str = "") -> None:
        self._parts = urlsplit(url)
        self._password = password or self._parts.password or ""

    def send(self, message: Message) -> None:
        """Send one plain mail."""
        mail = EmailMessage()
        mail["Subject"], mail["To"], mail["From"] = message.subject, message.to, self._parts.path.lstrip("/")
        mail["Message-ID"] = f"<{message.id}@{self._parts.hostname}>"
        mail.set_content(message.body)
        try:
            with self._connect() as server:
                if self._parts.scheme == "smtp" and server.has_extn("starttls"):
                    server.starttls()
                if self._parts.username:
                    server.login(self._parts.username, self._password)
                server.send_message(mail)
        except (OSError, smtplib.SMTPException) as error:
            raise GatewayError(type(error).__name__) from error

    def _connect(self) -> smtplib.SMTP:
        host, port = self._parts.hostname or "localhost", self._parts.port or 0
        if self._parts.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=seconds_max)
        server = smtplib.SMTP(host, port, timeout=seconds_max)
        server.ehlo_or_helo_if_needed()
        return server


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json; charset=utf-8", **headers}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=seconds_max) as answer:
            taken: bytes = answer.read(65_536)
            return taken
    except urllib.error.HTTPError as error:
        raise GatewayError(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise GatewayError(type(error).__name__) from error


def gateways(sms_url: str, sms_secret: str, smtp_url: str, robot_url: str, smtp_password: str = "") -> dict[str, Gateway]:
    """The gateways that an operator has set, by channel."""
    found: dict[str, Gateway] = {}
    if sms_url:
        found["sms"] = SmsGateway(sms_url, sms_secret.encode())
    if smtp_url:
        found["email"] = EmailGateway(smtp_url, smtp_password)
    if robot_url:
        found["robot"] = RobotGateway(robot_url)
    return found
