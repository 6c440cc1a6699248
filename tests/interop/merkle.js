// The log of a stream (PROTOCOL.md 6.3): RFC 6962 with SHA-256.
import { createHash } from "node:crypto";

export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const LEAF = Buffer.of(0);
const INNER = Buffer.of(1);

export const leafOf = (content) => sha256(LEAF, content);
export const EMPTY_ROOT = sha256();

/** A tree that only grows: the roots of its perfect subtrees, biggest first. */
export class Log {
  size = 0;
  #peaks = [];

  /** Put a leaf behind the others; as many pairs go up as the old size ends in one bits. */
  append(leaf) {
    let node = leaf;
    for (let rest = this.size; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = sha256(INNER, this.#peaks.pop(), node);
    }
    this.#peaks.push(node);
    this.size += 1;
  }

  root() {
    return this.#peaks.reduceRight((right, left) => (right === null ? left : sha256(INNER, left, right)), null) ?? EMPTY_ROOT;
  }
}

/** The root over these contents. */
export function rootOf(contents) {
  const log = new Log();
  for (const content of contents) log.append(leafOf(content));
  return log.root();
}
