import { mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Folder } from "../../src/model/folder.ts";
import type { Caller, NewMessage } from "../../src/model/message.ts";
import { endingOf } from "../../src/storage/endings.ts";
import { bytesOf } from "./samples.ts";

/** Writes what app_voicemail writes, in the order in which it does (docs/engines/spool.md shows the layout). */
export class SpoolWriter {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  folder({ mailbox, context }: NewMessage["mailbox"], name: string): string {
    return join(this.#root, context, mailbox, name);
  }

  /** Stores a message of ours where app_voicemail would have it. */
  async put(folder: Folder, message: NewMessage): Promise<void> {
    const sources = message.audio;
    const audio: Record<string, Buffer> = {};
    for (const { kind, contentType, open } of sources) {
      audio[`${kind === "comment" ? "intro" : ""}.${endingOf(contentType)}`] = await bytesOf(await open());
    }
    const flag = message.urgent ? "Urgent" : message.priority ? "PRIORITY" : "";
    await this.write(this.folder(message.mailbox, placeOf(folder, message)), audio, {
      callerid: callerId(message.caller),
      origtime: String(message.receivedAt.getTime() / 1000),
      category: message.category ?? "",
      msg_id: message.id,
      flag,
      duration: String(message.duration),
    });
  }

  /** The next number of a folder. Keys of `audio`: `.wav` for the voice, `intro.wav` for the comment. */
  async write(
    folder: string,
    audio: Record<string, Buffer | string>,
    fields: Record<string, string>,
  ): Promise<string> {
    await mkdir(folder, { recursive: true });
    const taken = (await readdir(folder)).filter((name) => /^msg\d+\.txt$/.test(name)).length;
    const number = String(taken).padStart(4, "0");
    for (const [name, bytes] of Object.entries(audio)) {
      const file = name.startsWith("intro") ? `msgintro${number}${name.slice(5)}` : `msg${number}${name}`;
      await writeFile(join(folder, file), bytes);
    }
    const lines = Object.entries({
      origmailbox: "1001",
      context: "from-trunk",
      exten: "1001",
      rdnis: "unknown",
      priority: "3",
      callerchan: "PJSIP/trunk-00000001",
      origdate: "Sun Nov 22 01:45:12 AM UTC 2026",
      ...fields,
    }).map(([key, value]) => `${key}=${value}`);
    const text = `;\n; Message Information file\n;\n[message]\n${lines.join("\n")}\n`;
    await writeFile(join(folder, `msg${number}.txt.tmp`), text);
    await rename(join(folder, `msg${number}.txt.tmp`), join(folder, `msg${number}.txt`));
    return number;
  }

  /** Deletes a message as app_voicemail does when it closes a folder: those behind it move up, audio first. */
  async removeAndRenumber(folder: string, number: string): Promise<void> {
    for (const name of await readdir(folder)) if (isOf(name, number)) await rm(join(folder, name));
    for (let at = Number(number) + 1; ; at++) {
      const from = String(at).padStart(4, "0");
      const to = String(at - 1).padStart(4, "0");
      const names = (await readdir(folder)).filter((name) => isOf(name, from));
      if (names.length === 0) return;
      const textLast = names.sort((a, b) => Number(a.endsWith(".txt")) - Number(b.endsWith(".txt")));
      for (const name of textLast) await rename(join(folder, name), join(folder, name.replace(from, to)));
    }
  }
}

function isOf(name: string, number: string): boolean {
  return name.startsWith(`msg${number}.`) || name.startsWith(`msgintro${number}.`);
}

function placeOf(folder: Folder, { heard, urgent }: NewMessage): string {
  if (folder === "Trash") return "Deleted";
  if (folder !== "INBOX") return folder;
  if (heard) return "Old";
  return urgent ? "Urgent" : "INBOX";
}

function callerId({ name, number }: Caller): string {
  if (name !== undefined && number !== undefined) return `"${name}" <${number}>`;
  return name ?? number ?? "Unknown";
}
