// Recomputes the vectors of PROTOCOL.md by this county's own functions; prints those that differ.
import fs from "node:fs";
import { leafOf, rootOf } from "./merkle.js";
import { bound, grantInfo, hpkeOpen, monthKeyInfo, payloadAad, publicOf, seal, unseal, unwrapKey, wrapKey } from "./seal.js";

const page = fs.readFileSync(process.argv[2], "utf8");
const run = (first, length = 32) => Buffer.from(Array.from({ length }, (_, place) => first + place));

function vectors(name) {
  const [, block] = page.match(new RegExp("^```vector " + name + "\\n([^]+?)^```$", "m"));
  return Object.fromEntries(block.trim().split("\n").map((line) => line.match(/^(.+?)\s+([0-9a-f]+)$/).slice(1)));
}

function* log(said) {
  const contents = [said.content, said.b, said.c].map((hex) => Buffer.from(hex, "hex"));
  for (const [place, content] of contents.entries()) yield [`leaf ${place + 1}`, leafOf(content)];
  for (let size = 0; size <= 3; size += 1) yield [`root ${size}`, rootOf(contents.slice(0, size))];
}

function* sealing(said) {
  const of = (name) => Buffer.from(said[name], "hex");
  const subject = { kind: "ticket", id: "52040220260126000010" };
  const aad = payloadAad(subject, "text");
  const sealed = seal(of("plain"), run(0), aad, run(0x20), run(0x40, 12));
  yield ["aad", aad];
  yield* ["ciphertext", "blob", "digest"].map((name) => [name, sealed[name]]);
  yield ["plain", Buffer.from(unseal(of("ciphertext"), run(0), aad, of("digest")))];
  yield ["wrapped subject", wrapKey(run(0), run(0x60))];
  yield ["unwrapped subject", unwrapKey(of("wrapped subject"), run(0x60)), run(0)];
  yield ["public", publicOf(run(0x80))];
  yield ["info", monthKeyInfo("520402", "text", "2026-01", "520400/node")];
  yield ["opened month", hpkeOpen(of("wrapped month"), run(0x80), of("info")), run(0x60)];
  yield ["grant info", grantInfo(subject, "text", "520402")];
  yield ["bound", bound("a", "水"), Buffer.from("0001610003e6b0b4", "hex")];
}

function* differing(said, computed) {
  for (const [name, found, due = Buffer.from(said[name], "hex")] of computed) if (!found.equals(due)) yield name;
}

const logged = vectors("log");
const sealed = vectors("seal");
console.log(JSON.stringify([...differing(logged, log(logged)), ...differing(sealed, sealing(sealed))]));
