// The county's command line: one verb a process, one JSON document a line.
//
//   node main.js DIRECTORY VERB [ARGUMENT] [--option VALUE ...]
import { parseArgs } from "node:util";
import { County } from "./county.js";
import { Store } from "./store.js";
import { Uplink, WAIT_MAX_MILLISECONDS } from "./uplink.js";

const strings = ["now", "node", "name", "phone", "appeal", "reason", "power-item"];
const options = { rehearsal: { type: "boolean" }, ...Object.fromEntries(strings.map((name) => [name, { type: "string" }])) };
const { values, positionals } = parseArgs({ options, allowPositionals: true });
const [directory, verb, argument] = positionals;

const now = () => (values.now ? new Date(values.now) : new Date());
const county = new County(new Store(directory), now);
const tell = (body) => process.stdout.write(`${JSON.stringify(body)}\n`);

/** Greet, push, then pull until nothing is left that waits. */
async function sync(uplink, from) {
  await uplink.greet();
  const sent = await uplink.push(from);
  const received = [];
  for (let fresh = await uplink.pull(0); fresh.length > 0; fresh = await uplink.pull(0)) received.push(...fresh);
  return { sent, acked: uplink.acked, received: received.map((header) => header.kind) };
}

/** Stay with the superior: one long poll after the other, until the process ends. */
async function serve(uplink) {
  tell(await sync(uplink));
  for (;;) {
    await uplink.greetIfDue();
    const fresh = await uplink.pull(WAIT_MAX_MILLISECONDS);
    if (fresh.length > 0) tell({ received: fresh.map((header) => header.kind) });
  }
}

function show() {
  const { node, epoch, size, root } = county.position;
  const down = county.store.down.position;
  const tickets = [...county.tickets].map(([id, { told, ...ticket }]) => {
    const heard = told.filter(({ header }) => header.node !== node).map(({ header }) => header.kind);
    return [id, { ...ticket, heard, decision: county.decision(id) }];
  });
  return {
    position: { node, epoch, size, root: root.toString("hex") },
    down: { epoch: down.epoch, size: down.size, root: down.root.toString("hex") },
    line: county.keyring.line,
    tickets: Object.fromEntries(tickets),
  };
}

async function linked(work) {
  const uplink = new Uplink(county);
  return await work(uplink).finally(() => uplink.close());
}

const VERBS = {
  init: () => county.init(values.node, values.name, values.rehearsal ?? false),
  join: () => county.join(argument),
  register: () => ({ ticket: county.register(values) }),
  escalate: () => county.escalate(argument, { powerItem: values["power-item"], reason: values.reason }),
  resume: () => county.resume(argument),
  sync: () => linked((uplink) => sync(uplink)),
  resend: () => linked((uplink) => sync(uplink, 0)),
  serve: () => linked(serve),
  audit: () => linked(async (uplink) => ({ agreed: await uplink.audit() })),
  show,
};

try {
  if (!VERBS[verb]) throw new Error(`no such verb: ${verb}`);
  tell((await VERBS[verb]()) ?? {});
} catch (error) {
  tell({ error: error.name, code: error.code ?? "", message: error.message });
  process.exitCode = 1;
}
