"""
The tables of a node, the same on SQLite and PostgreSQL.

``entries`` is the truth: this node's own journal and the byte-exact mirrors of its subordinates', in the order in which
this node took them (``taken``).  ``READINGS`` are folded from it in the same transaction and may be dropped and rebuilt at
any time.  The rest is what a link, a key or a blob needs beside it.  Times are microseconds since 1970 (UTC), as integers:
both databases order and compare them alike.

The tables stand in ``*_tables``, by noun; everybody else knows them from here.
"""

from node.storage.columns import metadata
from node.storage.dossier_tables import dossier_words, dossiers, enterprises, rounds
from node.storage.draft_tables import drafts
from node.storage.filter_tables import saved_filters
from node.storage.index_tables import lookups, text_grams
from node.storage.journal_tables import entries, heads, incidents, payload_keys, payloads, quarantine, streams, wrapped_keys
from node.storage.link_tables import down, invitations, line_epochs, links, reconciliations, relayed, wanted_blobs
from node.storage.login_tables import (
    daily_ways,
    former_sessions,
    login_attempts,
    login_certificates,
    login_subjects,
    logins,
    recovery_codes,
    sessions,
    sign_in_flows,
)
from node.storage.notice_tables import notices
from node.storage.registry_tables import (
    accounts,
    adoptions,
    deputies,
    duty_items,
    forks,
    group_members,
    guide_entries,
    intermediaries,
    nodes,
    reparentings,
    turns,
    units,
)
from node.storage.ticket_tables import asks, clocks, desks, precedents, receipts, tickets, traits
from node.storage.token_tables import hooks, requests, tokens

READINGS = (
    tickets,
    clocks,
    asks,
    nodes,
    units,
    accounts,
    adoptions,
    rounds,
    dossiers,
    dossier_words,
    desks,
    receipts,
    duty_items,
    guide_entries,
    precedents,
    traits,
    enterprises,
    turns,
    group_members,
    intermediaries,
    reparentings,
    forks,
    deputies,
)

__all__ = [
    "READINGS",
    "accounts",
    "adoptions",
    "asks",
    "clocks",
    "daily_ways",
    "deputies",
    "desks",
    "dossier_words",
    "dossiers",
    "down",
    "drafts",
    "duty_items",
    "enterprises",
    "entries",
    "forks",
    "former_sessions",
    "group_members",
    "guide_entries",
    "heads",
    "hooks",
    "incidents",
    "intermediaries",
    "invitations",
    "line_epochs",
    "links",
    "login_attempts",
    "login_certificates",
    "login_subjects",
    "logins",
    "lookups",
    "metadata",
    "nodes",
    "notices",
    "payload_keys",
    "payloads",
    "precedents",
    "quarantine",
    "receipts",
    "reconciliations",
    "recovery_codes",
    "relayed",
    "reparentings",
    "requests",
    "rounds",
    "saved_filters",
    "sessions",
    "sign_in_flows",
    "streams",
    "text_grams",
    "tickets",
    "tokens",
    "traits",
    "turns",
    "units",
    "wanted_blobs",
    "wrapped_keys",
]
