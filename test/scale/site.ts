import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, vi } from "vitest";
import { parse } from "yaml";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { type Phone, startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { samples, tone } from "../asterisk/wav.ts";
import { openStorage } from "../scenarios/mailbox.ts";

/** Bound on whatever has to come by itself; how long it takes is nobody's promise. */
export const PATIENCE = { timeout: 60_000, interval: 100 };

/** The lab's accounts as a storage tree, one for each mailbox. */
export function accountsOf({ imap }: Lab) {
  return {
    engine: "imap",
    host: imap?.host,
    port: imap?.port,
    tls: "none",
    user: "{mailbox}",
    proxy: imap?.proxy,
  };
}

/** Seconds of the dead man's switch, as an administrator has it: the other program looks three times in the last third of it. */
const WATCHDOG = 15;

/** Two Asterisks, two programs that both serve both, one Redis, one mail server. */
export interface Site {
  readonly one: AsteriskLab;
  readonly two: AsteriskLab;
  /** `a` is tried first on Asterisk one, `b` on two. */
  readonly a: Server;
  readonly b: Server;
  /** A caller begins to leave a message: resolves when it is being recorded, with the tone going on. */
  callerSpeaks(asterisk: AsteriskLab, mailbox: string): Promise<Phone>;
  phone(asterisk: AsteriskLab, number: string): Promise<Phone>;
  /** Until the mailbox has so many new messages, and no copy of one. */
  has(mailbox: string, messages: number): Promise<void>;
  /** One more program, that means these Asterisks by the names `one` and `two`. */
  startProgram(instance: string, one: AsteriskLab, two: AsteriskLab): Promise<Server>;
  /** Calls that a program has begun to serve, by its own log: the Asterisk's name, a space, the channel. */
  served(program: Server): string[];
  /** Channels of calls whose program had died, that this one has taken over, by its own log. */
  takenOver(program: Server): string[];
  close(): Promise<void>;
}

/** Where there is no Asterisk, the reason. */
export async function startSite(
  overrides: Record<string, unknown> = {},
): Promise<Site | { missing: string }> {
  const [lab, second] = await Promise.all([
    startLab({ instances: ["a", "b"] }),
    startLab({ servers: ["asterisk"], instances: ["b", "a"] }),
  ]);
  const stop = () => Promise.all([lab.stop(), second.stop()]);
  const { asterisk: one, imap } = lab;
  const { asterisk: two } = second;
  if (!one || !two || !imap) {
    await stop();
    return { missing: lab.asteriskMissing ?? "no servers" };
  }
  const phones: Phone[] = [];
  const configure = (instance: string, asterisks = { one, two }) =>
    lab.writeConfiguration({
      instance,
      overrides: {
        asterisk: Object.entries(asterisks).map(([name, { ari }]) => ({ name, ...ari })),
        sweep: { every: 1 },
        workers: { stalled: 3 },
        ...overrides,
      },
    });
  for (const asterisk of [one, two]) {
    writeFileSync(
      `${asterisk.spool}/../etc/voxpost/scale.conf`,
      // 81001 leaves a message for 1001, without the greeting.
      `[globals](+)
VOXPOST_WATCHDOG=${WATCHDOG}
[lab](+)
exten => _8XXXX,1,Gosub(voxpost,deposit,1(\${EXTEN:1}@default,s))
 same => n,Hangup()
`,
    );
    await asterisk.console("dialplan reload");
  }
  const configuration = configure("a");
  const [a, b] = await Promise.all([
    lab.startApp(configuration, "a"),
    lab.startApp(configure("b"), "b"),
  ]).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  const { storage } = parse(readFileSync(configuration, "utf8")) as { storage: unknown };
  const engine = await openStorage(storage, lab.folder);
  const recordings = (asterisk: AsteriskLab) =>
    existsSync(asterisk.recordings)
      ? readdirSync(asterisk.recordings, { recursive: true, encoding: "utf8" }).filter((file) =>
          file.endsWith(".wav"),
        )
      : [];
  const phone = async (asterisk: AsteriskLab, number: string) => {
    const made = await startPhone({ sip: asterisk.sip, number });
    phones.push(made);
    return made;
  };
  return {
    one,
    two,
    a,
    b,
    phone,
    startProgram: (instance, one, two) => lab.startApp(configure(instance, { one, two }), instance),
    async callerSpeaks(asterisk, mailbox) {
      const caller = await phone(asterisk, "trunk");
      await caller.dial(`8${mailbox}`, { callerNumber: `555${mailbox}` });
      const own = () => recordings(asterisk).filter((file) => file.includes(`/${mailbox}@`));
      await vi.waitFor(() => expect(own()).toHaveLength(1), PATIENCE);
      // Long enough to be kept.
      await caller.speak(pcm(tone(440, 2)));
      caller.speak(pcm(tone(440, 60))).catch(() => {});
      return caller;
    },
    async has(mailbox, messages) {
      await vi.waitFor(async () => {
        const entries = await engine.find({ mailbox, context: "default" }, {});
        expect(
          entries.map(({ ref }) => ref.folder),
          mailbox,
        ).toEqual(Array(messages).fill("INBOX"));
        expect(new Set(entries.map(({ envelope }) => envelope.id)).size).toBe(messages);
      }, PATIENCE);
    },
    served: ({ log }) =>
      readFileSync(log, "utf8")
        .split("\n")
        .filter((line) => line.includes('"msg":"call"'))
        .map((line) => {
          const { asterisk, call } = JSON.parse(line) as { asterisk: string; call: string };
          return `${asterisk} ${call}`;
        }),
    takenOver: ({ log }) =>
      readFileSync(log, "utf8")
        .split("\n")
        .flatMap((line) => /"call":"([^"]+)".*taken over/.exec(line)?.[1] ?? []),
    async close() {
      await Promise.all(phones.map((each) => each.close().catch(() => {})));
      await engine.close();
      await stop();
    },
  };
}

function pcm(wav: Buffer): Int16Array {
  const bytes = samples(wav);
  return Int16Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(2 * index));
}
