"""
Lists of dossiers by a unit or a ticket read every row of their kind: the words of each dossier stand a row each, with an index.

Revision: 0012_pre_dossier_words.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012_pre_dossier_words"
down_revision = "0011_pre_certificate_ends"
branch_labels = None
depends_on = None

_INDEX = "ix_dossier_words_word"
_rows_at_once = 1_000


def upgrade() -> None:
    op.create_table(
        "dossier_words",
        sa.Column("dossier", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("dossier", "name", "word"),
        sqlite_with_rowid=False,
    )
    op.create_index(_INDEX, "dossier_words", ["name", "word", "kind", "dossier"], unique=False)
    _fill(op.get_bind())


def downgrade() -> None:
    op.drop_index(_INDEX, "dossier_words")
    op.drop_table("dossier_words")


def _fill(connection: sa.Connection) -> None:
    dossiers = sa.table("dossiers", *(sa.column(name) for name in ("id", "kind", "parties", "about")))
    words = sa.table("dossier_words", *(sa.column(name) for name in ("dossier", "name", "word", "kind")))
    last = ""
    while found := connection.execute(sa.select(dossiers).where(dossiers.c.id > last).order_by(dossiers.c.id).limit(_rows_at_once)).all():
        last = found[-1].id
        rows = [
            {"dossier": row.id, "name": name, "word": word, "kind": row.kind}
            for row in found
            for name, said in (("party", row.parties), ("about", "" if row.kind == "paper" else row.about))
            for word in dict.fromkeys(said.split(","))
            if word
        ]
        if rows:
            connection.execute(sa.insert(words), rows)
