// Who a node is on the wire (PROTOCOL.md 3): its request for a certificate, and whether what came back is its own.
import { createPublicKey, generateKeyPairSync, sign, X509Certificate } from "node:crypto";

/** A fresh ECDSA P-256 key, PKCS #8 in PEM. */
export function newIdentityKey() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" });
}

/** *node*'s request to certify the key: PKCS #10 in PEM, with the one URI SAN that is asked for. */
export function certificateRequest(node, keyPem) {
  const names = sequence(tagged(0x86, Buffer.from(uriOf(node))));
  const extension = sequence(oid("2.5.29.17"), tagged(0x04, names));
  const attribute = sequence(oid("1.2.840.113549.1.9.14"), tagged(0x31, sequence(extension)));
  const commonName = tagged(0x31, sequence(oid("2.5.4.3"), tagged(0x0c, Buffer.from(node))));
  const publicKey = createPublicKey(keyPem).export({ format: "der", type: "spki" });
  const asked = sequence(Buffer.of(0x02, 0x01, 0x00), sequence(commonName), publicKey, tagged(0xa0, attribute));
  const signature = Buffer.concat([Buffer.of(0), sign("sha256", asked, keyPem)]);
  const request = sequence(asked, sequence(oid("1.2.840.10045.4.3.2")), tagged(0x03, signature));
  const lines = request.toString("base64").match(/.{1,64}/g);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join("\n")}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** Take the answer apart, and need it to be for this node and key, by the authority that the invitation named. */
export function checkedChain(chainPem, node, keyPem, authorityPem) {
  const [own, authority, ...more] = chainPem.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----\n?/g) ?? [];
  if (!own || !authority || more.length > 0) throw new Error("a chain of two certificates is due");
  const certificate = new X509Certificate(own);
  const issuer = new X509Certificate(authority);
  if (issuer.fingerprint256 !== new X509Certificate(authorityPem).fingerprint256) throw new Error("another authority answered");
  if (!certificate.verify(issuer.publicKey)) throw new Error("the authority did not sign it");
  if (certificate.subjectAltName !== `URI:${uriOf(node)}`) throw new Error(`the certificate is for ${certificate.subjectAltName}`);
  const due = createPublicKey(keyPem).export({ format: "pem", type: "spki" });
  if (certificate.publicKey.export({ format: "pem", type: "spki" }) !== due) throw new Error("the certificate is for another key");
  return { certificate: own, authority };
}

export const serverName = (node) => `n${node}.qyzj.internal`;
const uriOf = (node) => `spiffe://qyzj/node/${node}`;

// --- DER ---------------------------------------------------------------------------------------------------------------

function tagged(tag, ...parts) {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? Buffer.of(content.length) : longLength(content.length);
  return Buffer.concat([Buffer.of(tag), length, content]);
}

const longLength = (length) => (length < 256 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 255));
const sequence = (...parts) => tagged(0x30, ...parts);

function oid(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Buffer.of(first * 40 + second, ...rest.flatMap(base128)));
}

function base128(number) {
  const digits = [number & 127];
  for (let rest = number >> 7; rest > 0; rest >>= 7) digits.unshift((rest & 127) | 128);
  return digits;
}
