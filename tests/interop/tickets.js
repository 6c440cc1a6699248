// A ticket as its entries tell it (PROTOCOL.md 11): who holds it, which state it is in, what is void.
import { decode, eventOf } from "./wire.js";

const FREEZING = new Set(["EscalationRequested", "TransferRequested"]);

/** Every ticket of *entries* by its number.  *line* are the superiors, nearest first. */
export function ticketsOf(entries, node, line) {
  const found = new Map();
  for (const entry of entries) {
    const header = decode("EntryContent", entry.content);
    if (header.subject.kind !== "ticket") continue;
    if (!found.has(header.subject.id)) found.set(header.subject.id, new Map());
    found.get(header.subject.id).set(header.id, { entry, header, event: eventOf(header) });
  }
  return new Map([...found].map(([id, its]) => [id, ticketOf([...its.values()], (one) => rankOf(one, node, line))]));
}

/** Smaller is higher. */
function rankOf(other, node, line) {
  return line.includes(other) ? -1 - line.indexOf(other) : other === node ? 0 : 1;
}

function ticketOf(told, rank) {
  const lines = told.filter(({ header }) => header.version > 0).sort((a, b) => (a.header.id < b.header.id ? -1 : 1));
  const effective = [];
  let run = [];
  for (let number = 1; ; number += 1) {
    const its = lines.filter(({ header }) => header.custody.number === number);
    const opener = its.filter((one) => mayOpen(one.header, run, rank)).sort((a, b) => rank(a.header.node) - rank(b.header.node))[0];
    if (!opener) break;
    effective.push(...run.slice(0, opener.header.custody.follows));
    run = runOf(opener, its);
  }
  effective.push(...run);
  const last = run[run.length - 1].header;
  const answered = new Set(told.map(({ header }) => header.answers));
  return {
    told,
    state: last.state,
    withWhom: last.with_whom,
    custody: last.custody.number,
    version: last.version,
    holder: run[0].header.custody.holder,
    opener: run[0].header.id,
    asked: FREEZING.has(last.kind) ? last.addressee : "",
    kinds: effective.map(({ header }) => header.kind),
    void: lines.filter((one) => !effective.includes(one)).map(({ header }) => header.id),
    openAsks: told.filter(({ header }) => FREEZING.has(header.kind) && !answered.has(header.id)).map(({ header }) => header.id),
  };
}

function mayOpen(header, run, rank) {
  const { number, holder, follows, opener } = header.custody;
  if (header.version !== 1 || !holder) return false;
  if (run.length === 0) return number === 1;
  if (follows < 1 || follows > run.length || (opener && opener !== run[0].header.id)) return false;
  const last = run[follows - 1].header;
  const former = run[0].header.custody.holder;
  const asked = FREEZING.has(last.kind) ? last.addressee : "";
  if (header.kind === "CustodyOverridden") return rank(header.node) < Math.min(rank(former), rank(asked || former));
  return header.node === (asked || former);
}

/** The opener and the holder's versions behind it, without a gap, up to the request that freezes them. */
function runOf(opener, its) {
  const run = [opener];
  const { holder } = opener.header.custody;
  while (!FREEZING.has(run[run.length - 1].header.kind)) {
    const next = its.find(
      ({ header }) => header.version === run.length + 1 && header.node === holder && header.custody.opener === opener.header.id,
    );
    if (!next) break;
    run.push(next);
  }
  return run;
}
