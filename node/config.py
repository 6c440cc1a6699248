"""
A node's settings: ``qyzj.toml`` in its data directory, over it the environment (``QYZJ_...``).

Each check names the setting that it refuses.
"""

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url

from node.domain.division import NodeCode
from node.domain.refusal import Code, Refusal

FILE = "qyzj.toml"


class Settings(BaseSettings):
    """What an operator may set.  Seconds, bytes and counts say so in their names."""

    model_config = SettingsConfigDict(env_prefix="QYZJ_", extra="forbid")

    data_dir: Path
    node: str
    # Empty: SQLite in the data directory.
    database_url: str = ""
    # Where subordinates dial in; port 0 lets the system choose.
    listen: str = "127.0.0.1:7443"
    # What is written into invitations, if it is not what is listened on.
    advertise: str = ""
    subordinates_max: int = Field(default=100, ge=0, le=1000)
    heartbeat_seconds: float = Field(default=30, gt=0, le=60)
    sweep_seconds: float = Field(default=30, gt=0, le=3600)
    # A subordinate's connection ends at this age, and with it whatever its certificate was good for.
    connection_age_seconds: float = Field(default=300, ge=1, le=300)
    # A rehearsal node reads its business time from this file, which its peers share.
    rehearsal_clock: Path | None = None
    # How far the journal is known to be held above, beside the data directory and in no backup; empty: <data directory>.guard.
    guard_file: Path | None = None
    log_level: str = "info"
    # Gateways of messages; empty: that channel is not used.  Secrets are best set in the environment.
    sms_url: str = ""
    sms_secret: str = ""
    # smtp://user:password@host:port/from@address, or smtps://; the password stands better in a file.
    smtp_url: str = ""
    # Holds the password of the user in smtp_url and nothing else, readable by the node's own account alone (chmod 600).
    smtp_password_file: Path | None = None
    robot_url: str = ""
    # Where notices for staff go by mail.
    office_email: str = ""
    # What stands before the secret of an invitation, as appellants reach this node.
    public_url: str = ""
    # Where pages and API are served; empty: they are not.
    web_listen: str = ""
    # Names and addresses by which browsers reach them, beside the one that is listened on, comma between.
    web_names: str = ""
    # Address of a proxy that ends TLS in front of this node: only what it says of scheme and client is believed.
    web_proxy: str = ""
    # "own": TLS by a certificate of the node's own CA; a file: TLS by that key and chain (PEM); "none": HTTP, on loopback or behind
    # the proxy only; empty: "none" on loopback and behind a proxy, "own" elsewhere.
    web_certificate: str = ""
    session_idle_minutes: int = Field(default=15, ge=1, le=120)
    session_hours: int = Field(default=8, ge=1, le=12)
    # 0: a password never grows old.
    password_days_max: int = Field(default=90, ge=0, le=3650)
    # Administrators never sign in by a password alone; "everyone": nobody does.
    second_factor: Literal["administrators", "everyone"] = "administrators"
    # A provider of identities (OpenID Connect; extra "oidc") beside the passwords of this node; empty: there is none.
    oidc_issuer: str = ""
    oidc_client: str = ""
    # Holds the client's secret and nothing else; none for a client without one.
    oidc_secret_file: Path | None = None
    oidc_scopes: str = "openid"
    # What the provider says of a sign-in by more than a password, spaces between; empty: nothing, the second factor is shown here.
    oidc_acr: str = ""
    oidc_amr: str = ""
    # What staff call it, for the button.
    oidc_name: str = ""

    @field_validator("node")
    @classmethod
    def _node_code(cls, value: str) -> str:
        NodeCode.parse(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and make_url(value).get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("only sqlite and postgresql")
        return value

    @field_validator("listen", "advertise", "web_listen")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and (not host or not port.isdigit() or int(port) > 65535):
            raise ValueError("host:port is wanted")
        return value

    @field_validator("smtp_password_file")
    @classmethod
    def _password_file(cls, value: Path | None, given: ValidationInfo) -> Path | None:
        url = given.data.get("smtp_url", "")
        if value is not None and url:
            parts = urlsplit(url)
            if parts.password is not None:
                raise ValueError("smtp_url has a password already: take it out there")
            if not parts.username:
                raise ValueError("smtp_url names no user that it is the password of")
        return value

    @field_validator("web_certificate")
    @classmethod
    def _certificate(cls, value: str, given: ValidationInfo) -> str:
        listen, proxy = given.data.get("web_listen", ""), given.data.get("web_proxy", "")
        if value == "none" and listen and not proxy and not is_loopback(listen):
            raise ValueError("beyond this machine pages are served by TLS only")
        if value not in ("", "own", "none") and not Path(value).is_file():
            raise ValueError("no such file")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        if value and not is_private_url(value):
            raise ValueError("https is wanted, or http on this machine")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("openid is one of them")
        return value

    @model_validator(mode="after")
    def _client(self) -> "Settings":
        if self.oidc_issuer and not self.oidc_client:
            raise ValueError("oidc_client is wanted beside oidc_issuer")
        return self

    @property
    def web_tls(self) -> str:
        """How pages are served: "own", "none", or the file of key and chain."""
        if self.web_certificate:
            return self.web_certificate
        return "none" if self.web_proxy or is_loopback(self.web_listen) else "own"

    @property
    def url(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite:///{self.data_dir / 'node.db'}"

    @property
    def guard(self) -> Path:
        """The guard file."""
        whole = self.data_dir.absolute()
        return self.guard_file or whole.with_name(f"{whole.name}.guard")

    @property
    def is_rehearsal(self) -> bool:
        """True for a node of a demo or a training."""
        return self.rehearsal_clock is not None


def is_loopback(address: str) -> bool:
    """True if only this machine itself reaches *address*, "host:port"."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_private_url(url: str) -> bool:
    """True if nobody between reads what goes to *url*: TLS, or this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(f"{host}:0"))


def load(data_dir: Path, **over: Any) -> Settings:
    """
    Read the settings of the node in *data_dir*.

    Raises:
        Refusal: SETTING_REFUSED with the setting's name; NODE_UNKNOWN, if there is no node in *data_dir*.
    """
    path = data_dir / FILE
    try:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Refusal(Code.NODE_UNKNOWN, node=str(data_dir)) from None
    except tomllib.TOMLDecodeError as error:
        raise Refusal(Code.SETTING_REFUSED, setting=FILE, fault=str(error)) from None
    return check({**kept, **over, "data_dir": data_dir})


def check(values: dict[str, Any]) -> Settings:
    """
    Settings from *values*.

    Raises:
        Refusal: SETTING_REFUSED with the setting's name.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        # Of two settings that do not go together there is no place: the sentence names them.
        setting = ".".join(map(str, first["loc"])) or "oidc_client"
        raise Refusal(Code.SETTING_REFUSED, setting=setting, fault=first["msg"]) from None


def save(settings: Settings) -> None:
    """Write what differs from the defaults into the data directory."""
    lines = []
    for name, value in settings.model_dump(exclude={"data_dir"}, exclude_defaults=True).items():
        if value is not None:
            shown = str(value).lower() if isinstance(value, bool) else value if isinstance(value, int | float) else f'"{value}"'
            lines.append(f"{name} = {shown}")
    (settings.data_dir / FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
