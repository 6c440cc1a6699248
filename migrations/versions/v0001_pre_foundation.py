"""
The foundation: journal, streams, links, payloads and readings.

Revision: 0001_pre_foundation.  "pre" runs before the new program serves, "post" after the old one is gone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_pre_foundation"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("node", "id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "adoptions",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("effective_from", sa.String(), nullable=False),
        sa.Column("adopted_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("node", "kind", "id", "digest", name=op.f("pk_adoptions")),
    )
    op.create_table(
        "asks",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("addressee", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_answered", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asks")),
    )
    op.create_index(op.f("ix_asks_addressee_is_answered"), "asks", ["addressee", "is_answered"], unique=False)
    op.create_index(op.f("ix_asks_ticket"), "asks", ["ticket"], unique=False)
    op.create_table(
        "clocks",
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owes", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("last_due_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("stopped_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_provisional", sa.Boolean(), nullable=False),
        sa.Column("fired", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ticket", "node", "name", name=op.f("pk_clocks")),
    )
    op.create_index(op.f("ix_clocks_node_due_at"), "clocks", ["node", "due_at"], unique=False)
    op.create_table(
        "down",
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("down_seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("link", "epoch", "down_seq", name=op.f("pk_down")),
    )
    op.create_table(
        "entries",
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("from_above", sa.Boolean(), nullable=False),
        sa.Column("is_laden", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("taken", name=op.f("pk_entries")),
        sa.UniqueConstraint("node", "epoch", "seq", name=op.f("uq_entries_node_epoch_seq")),
    )
    op.create_index(
        "ix_entries_cause",
        "entries",
        ["cause"],
        unique=False,
        sqlite_where=sa.text("cause IS NOT NULL"),
        postgresql_where=sa.text("cause IS NOT NULL"),
    )
    op.create_index(op.f("ix_entries_subject_id_taken"), "entries", ["subject_id", "taken"], unique=False)
    op.create_table(
        "heads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reacted", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("swept_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_rehearsal", sa.Boolean(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heads")),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_table(
        "invitations",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_invitations")),
    )
    op.create_table(
        "links",
        sa.Column("peer", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("boot_id", sa.LargeBinary(), nullable=False),
        sa.Column("former_boot_ids", sa.LargeBinary(), nullable=False),
        sa.Column("acked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("down_epoch", sa.Integer(), nullable=False),
        sa.Column("down_size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("down_peaks", sa.LargeBinary(), nullable=False),
        sa.Column("down_acked", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("waiting", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("heard_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("next_attempt_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("program", sa.String(), nullable=False),
        sa.Column("skew_seconds", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("peer", name=op.f("pk_links")),
    )
    op.create_table(
        "nodes",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("superior", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_nodes")),
    )
    op.create_table(
        "payload_keys",
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("recipient", name=op.f("pk_payload_keys")),
    )
    op.create_table(
        "payloads",
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("blob", sa.LargeBinary(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("taken", "place", name=op.f("pk_payloads")),
    )
    op.create_index(op.f("ix_payloads_subject_id"), "payloads", ["subject_id"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("taken", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "rounds",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("cut_epoch", sa.Integer(), nullable=False),
        sa.Column("cut_from", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cut", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("frame", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("opened_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cut_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revealed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rounds")),
    )
    op.create_table(
        "streams",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.Column("kept", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("node", "epoch", name=op.f("pk_streams")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("parties", sa.String(), nullable=False),
        sa.Column("custody", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("with_whom", sa.String(), nullable=False),
        sa.Column("pack", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("complexity", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("first_contact", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("external_number", sa.String(), nullable=False),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("outcomes", sa.Integer(), nullable=False),
        sa.Column("registered_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("completed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("completed_in_time", sa.Boolean(), nullable=True),
        sa.Column("standard", sa.String(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("revisit_consistent", sa.Boolean(), nullable=True),
        sa.Column("decided_above", sa.Boolean(), nullable=False),
        sa.Column("handed_down", sa.Boolean(), nullable=False),
        sa.Column("terminated_for", sa.String(), nullable=False),
        sa.Column("refused_for", sa.String(), nullable=False),
        sa.Column("is_incomplete", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_index(
        "ix_tickets_external_number",
        "tickets",
        ["external_number"],
        unique=False,
        sqlite_where=sa.text("external_number != ''"),
        postgresql_where=sa.text("external_number != ''"),
    )
    op.create_index(op.f("ix_tickets_holder_state"), "tickets", ["holder", "state"], unique=False)
    op.create_index(op.f("ix_tickets_origin_registered_at"), "tickets", ["origin", "registered_at"], unique=False)
    op.create_table(
        "units",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "wrapped_keys",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("taken", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "node", "month", "subject_kind", "subject_id", "recipient", name=op.f("pk_wrapped_keys")),
    )
    op.create_index(op.f("ix_wrapped_keys_subject_id"), "wrapped_keys", ["subject_id"], unique=False)
    op.create_index(op.f("ix_wrapped_keys_taken"), "wrapped_keys", ["taken"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_wrapped_keys_taken"), table_name="wrapped_keys")
    op.drop_index(op.f("ix_wrapped_keys_subject_id"), table_name="wrapped_keys")
    op.drop_table("wrapped_keys")
    op.drop_table("units")
    op.drop_index(op.f("ix_tickets_origin_registered_at"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_holder_state"), table_name="tickets")
    op.drop_index(
        "ix_tickets_external_number",
        table_name="tickets",
        sqlite_where=sa.text("external_number != ''"),
        postgresql_where=sa.text("external_number != ''"),
    )
    op.drop_table("tickets")
    op.drop_table("streams")
    op.drop_table("rounds")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_payloads_subject_id"), table_name="payloads")
    op.drop_table("payloads")
    op.drop_table("payload_keys")
    op.drop_table("nodes")
    op.drop_table("links")
    op.drop_table("invitations")
    op.drop_table("incidents")
    op.drop_table("heads")
    op.drop_index(op.f("ix_entries_subject_id_taken"), table_name="entries")
    op.drop_index(
        "ix_entries_cause", table_name="entries", sqlite_where=sa.text("cause IS NOT NULL"), postgresql_where=sa.text("cause IS NOT NULL")
    )
    op.drop_table("entries")
    op.drop_table("down")
    op.drop_index(op.f("ix_clocks_node_due_at"), table_name="clocks")
    op.drop_table("clocks")
    op.drop_index(op.f("ix_asks_ticket"), table_name="asks")
    op.drop_index(op.f("ix_asks_addressee_is_answered"), table_name="asks")
    op.drop_table("asks")
    op.drop_table("adoptions")
    op.drop_table("accounts")
