// A session with the superior (PROTOCOL.md 5): greets, pushes, pulls, and holds every answer against the own journal.
import { randomBytes } from "node:crypto";
import { asList } from "./county.js";
import { leafOf, rootOf } from "./merkle.js";
import { Channel, decode, stamp } from "./wire.js";

const ENTRIES_MAX = 500;
const BYTES_MAX = 1024 * 1024;
// What protobuf adds to an entry and to each of its riders, at most.
const FRAME_BYTES = 256;
const HELLO_APART_MILLISECONDS = 50_000;
export const WAIT_MAX_MILLISECONDS = 25_000;

/** Two histories: nothing more is sent or written before people have decided. */
export class Forked extends Error {}

export class Uplink {
  #county;
  #channel;
  #bootId = randomBytes(16);
  #greetedAt = 0;
  /** How many entries of the own stream the superior holds. */
  acked = 0;

  constructor(county) {
    this.#county = county;
    this.#channel = new Channel(county.store.membership);
  }

  close() {
    this.#channel.close();
  }

  get #own() {
    return this.#county.store.own;
  }

  get #down() {
    return this.#county.store.down;
  }

  // --- greeting -----------------------------------------------------------------------------------------------------------

  async greet() {
    const { node, store } = this.#county;
    const answer = await this.#channel.call("Hello", {
      protocol_min: 1,
      protocol_max: 1,
      boot_id: this.#bootId,
      positions: [this.#county.position],
      down: this.#down.position,
      now: stamp(this.#county.now()),
      wall: stamp(new Date()),
      rehearsal: store.node.rehearsal,
      waiting: this.#own.entries.length - this.acked,
      features: ["fetch", "reconcile"],
      program: "interop 1",
      payload_keys: asList(store.node.publicKeys),
      superior_epoch: store.membership.superiorEpoch,
    });
    if (answer.epoch < store.membership.superiorEpoch) throw new Forked("an old copy of the superior answers");
    if (answer.credit === 0) throw new Forked("the superior takes nothing");
    this.#county.heard(answer);
    this.#accept(answer.positions.find((one) => one.node === node && one.epoch === this.#own.epoch) ?? { size: 0 });
    if (answer.down.epoch !== this.#down.epoch) this.#down.beginAnew(answer.down.epoch);
    this.#greetedAt = Date.now();
    return answer;
  }

  async greetIfDue() {
    if (Date.now() - this.#greetedAt >= HELLO_APART_MILLISECONDS) await this.greet();
  }

  /** Go on from where the superior stands, if it tells the same history up to there. */
  #accept({ size, root }) {
    if (size > this.#own.entries.length) throw new Forked(`the superior holds ${size}, more than is here`);
    if (size > 0 && !root.equals(this.#own.rootAt(size))) throw new Forked(`the first ${size} entries are others there`);
    this.acked = size;
  }

  // --- up -------------------------------------------------------------------------------------------------------------------

  /** Push what the superior does not hold yet, or, with *from*, everything behind that once more.  Gives how many were sent. */
  async push(from = this.acked) {
    let after = from;
    let sent = 0;
    while (after < this.#own.entries.length) {
      const entries = this.#batch(after);
      const { node, epoch } = this.#county.position;
      const segments = [{ node, epoch, from_seq: after + 1, entries }];
      const answer = await this.#channel.call("Push", { boot_id: this.#bootId, segments });
      const [position] = answer.positions;
      this.#accept(position);
      if (position.size < after + entries.length) throw new Error(`${position.size} were taken of ${after + entries.length}`);
      after += entries.length;
      sent += entries.length;
    }
    return sent;
  }

  #batch(after) {
    const batch = [];
    let bytes = 0;
    for (const entry of this.#own.entries.slice(after, after + ENTRIES_MAX)) {
      bytes += sizeOf(entry);
      if (bytes > BYTES_MAX && batch.length > 0) break;
      batch.push(entry);
    }
    return batch;
  }

  // --- down -------------------------------------------------------------------------------------------------------------------

  /** Take what came down; it is durable before it is acknowledged by the next call.  Gives the headers of what was new. */
  async pull(waitMilliseconds) {
    const request = { boot_id: this.#bootId, down: this.#down.position, max: ENTRIES_MAX, wait_ms: waitMilliseconds };
    const answer = await this.#channel.call("Pull", request);
    const size = this.#down.entries.length;
    if (answer.from_seq > size + 1) return [];
    const fresh = answer.entries.slice(size + 1 - answer.from_seq);
    this.#needOneHistory(fresh);
    this.#down.append(fresh.map(({ content, sealed, keys }) => ({ content, sealed, keys })));
    const here = this.#down.position;
    if (here.size === answer.down.size && !here.root.equals(answer.down.root)) throw new Forked("the down stream has another root");
    return fresh.map((entry) => decode("EntryContent", entry.content));
  }

  /** A place of a stream never holds two contents, by whichever way they come. */
  #needOneHistory(fresh) {
    const placeOf = ({ content }) => {
      const { node, epoch, seq } = decode("EntryContent", content);
      return `${node}/${epoch}/${seq}`;
    };
    const held = new Map(this.#county.store.entries.map((entry) => [placeOf(entry), leafOf(entry.content)]));
    for (const entry of fresh) {
      const leaf = held.get(placeOf(entry));
      if (leaf && !leaf.equals(leafOf(entry.content))) throw new Forked(`the superior tells ${placeOf(entry)} otherwise`);
    }
  }

  // --- comparing ----------------------------------------------------------------------------------------------------------------

  /** Fetch the own stream back, compare it byte for byte, then range by range; gives how many entries agree, or throws. */
  async audit() {
    const { node, epoch } = this.#county.position;
    let size = 0;
    while (size < this.#own.entries.length) {
      const answer = await this.#channel.call("Fetch", { node, epoch, from_seq: size + 1, max: ENTRIES_MAX });
      for (const { content } of answer.entries) {
        if (!content.equals(this.#own.entries[size].content)) throw new Forked(`entry ${size + 1} is another one there`);
        size += 1;
      }
      if (answer.entries.length === 0) throw new Error(`the superior gave ${size} entries`);
    }
    const range = { node, epoch, from_seq: 1, to_seq: size, digest: rootOf(this.#own.entries.map((one) => one.content)) };
    const { differing } = await this.#channel.call("Reconcile", { ranges: [range] });
    await this.#channel.call("Reconcile", { conclusion: { streams: 1, entries: size, differing, differences: differing.length } });
    if (differing.length > 0) throw new Forked("the digests differ");
    return size;
  }
}

function sizeOf(entry) {
  const riders = [...entry.sealed.map((one) => one.ciphertext), ...entry.keys.map((one) => one.wrapped)];
  return entry.content.length + FRAME_BYTES + riders.reduce((total, bytes) => total + bytes.length + FRAME_BYTES, 0);
}
