// The channel to the superior (PROTOCOL.md 4) and the messages of proto/.
import path from "node:path";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";
import protobuf from "protobufjs";
import { serverName } from "./certificates.js";

const PROTO = process.env.QYZJ_PROTO ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../proto");
const SERVICES = ["federation/v1/link.proto", "federation/v1/enrolment.proto"];
const DEADLINE_SECONDS = { Hello: 5, Push: 20, Pull: 30, Fetch: 30, Reconcile: 30, Enrol: 10, Renew: 10 };

const services = grpc.loadPackageDefinition(
  protoLoader.loadSync(SERVICES, { includeDirs: [PROTO], keepCase: true, longs: Number, enums: Number, defaults: true }),
).federation.v1;

// --- the bytes of entries ------------------------------------------------------------------------------------------------

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (protobuf.common.get(target) ? target : path.join(PROTO, target));
root.loadSync(["node/v1/entry.proto", "node/v1/events.proto"], { keepCase: true });
const AS_OBJECT = { longs: Number, enums: Number, defaults: true };

const messageOf = (name) => root.lookupType(`node.v1.${name}`);

export function encode(name, fields) {
  const type = messageOf(name);
  const fault = type.verify(fields);
  if (fault) throw new Error(`${name}: ${fault}`);
  return Buffer.from(type.encode(type.create(fields)).finish());
}

export function decode(name, bytes) {
  const type = messageOf(name);
  return type.toObject(type.decode(bytes), AS_OBJECT);
}

/** The event of a content, or null for a kind that this program does not know. */
export function eventOf(header) {
  const type = root.lookup(`node.v1.${header.kind}`, [protobuf.Type]);
  return type ? type.toObject(type.decode(header.body), AS_OBJECT) : null;
}

export const stamp = (date) => ({ seconds: Math.floor(date.getTime() / 1000), nanos: (date.getTime() % 1000) * 1_000_000 });
export const moment = (timestamp) => new Date(timestamp.seconds * 1000 + Math.floor(timestamp.nanos / 1_000_000));

// --- refusals --------------------------------------------------------------------------------------------------------------

const statusTypes = protobuf.Root.fromJSON({
  nested: {
    Status: { fields: { code: f("int32", 1), message: f("string", 2), details: { ...f("Any", 3), rule: "repeated" } } },
    Any: { fields: { type_url: f("string", 1), value: f("bytes", 2) } },
    ErrorInfo: { fields: { reason: f("string", 1), domain: f("string", 2), metadata: { keyType: "string", ...f("string", 3) } } },
  },
});

function f(type, id) {
  return { type, id };
}

/** The answer no: `status` is gRPC's, `code` the other end's own word for it, or empty, `facts` what it says of it. */
export class Refused extends Error {
  constructor(status, code, facts) {
    super(`${status} ${code} ${JSON.stringify(facts)}`);
    Object.assign(this, { status, code, facts });
  }
}

function refusedBy(error) {
  const status = grpc.status[error.code] ?? "UNKNOWN";
  const [details] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (details) {
    for (const one of statusTypes.lookupType("Status").decode(details).details) {
      if (!one.type_url.endsWith("google.rpc.ErrorInfo")) continue;
      const info = statusTypes.lookupType("ErrorInfo").decode(one.value);
      if (info.domain === "qyzj") return new Refused(status, info.reason, { ...info.metadata });
    }
  }
  return new Refused(status, "", { message: error.details });
}

// --- the channel -------------------------------------------------------------------------------------------------------------

/** Both services of a superior, wherever its address leads: it is asked for by name. */
export class Channel {
  #clients;

  constructor({ address, superior, authority, certificate, key }) {
    const credentials = grpc.credentials.createSsl(Buffer.from(authority), Buffer.from(key), Buffer.from(certificate));
    const name = serverName(superior);
    const options = { "grpc.ssl_target_name_override": name, "grpc.default_authority": name, "grpc.enable_retries": 0 };
    this.#clients = [
      new services.LinkService(address, credentials, options),
      new services.EnrolmentService(address, credentials, options),
    ];
  }

  /** One call with its deadline.  Throws Refused. */
  call(method, request) {
    const client = this.#clients.find((one) => typeof one[method] === "function");
    const deadline = new Date(Date.now() + DEADLINE_SECONDS[method] * 1000);
    return new Promise((resolve, reject) => {
      client[method](request, { deadline }, (error, answer) => (error ? reject(refusedBy(error)) : resolve(answer)));
    });
  }

  close() {
    for (const client of this.#clients) client.close();
  }
}
