// A county: opens its journal, joins, registers, escalates, goes on with what came back (PROTOCOL.md 3, 10 and 11).
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { certificateRequest, checkedChain, newIdentityKey } from "./certificates.js";
import { KIND, Keyring, Sealer } from "./keys.js";
import { newKey, publicOf } from "./seal.js";
import { ticketsOf } from "./tickets.js";
import { Channel, decode, encode, moment, stamp } from "./wire.js";

const DAY_MILLISECONDS = 24 * 3600 * 1000;
const BEIJING_MILLISECONDS = 8 * 3600 * 1000;
const FORM_LIMIT_DAYS = 1;
const REACTION = { account: "reaction", role: "node", unit: "" };
const CLOCK = { account: "clock", role: "node", unit: "" };

export class County {
  /** *now* is the business time; it may be set back by nobody, so an entry is never older than the one before it. */
  constructor(store, now) {
    this.store = store;
    this.now = now;
    this.#readKeys();
  }

  get node() {
    return this.store.node.node;
  }

  get keyring() {
    return this.#keyring;
  }

  get tickets() {
    return ticketsOf(this.store.entries, this.node, this.keyring.line);
  }

  get position() {
    return { node: this.node, ...this.store.own.position };
  }

  #keyring = null;

  #readKeys() {
    if (this.store.node) this.#keyring = new Keyring(this.store.node, this.store.membership, this.store.entries);
  }

  // --- the first day -------------------------------------------------------------------------------------------------------

  /** Make the keys, then open epoch 1. */
  init(node, name, rehearsal) {
    const secrets = { node: newKey(), desk: newKey(), recovery: newKey() };
    const publicKeys = Object.fromEntries(Object.entries(secrets).map(([reader, secret]) => [`${node}/${reader}`, publicOf(secret)]));
    delete secrets.recovery; // for people, on paper
    this.store.keepNode({ node, name, rehearsal, secrets, publicKeys, identityKey: newIdentityKey() });
    this.#readKeys();
    this.#write({ subject: this.#itself, actor: CLOCK, kind: "EpochStarted", event: { name, suite: "sha256", is_rehearsal: rehearsal } });
  }

  /** Redeem an invitation, as often as it takes: the key stays the same. */
  async join(file) {
    const invitation = JSON.parse(fs.readFileSync(file, "utf8"));
    const { format, version, invited } = invitation;
    if (format !== "qyzj-invitation" || version !== 1 || invited !== this.node) throw new Error("not an invitation of this node");
    const { name, rehearsal, publicKeys, identityKey: key } = this.store.node;
    const channel = new Channel(invitation);
    const answer = await channel
      .call("Enrol", {
        certificate_request: Buffer.from(certificateRequest(this.node, key)),
        name,
        position: this.position,
        payload_keys: asList(publicKeys),
        rehearsal,
      })
      .finally(() => channel.close());
    const chain = checkedChain(answer.certificates.toString(), this.node, key, invitation.authority);
    const { address, superior } = invitation;
    const line = answer.line;
    this.store.keepMembership({ address, superior, key, ...chain, line, publicKeys: asMap(answer.payload_keys), superiorEpoch: 0 });
    this.#readKeys();
    this.#takePlace();
  }

  /** What a greeting told of the superiors; a new one gets the month keys that it may open. */
  heard(answer) {
    const membership = this.store.membership;
    const line = answer.line.map((node) => membership.line.find((one) => one.node === node) ?? { node, name: "" });
    const isNew = line.map((one) => one.node).join() !== this.keyring.line.join();
    const publicKeys = { ...membership.publicKeys, ...asMap(answer.payload_keys) };
    this.store.keepMembership({ ...membership, line, publicKeys, superiorEpoch: Math.max(membership.superiorEpoch, answer.epoch) });
    this.#readKeys();
    if (isNew || this.keyring.rewrapped().length > 0) this.#takePlace();
  }

  /** Say where this node stands; keys travel beside an entry only, and these beside this one. */
  #takePlace() {
    const { line } = this.store.membership;
    const event = { line: line.map((one) => one.node), names: line.map((one) => one.name) };
    this.#write({ subject: this.#itself, actor: REACTION, kind: "SuperiorJoined", event, keys: this.keyring.rewrapped() });
  }

  // --- tickets ---------------------------------------------------------------------------------------------------------------

  /** Take an appeal in; gives its register number. */
  register({ channel = "window", appeal, name, phone }) {
    const id = registerNumber(this.node, this.#moment(), [...this.tickets.keys()]);
    this.#write({
      subject: { kind: "ticket", id },
      actor: { account: "chen", role: "window_clerk", unit: `${this.node}-centre` },
      kind: "Registered",
      event: (sealer) => ({
        channel,
        appellant_kind: "enterprise",
        appeal: sealer.put(KIND.text, appeal),
        name: sealer.put(KIND.contact, name),
        phone: sealer.put(KIND.contact, phone),
        pack: "interop@0000000000000000",
      }),
      line: { custody: { number: 1, holder: this.node }, version: 1, state: "registered", with_whom: "office" },
      clocks: [{ clock: "form", change: CHANGE.started, limit: FORM_LIMIT_DAYS, unit: "day", due_at: this.#due(), owes: "office" }],
    });
    return id;
  }

  /** Put a ticket to the superior: from here on it is frozen, its clocks stand, and its keys are the superior's, too. */
  escalate(id, { powerItem, reason }) {
    const superior = this.keyring.line[0];
    this.#writeLine(id, {
      actor: { account: "liu", role: "office", unit: `${this.node}-centre` },
      kind: "EscalationRequested",
      event: (sealer) => {
        const event = { power_item: powerItem, reason: sealer.put(KIND.text, reason) };
        sealer.grant(superior);
        return event;
      },
      addressee: superior,
      line: { state: "escalated", with_whom: "superior" },
      clocks: [{ clock: "form", change: CHANGE.paused }],
    });
  }

  /** Go on with a ticket that came back: its clock runs again, from the day of the return. */
  resume(id) {
    const { state, withWhom } = this.#held(id);
    this.#writeLine(id, {
      actor: REACTION,
      kind: "ClocksResumed",
      event: {},
      line: { state, with_whom: withWhom },
      clocks: [{ clock: "form", change: CHANGE.resumed, limit: FORM_LIMIT_DAYS, unit: "day", due_at: this.#due(), owes: "office" }],
    });
  }

  /** What was decided above about a ticket, in words. */
  decision(id) {
    const found = this.tickets.get(id).told.findLast(({ header }) => header.kind === "DecidedAbove");
    return found ? this.keyring.open(found.entry, found.header, found.event.decision) : null;
  }

  // --- writing -----------------------------------------------------------------------------------------------------------------

  /** A line entry of a ticket that this node holds, under its custody number. */
  #writeLine(id, { line, ...more }) {
    const { custody, version, opener } = this.#held(id);
    this.#write({
      subject: { kind: "ticket", id },
      line: { custody: { number: custody, opener }, version: version + 1, ...line },
      ...more,
    });
  }

  #held(id) {
    const ticket = this.tickets.get(id);
    if (ticket?.holder !== this.node || ticket.asked) throw new Error(`${id} is not this node's to change`);
    return ticket;
  }

  /** Number an entry, make its bytes once, and keep it. */
  #write({ subject, actor, kind, event, line = {}, addressee = "", clocks = [], keys = [] }) {
    const recordedAt = this.#moment();
    const sealer = new Sealer(this.keyring, subject, recordedAt);
    const body = encode(kind, typeof event === "function" ? event(sealer) : event);
    const content = encode("EntryContent", {
      node: this.node,
      epoch: this.store.own.epoch,
      seq: this.store.own.position.size + 1,
      id: uuid7(recordedAt),
      recorded_at: stamp(recordedAt),
      subject,
      ...line,
      clocks,
      actor,
      addressee,
      payloads: sealer.payloads,
      kind,
      body,
    });
    this.store.own.append([{ content, sealed: sealer.sealed, keys: [...keys, ...sealer.keys] }]);
    this.#readKeys();
  }

  /** Now, or the time of the last entry if the clock stands before it. */
  #moment() {
    const last = this.store.own.entries.at(-1);
    const lastAt = last ? moment(decode("EntryContent", last.content).recorded_at) : new Date(0);
    return new Date(Math.max(this.now().getTime(), lastAt.getTime()));
  }

  /** 24:00 in Beijing of the last counted day; the day of the start is day 0. */
  #due() {
    const day = Math.floor((this.#moment().getTime() + BEIJING_MILLISECONDS) / DAY_MILLISECONDS);
    return stamp(new Date((day + FORM_LIMIT_DAYS + 1) * DAY_MILLISECONDS - BEIJING_MILLISECONDS));
  }

  get #itself() {
    return { kind: "node", id: this.node };
  }
}

const CHANGE = { started: 1, moved: 2, paused: 3, resumed: 4, stopped: 5 };

export const asList = (publicKeys) => Object.entries(publicKeys).map(([recipient, public_key]) => ({ recipient, public_key }));
const asMap = (list) => Object.fromEntries(list.map((one) => [one.recipient, one.public_key]));

function uuid7(at) {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(at.getTime(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The next number of the day: division, Beijing date, serial, check digit (ISO 7064 MOD 11,10). */
function registerNumber(node, at, taken) {
  const day = new Date(at.getTime() + BEIJING_MILLISECONDS).toISOString().slice(0, 10).replaceAll("-", "");
  const prefix = node.slice(0, 6) + day;
  const serials = taken.filter((one) => one.startsWith(prefix)).map((one) => Number(one.slice(14, 19)));
  const digits = prefix + String(Math.max(0, ...serials) + 1).padStart(5, "0");
  let product = 10;
  for (const digit of digits) product = (((product + Number(digit)) % 10 || 10) * 2) % 11;
  return digits + String((11 - product) % 10);
}
