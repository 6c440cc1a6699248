"""What arrived, as commands: each once, in the order of taking, with a cursor of its own (DESIGN 13)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from federation.reactions import FROM_ABOVE, FROM_BELOW, KINDS, OF_THE_HOLDER, OPENERS, Reaction, Reactions, of_asks, of_custody
from node.domain.command import Command, Order
from node.domain.entry import Actor, CustodyHead, Header, Subject
from node.domain.events import EVENTS
from node.domain.organisation import Place as TreePlace
from node.domain.payload import Text
from node.domain.refusal import Code, Refusal
from node.domain.ticket import records as r
from node.domain.ticket.custody import ReleaseClocks, ResumeAfterReturn
from node.domain.ticket.escalation import AcceptEscalation, ReceiveEscalation, RequestEscalation, ReturnEscalation, WithdrawEscalation
from node.domain.ticket.finding import ExecuteFinding, RaiseFinding
from node.domain.ticket.judgement import Judge
from node.domain.ticket.recheck import ExecuteRecheckRuling
from node.domain.ticket.termination import TakeWithdrawal, Withdraw
from node.domain.ticket.ticket import Ticket
from node.domain.ticket.transfer import CarryOutTransferRuling, ReceiveTransfer
from node.services.handle import Handler
from node.storage import schema
from node.storage.codec import decode_content
from node.storage.unit_of_work import UnitOfWork
from tests.federation.levels import Place, connect, enrol, make_place, settle

COUNTY, CITY, PROVINCE = "520402", "520400", "520000"
ASK = "01985f2e-0000-7000-8000-000000000001"
TREE = {COUNTY: CITY, "520424": CITY, CITY: PROVINCE, PROVINCE: ""}
NOW = __import__("datetime").datetime(2026, 2, 10, 4, tzinfo=__import__("datetime").UTC)
