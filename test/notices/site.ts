import { Readable } from "node:stream";
import { parseConfig } from "../../src/config.ts";
import { Ledger } from "../../src/custody/ledger.ts";
import { Locks } from "../../src/custody/lock.ts";
import { messageId, newId } from "../../src/custody/name.ts";
import { announceTo } from "../../src/jobs/announce.ts";
import { type NoticeDeps, notice } from "../../src/jobs/notice.ts";
import type { JobData } from "../../src/jobs/table.ts";
import type { NewMessage } from "../../src/model/message.ts";
import { createSmtp } from "../../src/notices/smtp.ts";
import type { SmtpOptions } from "../../src/notices/smtp-options.ts";
import { createSubscribers } from "../../src/subscribers.ts";
import { second, wav } from "../jobs/sound.ts";
import { ANN, world } from "../jobs/world.ts";

export const AUDIO = wav(second(7));

type Yaml = Record<string, unknown>;

/** A site that sends mails about messages to a server at this port; 1001 is Ann's mailbox, with these options. */
export async function site(
  port: number,
  { ann = {}, defaults = {}, smtp = {} }: { ann?: Yaml; defaults?: Yaml; smtp?: Partial<SmtpOptions> } = {},
) {
  const here = await world();
  const yaml: Yaml = {
    asterisk: [{ name: "a", url: "http://127.0.0.1:8088", user: "u", password: "p" }],
    storage: { engine: "memory" },
    notices: { host: "127.0.0.1", port, tls: "none", timeout: 20, ...smtp },
    defaults: { serveremail: "voicemail@pbx.example", tz: "Europe/Berlin", ...defaults },
    contexts: {
      default: {
        mailboxes: {
          "1001": { name: "Ann Example", email: "ann@example.org", ...ann },
          "1002": { name: "Bob Example" },
        },
      },
    },
  };
  const source = { path: "voxpost.yaml", folder: here.folder, environment: {} };
  const config = parseConfig(JSON.stringify(yaml), source);
  if (!config.notices) throw new Error("the configuration has no notices");
  const subscribers = createSubscribers(config);
  const deps: NoticeDeps = {
    store: here.store,
    smtp: createSmtp(config.notices, here.folder),
    subscribers,
    locks: new Locks({ redis: undefined, log: here.log }),
    ledger: new Ledger({ redis: undefined, log: here.log }),
    enqueue: { mwi: async (mailbox) => void here.lamps.push(mailbox) },
    log: here.log,
    folder: here.folder,
  };
  const jobs: JobData<"notice">[] = [];
  const queue = { notice: async (job: JobData<"notice">) => jobs.push(job) > 0 };
  const announce = announceTo(subscribers, queue);

  return {
    ...here,
    config,
    deps,
    announce,
    /** As the queue has them. */
    jobs,
    /** Stores a message and has its owner told, as a delivery does. */
    async deposit(change: Partial<NewMessage> = {}, forwardedBy?: typeof ANN): Promise<NewMessage> {
      const message: NewMessage = {
        id: messageId(newId(), ANN),
        mailbox: ANN,
        caller: { number: "5551234", name: "Zoë Müller" },
        receivedAt: new Date("2026-11-21T10:00:00Z"),
        duration: 65,
        heard: false,
        urgent: false,
        priority: false,
        private: false,
        callId: "pbx-1795302871.7",
        audio: [{ kind: "voice", contentType: "audio/wav", open: async () => Readable.from([AUDIO]) }],
        ...change,
      };
      await here.store.deposit(message);
      await announce(message, forwardedBy);
      return message;
    },
    /** Does the oldest job, as a worker. */
    async work(signal = AbortSignal.timeout(30_000), with_: Partial<NoticeDeps> = {}): Promise<void> {
      const [job] = jobs;
      if (!job) throw new Error("there is no job");
      await notice(job, { ...deps, ...with_ }, signal);
      jobs.shift();
    },
  };
}
