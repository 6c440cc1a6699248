// Sealed texts and contacts (PROTOCOL.md 12): three layers of keys, all by node:crypto.
import {
  createCipheriv, createDecipheriv, createHmac, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { sha256 } from "./merkle.js";

const NONCE_BYTES = 12;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

export const newKey = () => randomBytes(KEY_BYTES);

// --- what is bound ---------------------------------------------------------------------------------------------------

/** Each string behind its length in two bytes, so that no two lists give the same bytes. */
export function bound(...strings) {
  return Buffer.concat(
    strings.flatMap((one) => {
      const bytes = Buffer.from(one);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      return [length, bytes];
    }),
  );
}

export const payloadAad = (subject, kind) => bound("qyzj payload 1", subject.kind, subject.id, kind);
export const monthKeyInfo = (node, kind, month, recipient) => bound("qyzj month key 1", node, kind, month, recipient);
export const grantInfo = (subject, kind, node) =>
  Buffer.concat([Buffer.from("qyzj subject key 1\n"), payloadAad(subject, kind), Buffer.from(`\n${node}`)]);

// --- a payload under its subject's key -------------------------------------------------------------------------------

/** Gives the ciphertext, its blob and the salted digest of *plain*. */
export function seal(plain, key, aad, salt = randomBytes(SALT_BYTES), nonce = randomBytes(NONCE_BYTES)) {
  const text = Buffer.from(plain);
  const ciphertext = Buffer.concat([nonce, gcmSeal(key, nonce, Buffer.concat([salt, text]), aad)]);
  return { ciphertext, blob: sha256(ciphertext), digest: hmac(salt, text) };
}

/** The plain text, which is the one that the entry names by *digest*. */
export function unseal(ciphertext, key, aad, digest) {
  const opened = gcmOpen(key, ciphertext.subarray(0, NONCE_BYTES), ciphertext.subarray(NONCE_BYTES), aad);
  const plain = opened.subarray(SALT_BYTES);
  if (!timingSafeEqual(hmac(opened.subarray(0, SALT_BYTES), plain), digest)) throw new Error("not what the entry names");
  return plain.toString();
}

// --- a subject's key under a month key: AES key wrap -----------------------------------------------------------------

const WRAP_IV = Buffer.alloc(8, 0xa6);

export function wrapKey(key, monthKey) {
  const cipher = createCipheriv("id-aes256-wrap", monthKey, WRAP_IV);
  return Buffer.concat([cipher.update(key), cipher.final()]);
}

export function unwrapKey(wrapped, monthKey) {
  const cipher = createDecipheriv("id-aes256-wrap", monthKey, WRAP_IV);
  return Buffer.concat([cipher.update(wrapped), cipher.final()]);
}

// --- a key for a reader: HPKE, base mode, single shot ------------------------------------------------------------------

const KEM_SUITE = Buffer.from("KEM\x00\x20", "latin1");
const HPKE_SUITE = Buffer.from("HPKE\x00\x20\x00\x01\x00\x02", "latin1");
const VERSION = Buffer.from("HPKE-v1");
const NOTHING = Buffer.alloc(0);

export function hpkeSeal(plain, recipientPublic, info) {
  const pair = generateKeyPairSync("x25519");
  const encapsulated = rawPublic(pair.publicKey);
  const shared = sharedSecret(pair.privateKey, recipientPublic, encapsulated, recipientPublic);
  const { key, nonce } = keySchedule(shared, info);
  return Buffer.concat([encapsulated, gcmSeal(key, nonce, plain, NOTHING)]);
}

export function hpkeOpen(sealed, recipientSecret, info) {
  const encapsulated = sealed.subarray(0, KEY_BYTES);
  const shared = sharedSecret(privateKey(recipientSecret), encapsulated, encapsulated, publicOf(recipientSecret));
  const { key, nonce } = keySchedule(shared, info);
  return gcmOpen(key, nonce, sealed.subarray(KEY_BYTES), NOTHING);
}

function sharedSecret(ownPrivate, otherPublic, encapsulated, recipientPublic) {
  const secret = diffieHellman({ privateKey: ownPrivate, publicKey: publicKey(otherPublic) });
  const pseudoRandom = labeledExtract(KEM_SUITE, NOTHING, "eae_prk", secret);
  return labeledExpand(KEM_SUITE, pseudoRandom, "shared_secret", Buffer.concat([encapsulated, recipientPublic]), KEY_BYTES);
}

function keySchedule(shared, info) {
  const context = Buffer.concat([
    Buffer.of(0),
    labeledExtract(HPKE_SUITE, NOTHING, "psk_id_hash", NOTHING),
    labeledExtract(HPKE_SUITE, NOTHING, "info_hash", info),
  ]);
  const secret = labeledExtract(HPKE_SUITE, shared, "secret", NOTHING);
  return {
    key: labeledExpand(HPKE_SUITE, secret, "key", context, KEY_BYTES),
    nonce: labeledExpand(HPKE_SUITE, secret, "base_nonce", context, NONCE_BYTES),
  };
}

const labeledExtract = (suite, salt, label, material) => hmac(salt, Buffer.concat([VERSION, suite, Buffer.from(label), material]));

/** HKDF-Expand of at most one block, which is all that is asked for here. */
function labeledExpand(suite, pseudoRandom, label, info, length) {
  const size = Buffer.of(length >> 8, length & 255);
  return hmac(pseudoRandom, Buffer.concat([size, VERSION, suite, Buffer.from(label), info, Buffer.of(1)])).subarray(0, length);
}

// --- X25519 as 32 raw bytes --------------------------------------------------------------------------------------------

const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

const privateKey = (raw) => createPrivateKey({ key: Buffer.concat([PKCS8, raw]), format: "der", type: "pkcs8" });
const publicKey = (raw) => createPublicKey({ key: Buffer.concat([SPKI, raw]), format: "der", type: "spki" });
const rawPublic = (key) => key.export({ format: "der", type: "spki" }).subarray(SPKI.length);

export const publicOf = (secret) => rawPublic(createPublicKey(privateKey(secret)));

// --- AES-256-GCM and HMAC ----------------------------------------------------------------------------------------------

const hmac = (key, data) => createHmac("sha256", key).update(data).digest();

function gcmSeal(key, nonce, plain, aad) {
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function gcmOpen(key, nonce, box, aad) {
  const cipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(aad).setAuthTag(box.subarray(box.length - TAG_BYTES));
  return Buffer.concat([cipher.update(box.subarray(0, box.length - TAG_BYTES)), cipher.final()]);
}
