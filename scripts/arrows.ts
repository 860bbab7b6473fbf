/**
 * Imports run one way (ARCHITECTURE.md). This table is the rule; `npm run check` prints every import that breaks it.
 * A room may always import from itself; `program` and the files beside it see everything.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const ROOMS: Record<string, readonly string[]> = {
  model: [],
  custody: ["model"],
  storage: ["model"],
  sounds: ["model", "ivr/phrase.ts", "ivr/language.ts"],
  ivr: ["model", "custody/name.ts", "sounds"],
  jobs: ["model", "custody", "storage", "notices"],
  notices: ["model", "storage/mime", "storage/signals.ts"],
  telemetry: [],
  web: ["telemetry"],
  access: ["model", "storage/pins.ts", "storage/disk.ts"],
  menus: [
    "model",
    "custody/name.ts",
    "sounds",
    "ivr/call.ts",
    "ivr/phrase.ts",
    "ivr/words.ts",
    "storage/store.ts",
    "storage/engine.ts",
    "storage/snapshot.ts",
    "jobs/enqueue.ts",
    "access/limiter.ts",
  ],
};

/** What any room may import. */
const EVERYWHERE = new Set(["errors.ts", "log.ts", "listen.ts", "hook.ts"]);

/** Packages that one place alone may know. */
const PACKAGES: Record<string, readonly string[]> = {
  "ari-client": ["ivr/"],
  imapflow: ["storage/engines/imap/"],
  nodemailer: ["notices/"],
  bullmq: ["jobs/"],
  ioredis: ["jobs/", "custody/", "access/", "redis.ts"],
  xstate: ["menus/machine.ts"],
  "prom-client": ["telemetry/"],
  "@opentelemetry/api": ["telemetry/otel.ts"],
  "@opentelemetry/sdk-trace-base": ["telemetry/otel.ts"],
};

/** Every broken rule, as `file imports target: why`. */
export function brokenArrows(root: string): string[] {
  const broken: string[] = [];
  for (const file of sources(root)) {
    const from = inSrc(relative(root, file));
    const room = roomOf(from);
    for (const target of importsOf(file)) {
      if (!target.startsWith(".")) {
        const only = PACKAGES[target];
        if (only && !only.some((place) => from.startsWith(place))) {
          broken.push(`${from} imports ${target}: only ${only.join(" and ")} may`);
        }
        continue;
      }
      const to = inSrc(normalize(relative(root, join(dirname(file), target))));
      const allowed = ROOMS[room];
      if (!allowed || roomOf(to) === room || EVERYWHERE.has(to)) continue;
      if (!allowed.some((one) => to === one || to.startsWith(`${one}/`))) {
        broken.push(`${from} imports ${to}: ${room} may import ${allowed.join(", ") || "nothing of ours"}`);
      }
    }
  }
  return broken;
}

function sources(root: string): string[] {
  return ["src", "sounds"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      // A tool that makes sound files, and may use anything.
      .filter((path) => path.endsWith(".ts") && path !== "make.ts")
      .map((path) => join(root, folder, path)),
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^(?:import|export)\s[^;]*?from\s+"([^"]+)";|\bimport\("([^"]+)"\)/gms)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

function inSrc(path: string): string {
  return path.replace(/^src\//, "");
}

function roomOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] ?? "") : "";
}
