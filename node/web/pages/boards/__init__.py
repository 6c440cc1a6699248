"""Boards and trays: what the joint office, departments, callers and supervisors work off, by clock."""

from fastapi import APIRouter

from node.web.pages.boards import (
    approvals,
    handling,
    index,
    judgement,
    letters,
    levels,
    meetings,
    revisits,
    rounds,
    supervision,
    tray,
    triage,
)

router = APIRouter()
for _desk in (index, triage, judgement, approvals, tray, handling, levels, letters, supervision, revisits, rounds, meetings):
    router.include_router(_desk.router)
