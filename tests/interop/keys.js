// Which keys a county has, and which ride beside an entry (PROTOCOL.md 12.2 to 12.4).
import { grantInfo, hpkeOpen, hpkeSeal, monthKeyInfo, newKey, payloadAad, seal, unseal, unwrapKey, wrapKey } from "./seal.js";

export const KIND = { text: 1, contact: 2 };
const WORD = { 1: "text", 2: "contact" };
const BEIJING_MILLISECONDS = 8 * 3600 * 1000;

const monthOf = (date, epoch) => {
  const month = new Date(date.getTime() + BEIJING_MILLISECONDS).toISOString().slice(0, 7);
  return epoch === 1 ? month : `${month}.${epoch}`;
};

/** Seals what one entry says and gathers the keys that ride beside it. */
export class Sealer {
  #keyring;
  #subject;
  #month;
  payloads = [];
  sealed = [];
  keys = [];

  constructor(keyring, subject, recordedAt) {
    this.#keyring = keyring;
    this.#subject = subject;
    this.#month = monthOf(recordedAt, keyring.epoch);
  }

  /** Seal *plain*; gives the reference that the body carries. */
  put(kind, plain) {
    const key = this.#keyring.subjectKey(this.#subject, kind) ?? this.#makeSubjectKey(kind);
    const { ciphertext, blob, digest } = seal(plain, key, payloadAad(this.#subject, WORD[kind]));
    this.payloads.push({ kind, blob, digest });
    this.sealed.push({ blob, ciphertext });
    return { place: this.payloads.length };
  }

  /** Hand both keys of the subject to the node that is asked to take it over. */
  grant(node) {
    const recipient = `${node}/node`;
    const publicKey = this.#keyring.publicKeys[recipient];
    for (const kind of [KIND.text, KIND.contact]) {
      const key = this.#keyring.subjectKey(this.#subject, kind);
      if (!key || !publicKey) continue;
      const wrapped = hpkeSeal(key, publicKey, grantInfo(this.#subject, WORD[kind], node));
      this.keys.push({ kind, node: this.#keyring.node, month: "", subject: this.#subject, recipient, wrapped });
    }
  }

  #makeSubjectKey(kind) {
    const key = newKey();
    const monthKey = this.#keyring.monthKey(this.#keyring.node, kind, this.#month) ?? this.#makeMonthKey(kind);
    const wrapped = wrapKey(key, monthKey);
    this.keys.push({ kind, node: this.#keyring.node, month: this.#month, subject: this.#subject, recipient: "", wrapped });
    this.#keyring.learn(this.keys.slice(-1));
    return key;
  }

  #makeMonthKey(kind) {
    const made = this.#keyring.wrappedMonthKey(newKey(), kind, this.#month);
    this.keys.push(...made);
    this.#keyring.learn(made);
    return this.#keyring.monthKey(this.#keyring.node, kind, this.#month);
  }
}

/** Opens what this node may open, from the wrapped keys that rode beside the entries it holds. */
export class Keyring {
  #nodeSecret;
  #wrapped = [];

  constructor(node, membership, entries) {
    this.node = node.node;
    this.epoch = 1;
    this.line = membership?.line.map((one) => one.node) ?? [];
    this.publicKeys = { ...membership?.publicKeys, ...node.publicKeys };
    this.#nodeSecret = node.secrets.node;
    for (const entry of entries) this.learn(entry.keys);
  }

  learn(keys) {
    this.#wrapped.push(...keys);
  }

  /** The plain text behind a line of *header*'s payloads, or null if it cannot be opened here. */
  open(entry, header, ref) {
    const line = ref && header.payloads[ref.place - 1];
    const found = line && entry.sealed.find((one) => one.blob.equals(line.blob));
    const key = line && this.subjectKey(header.subject, line.kind);
    return found && key ? unseal(found.ciphertext, key, payloadAad(header.subject, WORD[line.kind]), line.digest) : null;
  }

  subjectKey(subject, kind) {
    const its = this.#wrapped.filter((one) => one.kind === kind && one.subject?.kind === subject.kind && one.subject.id === subject.id);
    for (const one of its) {
      const monthKey = one.recipient === "" ? this.monthKey(one.node, kind, one.month) : null;
      if (monthKey) return unwrapKey(one.wrapped, monthKey);
      if (one.recipient === `${this.node}/node`) {
        return hpkeOpen(one.wrapped, this.#nodeSecret, grantInfo(subject, WORD[kind], this.node));
      }
    }
    return null;
  }

  monthKey(node, kind, month) {
    const recipient = `${this.node}/node`;
    const its = (one) => one.kind === kind && one.node === node && one.month === month && !one.subject?.id && one.recipient === recipient;
    const found = this.#wrapped.find(its);
    return found ? hpkeOpen(found.wrapped, this.#nodeSecret, monthKeyInfo(node, WORD[kind], month, recipient)) : null;
  }

  /** This node's month keys, wrapped for readers that became known since they were made. */
  rewrapped() {
    const own = this.#wrapped.filter((one) => one.node === this.node && !one.subject?.id);
    const made = new Map(own.map(({ kind, month }) => [`${kind}/${month}`, { kind, month }]));
    return [...made.values()].flatMap(({ kind, month }) => {
      const readers = own.filter((one) => one.kind === kind && one.month === month).map((one) => one.recipient);
      const wrapped = this.wrappedMonthKey(this.monthKey(this.node, kind, month), kind, month);
      return wrapped.filter((one) => !readers.includes(one.recipient));
    });
  }

  wrappedMonthKey(key, kind, month) {
    const above = kind === KIND.text ? this.line.map((node) => `${node}/node`) : this.line.slice(0, 1).map((node) => `${node}/desk`);
    return [`${this.node}/node`, `${this.node}/recovery`, ...above]
      .filter((recipient) => this.publicKeys[recipient])
      .map((recipient) => {
        const wrapped = hpkeSeal(key, this.publicKeys[recipient], monthKeyInfo(this.node, WORD[kind], month, recipient));
        return { kind, node: this.node, month, subject: null, recipient, wrapped };
      });
  }
}
