import { expect } from "vitest";
import type { NewMessage } from "../../../src/model/message.ts";
import type { Engine, FindQuery } from "../../../src/storage/engine.ts";
import type { Suite, World } from "../contract.ts";
import { atMinute, idsOf, newMessage } from "../samples.ts";

/** One that fits none of the queries below by accident. */
const NOBODY = { caller: {}, duration: 1, receivedAt: atMinute(-9000) } as const;

/** `find` by what an envelope or a text says; by id it is tried in the other files. Engines that search elsewhere check with `match.ts`. */
export function searchCases({ it }: Suite): void {
  const callers: Array<[pattern: string, found: readonly string[]]> = [
    ["5551234", ["ann"]],
    ["5512", ["ann"]],
    ["555*", ["ann", "joann"]],
    ["55512?4", ["ann"]],
    ["55512?", []],
    ["*1234", ["ann", "bob"]],
    ["ANN", ["ann", "joann"]],
    ["ann*", ["ann"]],
    ["* caller", ["ann", "joann"]],
    ["müller", ["žofie"]],
    ["MU\u0308LLER", ["žofie"]],
    ["žofie*日本", ["žofie"]],
    ["%", ["percent"]],
    ["a_n", []],
    ["[a-z]*", []],
    ["+49 (30)", ["bob"]],
    ["", ["ann", "joann", "bob", "žofie", "percent"]],
    ["*", ["ann", "joann", "bob", "žofie", "percent"]],
    ["caller ann", []],
    ["*a*a*a*a*a*a*a*a*a*b", []],
  ];
  it("a search by caller takes parts and patterns of number and name, in any case", async ({
    engine,
    mailbox,
  }) => {
    const caller = {
      ann: { number: "5551234", name: "Ann Caller" },
      joann: { number: "5559999", name: "Joann Q. Caller" },
      bob: { number: "+49 (30) 1234" },
      žofie: { name: "Žofie Müller 日本" },
      percent: { name: `100% "quoted" \\ back` },
    };
    await putAll(engine, mailbox, { ...each(caller, (value) => ({ caller: value })), nobody: NOBODY });
    for (const [pattern, wanted] of callers) {
      const names = await found(engine, mailbox, { caller: pattern });
      expect(names, pattern).toEqual([...wanted].sort());
    }
  });

  it("a search by time takes its first moment and leaves its last", async ({ engine, mailbox }) => {
    await putAll(engine, mailbox, {
      early: { receivedAt: atMinute(-2 * 1440) },
      noon: { receivedAt: atMinute(0) },
      late: { receivedAt: atMinute(2 * 1440) },
    });
    const among = (query: FindQuery) => found(engine, mailbox, query);
    expect(await among({ receivedSince: atMinute(0) })).toEqual(["late", "noon"]);
    expect(await among({ receivedBefore: atMinute(0) })).toEqual(["early"]);
    expect(await among({ receivedSince: atMinute(0), receivedBefore: atMinute(1) })).toEqual(["noon"]);
    expect(await among({ receivedSince: atMinute(1), receivedBefore: atMinute(0) })).toEqual([]);
    expect(await among({ receivedSince: new Date("2199-01-01") })).toEqual([]);
    expect(await among({ receivedBefore: new Date(0) })).toEqual([]);
  });

  it("a search by length takes both its ends", async ({ engine, mailbox }) => {
    await putAll(engine, mailbox, {
      short: { duration: 2 },
      middle: { duration: 30 },
      long: { duration: 600 },
    });
    const among = (query: FindQuery) => found(engine, mailbox, query);
    expect(await among({ minDuration: 30 })).toEqual(["long", "middle"]);
    expect(await among({ maxDuration: 30 })).toEqual(["middle", "short"]);
    expect(await among({ minDuration: 3, maxDuration: 599 })).toEqual(["middle"]);
    expect(await among({ minDuration: 601 })).toEqual([]);
  });

  it("a search by flags and folders finds what is there now", async ({ engine, mailbox }) => {
    await putAll(engine, mailbox, {
      plain: {},
      urgent: { urgent: true },
      heard: { heard: true, urgent: true },
    });
    const among = (query: FindQuery) => found(engine, mailbox, query);
    expect(await among({ heard: false })).toEqual(["plain", "urgent"]);
    expect(await among({ urgent: true })).toEqual(["heard", "urgent"]);
    expect(await among({ urgent: true, heard: true })).toEqual(["heard"]);
    const [plain] = await engine.find(mailbox, { urgent: false });
    if (!plain) throw new Error("the plain message is not found");
    await engine.setFlags(plain.ref, { heard: true });
    await engine.move(plain.ref, "Work");
    expect(await among({ heard: true, urgent: false })).toEqual(["plain"]);
    expect(await among({ folders: ["Work", "Trash"] })).toEqual(["plain"]);
    expect(await among({ folders: ["INBOX"] })).toEqual(["heard", "urgent"]);
    expect(await among({ folders: ["Cust1"] })).toEqual([]);
    expect(await among({ folders: [] })).toEqual([]);
  });

  it(
    "a search by words finds them in the text, in any order and case",
    "readText",
    async ({ engine, mailbox }) => {
      await putAll(engine, mailbox, {
        lunch: { text: "Shall we meet for lunch on Zanzibar?\nBring the quokka." },
        umlaut: { text: "Grüße aus Übersee, sagt der Quokka. 100% = sicher" },
        none: {},
      });
      const among = (words: string) => found(engine, mailbox, { words });
      expect(await among("quokka")).toEqual(["lunch", "umlaut"]);
      expect(await among("QUOKKA zanzibar")).toEqual(["lunch"]);
      expect(await among("zanzi")).toEqual(["lunch"]);
      expect(await among("übersee grüsse")).toEqual([]);
      expect(await among("ÜBERSEE grüße")).toEqual(["umlaut"]);
      expect(await among("100% sicher")).toEqual(["umlaut"]);
      expect(await among("wombat")).toEqual([]);
      expect(await among(" ")).toEqual(["lunch", "none", "umlaut"]);
    },
  );

  it("every field of a search has to fit, and another mailbox is never looked into", async ({
    engine,
    mailbox,
    similar,
  }) => {
    const caller = { number: "5551234" };
    await putAll(engine, mailbox, {
      both: { caller, urgent: true },
      one: { caller },
      other: { caller: {}, urgent: true },
    });
    await putAll(engine, similar, { foreign: { caller, urgent: true } });
    expect(await found(engine, mailbox, { caller: "555", urgent: true, folders: ["INBOX"] })).toEqual([
      "both",
    ]);
    expect(await found(engine, mailbox, { caller: "555", urgent: true, maxDuration: 1 })).toEqual([]);
  });
}

/** Which message has which name, for the searches of one case. */
const names = new Map<string, string>();

async function putAll(
  engine: Engine,
  mailbox: World["mailbox"],
  messages: Record<string, Partial<NewMessage>>,
): Promise<void> {
  for (const [name, over] of Object.entries(messages)) {
    const message = newMessage(mailbox, over);
    names.set(message.id, name);
    await engine.append("INBOX", message);
  }
}

async function found(engine: Engine, mailbox: World["mailbox"], query: FindQuery): Promise<string[]> {
  return idsOf(await engine.find(mailbox, query))
    .map((id) => names.get(id) ?? id)
    .sort();
}

function each<T, R>(values: Record<string, T>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
