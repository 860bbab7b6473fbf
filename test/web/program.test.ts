import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import type { Server } from "../../lab/processes.ts";
import { formatName, newId } from "../../src/custody/name.ts";
import { tone } from "../asterisk/wav.ts";
import { readMails } from "../faults/mails.ts";
import { startCollector } from "./collector.ts";

const PATIENT = { timeout: 20_000, interval: 100 };
const CALLER = "5550100";
/** More calls are not served at once. */
const MOST = 2;

/** The whole program as a monitoring system, and somebody who looks for a message, sees it. */
describe("the program seen from outside", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let program: Server;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  beforeAll(async () => {
    [lab, collector] = await Promise.all([startLab(), startCollector()]);
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    for (const extension of [
      "both,1,Gosub(voxpost,deposit,1(1001@default&1002@default))",
      "both,2,Hangup()",
    ]) {
      await asterisk.console(`dialplan add extension ${extension} into lab`);
    }
    const overrides = {
      calls: { most: MOST },
      web: { port: 0 },
      traces: { url: collector.url },
      sweep: { every: 1 },
    };
    program = await lab.startApp(lab.writeConfiguration({ overrides }));
  }, 300_000);
  afterAll(async () => {
    await lab?.stop();
    await collector?.close();
  });

  const see = (name: string, work: () => Promise<void>) =>
    test(name, { timeout: 60_000 }, async (context) => {
      if (!lab.asterisk) return context.skip(lab.asteriskMissing);
      await work();
    });

  /** Lines of the log that a search for this text finds. */
  const grep = (text: string): Record<string, unknown>[] =>
    readFileSync(`${lab.logs}/voxpost.log`, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{") && line.includes(text))
      .map((line) => JSON.parse(line));
  const get = async (path: string) => {
    const url = grep("health and metrics are shown").at(-1)?.url;
    return fetch(`${url}${path}`);
  };
  const metrics = async () => (await get("/metrics")).text();
  /** The sum of all series of a name whose labels are as given; undefined when there is none. */
  const metric = async (name: string, labels: Record<string, string> = {}) => {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const values = (await metrics())
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((each) => line.includes(each)))
      .map((line) => Number(line.slice(line.lastIndexOf(" "))));
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) : undefined;
  };
  const header = (head: string, name: string) => new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1]?.trim();

  see("is alive and ready, and says what is connected", async () => {
    expect((await get("/livez")).status).toBe(200);
    const all = { ready: true, draining: false, asterisk: { lab: "up" }, redis: "up", store: "up" };
    await vi.waitFor(async () => {
      const ready = await get("/readyz");
      expect([ready.status, await ready.json()]).toEqual([200, all]);
    }, PATIENT);
  });

  see("one id leads from the call to every mail, job and span that came of it", async () => {
    const known = (await readMails(lab, "1001")).length;
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial("both", { callerNumber: CALLER });
    await phone.press("#");
    await phone.speak(new Int16Array(8_000 * 3).map((_, index) => 8_000 * Math.sin(index / 3)));
    await phone.hangUp();
    await phone.close();
    const heads = await vi.waitFor(async () => {
      const mails = (await Promise.all(["1001", "1002"].map((box) => readMails(lab, box)))).flat();
      expect(mails).toHaveLength(2 * (known + 1));
      return [mails[known], mails.at(-1)].map((mail) => mail?.head ?? "");
    }, PATIENT);

    const [id = "", other] = heads.map((head) => header(head, "X-Voxpost-Call-ID"));
    expect(id).toMatch(/\d+\.\d+$/);
    expect(other).toBe(id);
    const lines = await vi.waitFor(() => {
      const found = grep(`"call":"${id}"`);
      expect(found.filter(({ msg }) => msg === "delivered")).toHaveLength(2);
      return found;
    }, PATIENT);
    expect(lines[0]).toMatchObject({ msg: "call", entry: "deposit", asterisk: "lab" });
    const delivered = lines.filter(({ msg }) => msg === "delivered");
    expect(delivered.map(({ mailbox }) => mailbox)).toEqual(["1001@default", "1002@default"]);
    for (const [index, { id: message }] of delivered.entries()) {
      expect(header(heads[index] ?? "", "Message-ID")).toContain(message);
    }

    const spans = await vi.waitFor(() => {
      const call = collector.spans.find(
        ({ name, attributes }) =>
          name === "call deposit" && attributes.some(({ value }) => value.stringValue === id),
      );
      const trace = collector.spans.filter(({ traceId }) => traceId === call?.traceId);
      const job = trace.find(({ name }) => name === "job deposit");
      const appends = trace.filter(({ name }) => name === "store append");
      // They come in batches, seconds apart.
      expect([call, job]).not.toContain(undefined);
      expect(appends).toHaveLength(2);
      return { call, job, appends };
    }, PATIENT);
    expect(spans.job?.parentSpanId).toBe(spans.call?.spanId);
    for (const { parentSpanId } of spans.appends) expect(parentSpanId).toBe(spans.job?.spanId);
  });

  see("counts what happened, without saying to whom", async () => {
    const counted: [string, Record<string, string>?][] = [
      ["voxpost_calls_total", { entry: "deposit", ended: "hangup" }],
      ["voxpost_call_seconds_count", { entry: "deposit" }],
      ["voxpost_prompts_total", { asterisk: "lab", ended: "done" }],
      ["voxpost_recordings_total", { asterisk: "lab", ended: "finished" }],
      ["voxpost_deposits_total", { ended: "stored" }],
      ["voxpost_delivery_seconds_count"],
      ["voxpost_job_seconds_count", { queue: "deposit", ended: "done" }],
      ["voxpost_store_operation_seconds_count", { operation: "append", ended: "ok" }],
      ["voxpost_store_audio_bytes_total", { operation: "append" }],
      ["voxpost_ari_request_seconds_count", { route: "/channels/{}/play/{}", ended: "ok" }],
      ["voxpost_lamp_updates_total", { asterisk: "lab", ended: "ok" }],
      ["voxpost_sweep_timestamp_seconds", { asterisk: "lab" }],
      ["voxpost_asterisk_up", { asterisk: "lab" }],
      ["voxpost_redis_up"],
      ["voxpost_info", { program: "lab" }],
      ["nodejs_eventloop_lag_mean_seconds"],
      ["process_resident_memory_bytes"],
    ];
    for (const [name, labels] of counted) {
      await vi.waitFor(async () => expect(await metric(name, labels), name).toBeGreaterThan(0), PATIENT);
    }
    for (const [name, labels] of [
      ["voxpost_calls", { asterisk: "lab" }],
      ["voxpost_undelivered", { asterisk: "lab" }],
      ["voxpost_undelivered_oldest_seconds", { asterisk: "lab" }],
      ["voxpost_set_aside", { asterisk: "lab", reason: "unknown" }],
      ["voxpost_jobs", { queue: "deposit" }],
      ["voxpost_draining"],
    ] as const) {
      await vi.waitFor(async () => expect(await metric(name, labels), name).toBe(0), PATIENT);
    }
    const labels = (await metrics()).match(/"[^"]*"/g) ?? [];
    expect(labels.filter((label) => /100[12]|5550100|@/.test(label))).toEqual([]);
  });

  see("tells of a Redis that is away, and of the errors that come of it", async () => {
    lab.redis?.kill();
    await lab.redis?.exited;
    try {
      await vi.waitFor(async () => expect(await metric("voxpost_redis_up")).toBe(0), PATIENT);
      const errors = () => metric("voxpost_errors_total", { code: "QUEUE_UNREACHABLE" });
      await vi.waitFor(async () => expect(await errors()).toBeGreaterThan(0), PATIENT);
      expect(await (await get("/readyz")).json()).toMatchObject({ ready: true, redis: "away" });
      expect(await metric("voxpost_jobs"), "nothing is known of them").toBeUndefined();
    } finally {
      await lab.redis?.restart();
    }
    await vi.waitFor(async () => expect(await metric("voxpost_redis_up")).toBe(1), PATIENT);
  });

  see("tells of a message that its store does not take yet", async () => {
    lab.imap?.kill("SIGSTOP");
    try {
      const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
      await phone.dial("1003", { callerNumber: CALLER });
      await phone.press("#");
      await phone.speak(new Int16Array(8_000 * 2).fill(1_000));
      await phone.hangUp();
      await phone.close();
      const oldest = () => metric("voxpost_undelivered_oldest_seconds", { asterisk: "lab" });
      await vi.waitFor(async () => expect(await oldest()).toBeGreaterThan(1), PATIENT);
      expect(await metric("voxpost_undelivered", { asterisk: "lab" })).toBe(1);
      const ready = await get("/readyz");
      expect(ready.status, "callers are served all the same").toBe(200);
    } finally {
      lab.imap?.kill("SIGCONT");
    }
    await vi.waitFor(async () => expect(await metric("voxpost_undelivered")).toBe(0), {
      ...PATIENT,
      timeout: 40_000,
    });
  });

  see("tells of a message that was set aside, and of a file that is not ours", async () => {
    const name = formatName({
      state: "failed",
      recipients: [{ mailbox: "1006", context: "default" }],
      id: newId(),
      channel: "1.1",
      startedAt: new Date(),
      caller: { number: CALLER },
      urgent: false,
      priority: false,
      take: 0,
      part: 0,
    });
    const files = [name, "voxpost/other"].map((file) => `${asterisk.recordings}/${file}.wav`);
    for (const file of files) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, tone(440, 1));
    }
    const seen = async () =>
      Promise.all(["voxpost_set_aside", "voxpost_foreign_recordings"].map((gauge) => metric(gauge)));
    await vi.waitFor(async () => expect(await seen()).toEqual([1, 1]), PATIENT);
    for (const file of files) rmSync(file);
    await vi.waitFor(async () => expect(await seen()).toEqual([0, 0]), PATIENT);
  });

  see("counts calls for which there is no room", async () => {
    const refused = (await metric("voxpost_calls_refused_total")) ?? 0;
    const phones = [];
    for (let call = 1; call <= MOST + 1; call++) {
      const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
      phones.push(phone);
      await phone.dial("1007", { callerNumber: CALLER });
      const served = Math.min(call, MOST);
      await vi.waitFor(async () => expect(await metric("voxpost_calls")).toBe(served), PATIENT);
    }
    await vi.waitFor(
      async () => expect(await metric("voxpost_calls_refused_total")).toBe(refused + 1),
      PATIENT,
    );
    expect(await metric("voxpost_calls_limit")).toBe(MOST);
    await Promise.all(phones.map((phone) => phone.close()));
    await vi.waitFor(async () => expect(await metric("voxpost_calls")).toBe(0), PATIENT);
  });

  see("counts a wrong PIN, and writes it down", async () => {
    const failed = (await metric("voxpost_logins_total", { ended: "failed" })) ?? 0;
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial("*98", { callerNumber: CALLER });
    await phone.press("1004#00000#");
    await vi.waitFor(
      async () => expect(await metric("voxpost_logins_total", { ended: "failed" })).toBe(failed + 1),
      PATIENT,
    );
    await phone.close();
    expect(grep("login-failed").at(-1)).toMatchObject({ event: "login-failed", number: CALLER });
    expect(grep("00000#")).toEqual([]);
  });

  see("while it drains it is alive, and not ready", async () => {
    if (!program.running) await program.restart(); // at a second try
    const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
    await phone.dial("1005", { callerNumber: CALLER });
    await vi.waitFor(async () => expect(await metric("voxpost_calls")).toBe(1), PATIENT);
    program.kill("SIGTERM");
    await vi.waitFor(async () => expect((await get("/readyz")).status).toBe(503), PATIENT);
    expect(await (await get("/readyz")).json()).toMatchObject({ ready: false, draining: true });
    expect((await get("/livez")).status).toBe(200);
    expect(await metric("voxpost_draining")).toBe(1);
    const calls = () => collector.spans.filter(({ name }) => name === "call deposit").length;
    const known = calls();
    await phone.hangUp();
    await phone.close();
    await program.exited;
    await expect(get("/livez")).rejects.toThrow();
    expect(calls(), "what was not sent yet is sent at the end").toBeGreaterThan(known);
  });
});
