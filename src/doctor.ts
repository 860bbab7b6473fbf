import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Config } from "./config.ts";
import { isCode, VoxpostError } from "./errors.ts";
import { subscribe } from "./ivr/ari.ts";
import { AriRequests, type AriServer } from "./ivr/ari-requests.ts";
import { checkProgram } from "./jobs/externnotify.ts";
import { checkWebhook } from "./jobs/webhook.ts";
import { createLogger } from "./log.ts";
import { menusByClass } from "./menus/classes.ts";
import { loadPlugins } from "./menus/plugins.ts";
import { createSmtp } from "./notices/smtp.ts";
import { examineRedis } from "./redis.ts";
import { createEngine } from "./storage/registry.ts";

export interface Finding {
  readonly subject: string;
  readonly detail: string;
  /** What is wrong and what to do; undefined when nothing is. */
  readonly error?: VoxpostError;
}

/** The Asterisk that Voxpost is tested with from; older ones lack `move`, or lists of sounds in one playback. */
const OLDEST_ASTERISK = 18;

/** Asks every server that the configuration names one question, one after the other. Never throws. */
export async function* examine(config: Config): AsyncGenerator<Finding> {
  for (const server of config.asterisk) {
    const ari = new AriRequests(server);
    yield await find(`Asterisk ${server.name}`, () => asteriskVersion(ari, server.url));
    yield await find(`Asterisk ${server.name}, calls`, () => dialplan(ari, server));
  }
  yield await find("Menus", async () => {
    menusByClass(config, await loadPlugins(config.plugins, config.folder));
    const [classes, plugins] = [Object.keys(config.menu_classes).length, config.plugins.length];
    return `checked, with ${classes} classes of mailboxes and ${plugins} plug-ins`;
  });
  yield await find("Redis", async () => {
    if (config.redis) return examineRedis(config.redis);
    return "a private one, started with the program";
  });
  yield await find(`Store (${String(config.storage.engine)})`, async () => {
    const engine = createEngine(config.storage, {
      log: createLogger("silent"),
      folder: config.folder,
      data: config.data,
    });
    try {
      await engine.open();
      await engine.check(AbortSignal.timeout(10_000));
      return engine.name;
    } finally {
      await engine.close();
    }
  });
  const { externnotify, webhook } = config;
  if (externnotify) yield await find("externnotify", () => checkProgram(externnotify));
  if (webhook) yield await find("Webhook", () => checkWebhook(webhook));
  const { notices } = config;
  if (notices) yield await find("Notices (smtp)", () => createSmtp(notices, config.folder).check());
  yield await find("Data folder", async () =>
    existsSync(config.data) ? config.data : `${config.data} (made at the start)`,
  );
}

async function find(subject: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return { subject, detail: await ask() };
  } catch (error) {
    return { subject, detail: "", error: VoxpostError.from(error, "INTERNAL", subject) };
  }
}

async function asteriskVersion(ari: AriRequests, url: string): Promise<string> {
  const info = await ari.get<{ system?: { version?: string } }>("/asterisk/info");
  const version = info.system?.version ?? "of an unknown version";
  const major = Number(/\d+/.exec(version)?.[0] ?? OLDEST_ASTERISK);
  if (major < OLDEST_ASTERISK) {
    throw new VoxpostError(
      "DEPENDENCY_MISSING",
      `${url} is Asterisk ${version}; Voxpost needs ${OLDEST_ASTERISK} or newer`,
    );
  }
  return `${version} at ${url}`;
}

/**
 * Whether a recording of silence has a header on Asterisk's disk; it is removed. One that Asterisk cannot write may end its channel.
 */
async function tryToRecord(ari: AriRequests, channel: string): Promise<boolean> {
  const name = `voxpost-doctor-${process.pid}`;
  try {
    await ari.post(`${channel}/record`, { query: { name, format: "wav", ifExists: "overwrite" } });
  } catch (error) {
    if (isCode(error, "CALL_GONE", "ASTERISK_REFUSED")) return false;
    throw error;
  }
  const end = Date.now() + RECORDED_MS;
  const size = async () => {
    const file = await ari.stream("GET", `/recordings/stored/${name}/file`).catch(() => undefined);
    await file?.body?.cancel();
    return Number(file?.headers.get("content-length") ?? 0);
  };
  let written = await size();
  while (written === 0 && Date.now() < end) {
    await sleep(50);
    written = await size();
  }
  await ari.delete(`/recordings/live/${name}`).catch(() => {});
  return written > 0;
}

/** How long a recording's file may take to exist, milliseconds. */
const RECORDED_MS = 2_000;

async function examineOn(ari: AriRequests, channel: string): Promise<{ value: string; written: boolean }> {
  const variable = "DIALPLAN_EXISTS(voxpost,deposit,1)";
  const { value } = await ari.get<{ value: string }>(`${channel}/variable`, { query: { variable } });
  return { value, written: await tryToRecord(ari, channel) };
}

/**
 * Opens the event socket, as the program does, and asks whether our subroutines are in the dialplan. That question can only
 * be put to a channel, so one is made that goes nowhere; the disk is tried on it as well.
 */
async function dialplan(ari: AriRequests, server: AriServer): Promise<string> {
  const app = `voxpost-doctor-${process.pid}`;
  const socket = await subscribe(server, { app, onEvent: () => {}, onEnd: () => {}, timeoutMs: 5_000 });
  try {
    const query = { endpoint: "Local/doctor@voxpost/n", app };
    const channel = await ari.post<{ id: string }>("/channels/create", { query });
    if (!channel) throw new VoxpostError("ASTERISK_REFUSED", "it made no channel");
    const path = `/channels/${encodeURIComponent(channel.id)}`;
    const { value, written } = await examineOn(ari, path).finally(() => ari.delete(path).catch(() => {}));
    if (!written) {
      throw new VoxpostError(
        "RECORDING_NOT_STARTED",
        "it cannot write a recording: is the disk full, or its recording folder (astspooldir, then /recording) not its own?",
      );
    }
    if (value === "1") return "events arrive, recordings are written, and the voxpost subroutines are there";
    throw new VoxpostError(
      "DEPENDENCY_MISSING",
      "it has no context [voxpost]: include config/asterisk/extensions-voxpost.conf in extensions.conf, then `dialplan reload`",
    );
  } finally {
    socket.close();
  }
}
