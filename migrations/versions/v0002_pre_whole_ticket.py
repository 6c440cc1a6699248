"""
The whole ticket: dossiers, look-ups, and what the rules of the five mechanisms keep beside the tickets.

Revision: 0002_pre_whole_ticket.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_pre_whole_ticket"
down_revision = "0001_pre_foundation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_ways",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_daily_ways")),
    )
    op.create_table(
        "deputies",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("deputy", sa.String(), nullable=False),
        sa.Column("duty", sa.String(), nullable=False),
        sa.Column("from_day", sa.String(), nullable=False),
        sa.Column("to_day", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("node", "account", "deputy", name=op.f("pk_deputies")),
    )
    with op.batch_alter_table("deputies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deputies_node_deputy"), ["node", "deputy"], unique=False)

    op.create_table(
        "desks",
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "unit", name=op.f("pk_desks")),
    )
    with op.batch_alter_table("desks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desks_unit_person"), ["unit", "person"], unique=False)

    op.create_table(
        "dossiers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("parties", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
    )
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dossiers_kind_key"), ["kind", "key"], unique=False)
        batch_op.create_index(batch_op.f("ix_dossiers_kind_owner_state"), ["kind", "owner", "state"], unique=False)

    op.create_table(
        "drafts",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("account", "form", name=op.f("pk_drafts")),
    )
    op.create_table(
        "duty_items",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("matter_name", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("law_basis", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("valid_from", sa.String(), nullable=False),
        sa.Column("valid_to", sa.String(), nullable=False),
        sa.Column("is_negative", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("node", "digest", "code", name=op.f("pk_duty_items")),
    )
    with op.batch_alter_table("duty_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_duty_items_node_digest_matter"), ["node", "digest", "matter"], unique=False)

    op.create_table(
        "enterprises",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("division", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("size", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("block", sa.String(), nullable=False),
        sa.Column("tags", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("is_park", sa.Boolean(), nullable=False),
        sa.Column("is_native_tie", sa.Boolean(), nullable=False),
        sa.Column("visited_on", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enterprises")),
    )
    with op.batch_alter_table("enterprises", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enterprises_block"), ["block"], unique=False)
        batch_op.create_index(batch_op.f("ix_enterprises_credit_code"), ["credit_code"], unique=False)

    op.create_table(
        "former_sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("ended_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_former_sessions")),
    )
    with op.batch_alter_table("former_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_former_sessions_ended_at"), ["ended_at"], unique=False)

    op.create_table(
        "group_members",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("service_group", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("node", "service_group", "member", name=op.f("pk_group_members")),
    )
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_group_members_node_member"), ["node", "member"], unique=False)

    op.create_table(
        "guide_entries",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("subtype", sa.String(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("examples", sa.String(), nullable=False),
        sa.Column("key_words", sa.String(), nullable=False),
        sa.Column("default_unit", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("node", "digest", "category", "subtype", name=op.f("pk_guide_entries")),
    )
    op.create_table(
        "hooks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("kinds", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
    )
    op.create_table(
        "intermediaries",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("node", "id", name=op.f("pk_intermediaries")),
    )
    op.create_table(
        "login_attempts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("locked_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name=op.f("pk_login_attempts")),
    )
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_attempts_last_at"), ["last_at"], unique=False)

    op.create_table(
        "login_certificates",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ends_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_login_certificates")),
    )
    with op.batch_alter_table("login_certificates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_certificates_account"), ["account"], unique=False)

    op.create_table(
        "login_subjects",
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_login_subjects")),
    )
    with op.batch_alter_table("login_subjects", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_subjects_account"), ["account"], unique=False)

    op.create_table(
        "logins",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("password_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_waiting", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_logins")),
    )
    op.create_table(
        "lookups",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "token", "subject_kind", "subject_id", name=op.f("pk_lookups")),
    )
    with op.batch_alter_table("lookups", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lookups_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("facts", sa.String(), nullable=False),
        sa.Column("words_entry", sa.String(), nullable=False),
        sa.Column("words_place", sa.Integer(), nullable=False),
        sa.Column("words_digest", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("next_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("read_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("token_digest", sa.String(), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_audience_state"), ["audience", "state"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_notices_entry_audience_channel_template"), ["entry", "audience", "channel", "template"], unique=True
        )
        batch_op.create_index(batch_op.f("ix_notices_state_next_at"), ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_subject_id"), ["subject_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_token_digest"), ["token_digest"], unique=False)

    op.create_table(
        "precedents",
        sa.Column("entry", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.Column("ruled_by", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("ruled_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_precedents")),
    )
    with op.batch_alter_table("precedents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_precedents_node_matter"), ["node", "matter"], unique=False)

    op.create_table(
        "receipts",
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "unit", "received_at", name=op.f("pk_receipts")),
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipts_unit_year_number"), ["unit", "year", "number"], unique=False)

    op.create_table(
        "reconciliations",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("streams", sa.Integer(), nullable=False),
        sa.Column("entries", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "at", name=op.f("pk_reconciliations")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("account", "digest", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "reparentings",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("from_node", sa.String(), nullable=False),
        sa.Column("to_node", sa.String(), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("effective_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ordered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("escalations", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("streams", sa.String(), nullable=False),
        sa.Column("handed", sa.String(), nullable=False),
        sa.Column("open", sa.String(), nullable=False),
        sa.Column("is_forced", sa.Boolean(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reparentings")),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
    )
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_requests_at"), ["at"], unique=False)

    op.create_table(
        "saved_filters",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_saved_filters")),
    )
    op.create_table(
        "sessions",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("behalf", sa.String(), nullable=False),
        sa.Column("standing", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("is_strong", sa.Boolean(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_account"), ["account"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "sign_in_flows",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("back", sa.String(), nullable=False),
        sa.Column("begun_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_in_flows")),
    )
    with op.batch_alter_table("sign_in_flows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_flows_begun_at"), ["begun_at"], unique=False)

    op.create_table(
        "text_grams",
        sa.Column("single", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("pair", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("single", "pair", "taken", name=op.f("pk_text_grams")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("text_grams", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_text_grams_taken"), ["taken"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("expires_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_account"), ["account"], unique=False)

    op.create_table(
        "traits",
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "name", "value", name=op.f("pk_traits")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("traits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_traits_name_value_ticket"), ["name", "value", "ticket"], unique=False)

    op.create_table(
        "turns",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("begins_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ends_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("node", "id", name=op.f("pk_turns")),
    )
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_turns_node_kind_begins_at"), ["node", "kind", "begins_at"], unique=False)

    op.create_table(
        "wanted_blobs",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("peer", "digest", name=op.f("pk_wanted_blobs")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("status", sa.String(), server_default="active", nullable=False))

    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clocks_due",
            ["due_at", "ticket"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_clocks_owed",
            ["node", "owes", "due_at"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NULL"),
            postgresql_where=sa.text("stopped_at IS NULL"),
        )
        batch_op.create_index(
            "ix_clocks_unstopped",
            ["node", "name", "due_at"],
            unique=False,
            sqlite_where=sa.text("stopped_at IS NULL"),
            postgresql_where=sa.text("stopped_at IS NULL"),
        )

    with op.batch_alter_table("heads", schema=None) as batch_op:
        batch_op.add_column(sa.Column("held", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.add_column(sa.Column("peer_epoch", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("given_epoch", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("awaited_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch_op.add_column(sa.Column("stale", sa.Integer(), server_default="0", nullable=False))

    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("former", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("leaving", sa.String(), server_default="", nullable=False))

    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("layer", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("level", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("batch", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("solved", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("evaluation", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("evaluation_way", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("ended_as", sa.String(), server_default="", nullable=False))
        batch_op.create_index(
            "ix_tickets_asked", ["asked"], unique=False, sqlite_where=sa.text("asked != ''"), postgresql_where=sa.text("asked != ''")
        )
        batch_op.create_index(
            "ix_tickets_first_contact",
            ["first_contact"],
            unique=False,
            sqlite_where=sa.text("first_contact != ''"),
            postgresql_where=sa.text("first_contact != ''"),
        )
        batch_op.create_index(
            "ix_tickets_lead", ["lead"], unique=False, sqlite_where=sa.text("lead != ''"), postgresql_where=sa.text("lead != ''")
        )
        batch_op.create_index(batch_op.f("ix_tickets_number"), ["number"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_registered_at"), ["registered_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_tickets_state_registered_at"), ["state", "registered_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tickets_state_registered_at"))
        batch_op.drop_index(batch_op.f("ix_tickets_registered_at"))
        batch_op.drop_index(batch_op.f("ix_tickets_number"))
        batch_op.drop_index("ix_tickets_lead", sqlite_where=sa.text("lead != ''"), postgresql_where=sa.text("lead != ''"))
        batch_op.drop_index(
            "ix_tickets_first_contact", sqlite_where=sa.text("first_contact != ''"), postgresql_where=sa.text("first_contact != ''")
        )
        batch_op.drop_index("ix_tickets_asked", sqlite_where=sa.text("asked != ''"), postgresql_where=sa.text("asked != ''"))
        batch_op.drop_column("ended_as")
        batch_op.drop_column("evaluation_way")
        batch_op.drop_column("evaluation")
        batch_op.drop_column("solved")
        batch_op.drop_column("batch")
        batch_op.drop_column("level")
        batch_op.drop_column("layer")

    with op.batch_alter_table("nodes", schema=None) as batch_op:
        batch_op.drop_column("leaving")
        batch_op.drop_column("former")

    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_column("stale")
        batch_op.drop_column("awaited_until")
        batch_op.drop_column("given_epoch")
        batch_op.drop_column("peer_epoch")

    with op.batch_alter_table("heads", schema=None) as batch_op:
        batch_op.drop_column("held")

    with op.batch_alter_table("clocks", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_clocks_unstopped", sqlite_where=sa.text("stopped_at IS NULL"), postgresql_where=sa.text("stopped_at IS NULL")
        )
        batch_op.drop_index("ix_clocks_owed", sqlite_where=sa.text("stopped_at IS NULL"), postgresql_where=sa.text("stopped_at IS NULL"))
        batch_op.drop_index("ix_clocks_due", sqlite_where=sa.text("due_at IS NOT NULL"), postgresql_where=sa.text("due_at IS NOT NULL"))

    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.drop_column("status")

    op.drop_table("wanted_blobs")
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_turns_node_kind_begins_at"))

    op.drop_table("turns")
    with op.batch_alter_table("traits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_traits_name_value_ticket"))

    op.drop_table("traits")
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tokens_account"))

    op.drop_table("tokens")
    with op.batch_alter_table("text_grams", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_text_grams_taken"))

    op.drop_table("text_grams")
    with op.batch_alter_table("sign_in_flows", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_flows_begun_at"))

    op.drop_table("sign_in_flows")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_seen_at"))
        batch_op.drop_index(batch_op.f("ix_sessions_account"))

    op.drop_table("sessions")
    op.drop_table("saved_filters")
    with op.batch_alter_table("requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_requests_at"))

    op.drop_table("requests")
    op.drop_table("reparentings")
    op.drop_table("recovery_codes")
    op.drop_table("reconciliations")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receipts_unit_year_number"))

    op.drop_table("receipts")
    with op.batch_alter_table("precedents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_precedents_node_matter"))

    op.drop_table("precedents")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_token_digest"))
        batch_op.drop_index(batch_op.f("ix_notices_subject_id"))
        batch_op.drop_index(batch_op.f("ix_notices_state_next_at"))
        batch_op.drop_index(batch_op.f("ix_notices_entry_audience_channel_template"))
        batch_op.drop_index(batch_op.f("ix_notices_audience_state"))

    op.drop_table("notices")
    with op.batch_alter_table("lookups", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lookups_subject_id"))

    op.drop_table("lookups")
    op.drop_table("logins")
    with op.batch_alter_table("login_subjects", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_subjects_account"))

    op.drop_table("login_subjects")
    with op.batch_alter_table("login_certificates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_certificates_account"))

    op.drop_table("login_certificates")
    with op.batch_alter_table("login_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_attempts_last_at"))

    op.drop_table("login_attempts")
    op.drop_table("intermediaries")
    op.drop_table("hooks")
    op.drop_table("guide_entries")
    with op.batch_alter_table("group_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_group_members_node_member"))

    op.drop_table("group_members")
    with op.batch_alter_table("former_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_former_sessions_ended_at"))

    op.drop_table("former_sessions")
    with op.batch_alter_table("enterprises", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_enterprises_credit_code"))
        batch_op.drop_index(batch_op.f("ix_enterprises_block"))

    op.drop_table("enterprises")
    with op.batch_alter_table("duty_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_duty_items_node_digest_matter"))

    op.drop_table("duty_items")
    op.drop_table("drafts")
    with op.batch_alter_table("dossiers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dossiers_kind_owner_state"))
        batch_op.drop_index(batch_op.f("ix_dossiers_kind_key"))

    op.drop_table("dossiers")
    with op.batch_alter_table("desks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desks_unit_person"))

    op.drop_table("desks")
    with op.batch_alter_table("deputies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_deputies_node_deputy"))

    op.drop_table("deputies")
    op.drop_table("daily_ways")
