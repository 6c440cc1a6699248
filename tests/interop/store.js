// What a county keeps: its keys, its own journal, and what came down.  Everything is durable before anybody is told.
import fs from "node:fs";
import path from "node:path";
import { leafOf, Log } from "./merkle.js";

const asJson = (_key, value) => (value?.type === "Buffer" ? { $: Buffer.from(value.data).toString("base64") } : value);
const fromJson = (_key, value) => (typeof value?.$ === "string" ? Buffer.from(value.$, "base64") : value);

export class Store {
  /** Read what a process before this one left; a line that was cut off by its end was told to nobody. */
  constructor(directory) {
    this.directory = directory;
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.node = this.#read("node.json");
    this.membership = this.#read("membership.json");
    this.own = new Stream(path.join(directory, "own.log"));
    this.down = new Stream(path.join(directory, "down.log"));
  }

  keepNode(node) {
    this.node = node;
    this.#write("node.json", node);
  }

  keepMembership(membership) {
    this.membership = membership;
    this.#write("membership.json", membership);
  }

  /** Every entry that is held, own and from above. */
  get entries() {
    return [...this.own.entries, ...this.down.entries];
  }

  #read(name) {
    const file = path.join(this.directory, name);
    return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, "utf8"), fromJson) : null;
  }

  #write(name, content) {
    const part = path.join(this.directory, `${name}.part`);
    writeDurably(part, "w", JSON.stringify(content, asJson));
    fs.renameSync(part, path.join(this.directory, name));
  }
}

/** Entries in an order, as they travel, with the log over them.  `epoch` is that of the numbering. */
class Stream {
  #file;

  constructor(file) {
    this.#file = file;
    this.#begin(1);
    if (!fs.existsSync(file)) return;
    const text = fs.readFileSync(file, "utf8");
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    if (whole !== text) fs.truncateSync(file, Buffer.byteLength(whole));
    for (const line of whole.split("\n").filter(Boolean)) {
      const { epoch, entry } = JSON.parse(line, fromJson);
      if (epoch !== this.epoch) this.#begin(epoch);
      if (entry) this.#take(entry);
    }
  }

  get position() {
    return { epoch: this.epoch, size: this.#log.size, root: this.#log.root() };
  }

  append(entries) {
    if (entries.length === 0) return;
    writeDurably(this.#file, "a", entries.map((entry) => this.#line(this.epoch, entry)).join(""));
    for (const entry of entries) this.#take(entry);
  }

  /** The numbering began anew: what is held stays in the file, but counts no more. */
  beginAnew(epoch) {
    writeDurably(this.#file, "a", this.#line(epoch, null));
    this.#begin(epoch);
  }

  /** The root over the first *size* entries. */
  rootAt(size) {
    const log = new Log();
    for (const entry of this.entries.slice(0, size)) log.append(leafOf(entry.content));
    return log.root();
  }

  #log;

  #begin(epoch) {
    this.epoch = epoch;
    this.entries = [];
    this.#log = new Log();
  }

  #take(entry) {
    this.entries.push(entry);
    this.#log.append(leafOf(entry.content));
  }

  #line(epoch, entry) {
    return `${JSON.stringify({ epoch, entry }, asJson)}\n`;
  }
}

function writeDurably(file, flags, text) {
  const descriptor = fs.openSync(file, flags, 0o600);
  try {
    fs.writeFileSync(descriptor, text);
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
