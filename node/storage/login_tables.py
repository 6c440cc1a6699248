"""
How people prove who they are, and who is signed in.

Secrets of this node alone: in no entry, so in no mirror, and no reading; a backup holds them.  Passwords and codes are kept as
digests only, the secret of the second factor under a key that lies outside the database.
"""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table

from node.storage.columns import Big, metadata, string

logins = Table(
    "logins",
    metadata,
    Column("account", String, primary_key=True),
    # Argon2id with its parameters and salt; empty: none was set.
    string("password"),
    Column("password_at", Big, nullable=False),
    # A start password, or one that an administrator reset: good for choosing another.
    Column("must_change", Boolean, nullable=False),
    # The secret of the one-time codes, sealed; the one that waits for its first code.
    Column("totp", LargeBinary),
    Column("totp_waiting", LargeBinary),
    # The step of the last code that was taken: no code is taken twice.
    Column("totp_step", Big, nullable=False),
    string("lang"),
)

# How the leader's page of 08:00 reaches somebody beside his desk: "in_app", "sms" or "email", with a sealed address of the last.
daily_ways = Table(
    "daily_ways",
    metadata,
    Column("account", String, primary_key=True),
    string("channel"),
    Column("address", LargeBinary, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("account", String, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("used_at", Big),
)

login_certificates = Table(
    "login_certificates",
    metadata,
    # SHA-256 of the certificate, in hex.
    Column("fingerprint", String, primary_key=True),
    string("account"),
    Column("added_at", Big, nullable=False),
    Column("ends_at", Big, nullable=False),
    Index(None, "account"),
)

# Who signs in at the provider of identities as *subject* is *account* here; an administrator said so.
login_subjects = Table(
    "login_subjects",
    metadata,
    Column("issuer", String, primary_key=True),
    Column("subject", String, primary_key=True),
    string("account"),
    Column("added_at", Big, nullable=False),
    Index(None, "account"),
)

# Browsers that were sent to the provider of identities and are not back yet.
sign_in_flows = Table(
    "sign_in_flows",
    metadata,
    # SHA-256 of the state and of what the browser's own cookie holds: who reads the database finishes nobody's way.
    Column("digest", LargeBinary, primary_key=True),
    string("back"),
    Column("begun_at", Big, nullable=False),
    Index(None, "begun_at"),
)

# Failed attempts, by the name that was typed, whether there is such an account or not, and by the address that they came from.
login_attempts = Table(
    "login_attempts",
    metadata,
    # "account" or "address".
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Big, nullable=False),
    Column("locked_until", Big, nullable=False),
    Index(None, "last_at"),
)

sessions = Table(
    "sessions",
    metadata,
    # SHA-256 of the id that the cookie holds: who reads the database cannot sit down at a desk.
    Column("digest", LargeBinary, primary_key=True),
    string("account"),
    # The role that the person looks around in, and below it what the account was when it signed in: another account since ends the session.
    string("role"),
    # In whose place he sits; empty: his own.
    string("behalf"),
    string("standing"),
    # "second", "change", "enrol" or "open": what is still to be done before the desk is open.
    string("stage"),
    # "password", "certificate" or "oidc": how it was begun.
    string("way"),
    # The first factor was a certificate, a second one was shown, or the provider of identities says that one was.
    Column("is_strong", Boolean, nullable=False),
    string("csrf"),
    Column("begun_at", Big, nullable=False),
    Column("seen_at", Big, nullable=False),
    # What the browser says that it is; for the list of one's own sessions.
    string("client"),
    Index(None, "account"),
    Index(None, "seen_at"),
)

# Whose form it is that comes after its session ended: what stands in it is kept for him, and nobody else is shown it.
former_sessions = Table(
    "former_sessions",
    metadata,
    # SHA-256 of the token that the session's forms carry.
    Column("digest", LargeBinary, primary_key=True),
    string("account"),
    Column("ended_at", Big, nullable=False),
    Index(None, "ended_at"),
)
