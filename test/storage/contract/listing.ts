import { expect } from "vitest";
import type { View } from "../../../src/model/folder.ts";
import type { Engine, Entry, Page } from "../../../src/storage/engine.ts";
import type { Suite, World } from "../contract.ts";
import { atMinute, idsOf, newId, newMessage } from "../samples.ts";

const ALL = { view: "all", limit: 100 } as const;

export function listingCases({ it, sameTime }: Suite): void {
  it("a folder that does not exist yet is empty", async ({ engine, mailbox }) => {
    expect(await engine.count(mailbox, "Cust3")).toEqual({ urgent: 0, new: 0, old: 0 });
    expect(await engine.list(mailbox, "Cust3", ALL)).toEqual({ entries: [], total: 0 });
    expect(await engine.find(mailbox, { id: newId() })).toEqual([]);
  });

  it("oldest first by the time of the call, then by arrival", async ({ engine, mailbox }) => {
    const third = newMessage(mailbox, { receivedAt: atMinute(30) });
    const first = newMessage(mailbox, { receivedAt: atMinute(10) });
    const twins = [20, 20, 20].map((minute) => newMessage(mailbox, { receivedAt: atMinute(minute) }));
    for (const message of [third, first, ...twins]) await engine.append("INBOX", message);
    const { entries } = await engine.list(mailbox, "INBOX", ALL);
    const ids = idsOf(entries);
    const listed = sameTime === "any" ? [ids[0], ...ids.slice(1, 4).sort(), ids[4]] : ids;
    const born = twins.map(({ id }) => id);
    const expected = sameTime === "any" ? born.sort() : born;
    expect(listed).toEqual([first.id, ...expected, third.id]);
  });

  it("pages join to the whole, in every view", async ({ engine, mailbox }) => {
    const ids = await fill(engine, mailbox, 7);
    const pages = await pagesOf(engine, mailbox, "all", 3);
    expect(pages.map((page) => page.entries.length)).toEqual([3, 3, 1]);
    expect(pages.map((page) => page.total)).toEqual([7, 7, 7]);
    expect(pages.flatMap((page) => idsOf(page.entries))).toEqual(ids);
    const whole = await pagesOf(engine, mailbox, "all", 7);
    expect(whole).toHaveLength(1);
  });

  it("views are disjoint, agree with the counts, and make up the whole", async ({ engine, mailbox }) => {
    const states = [
      { heard: false, urgent: false },
      { heard: false, urgent: true },
      { heard: true, urgent: false },
      { heard: true, urgent: true },
      { heard: false, urgent: false },
    ];
    for (const flags of states) await engine.append("INBOX", newMessage(mailbox, flags));
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 1, new: 2, old: 2 });
    const totals: Record<string, number> = {};
    for (const view of ["urgent", "new", "old", "all"] as const) {
      const page = await engine.list(mailbox, "INBOX", { view, limit: 100 });
      expect(page.entries).toHaveLength(page.total);
      totals[view] = page.total;
    }
    expect(totals).toEqual({ urgent: 1, new: 2, old: 2, all: 5 });
    const heard = await engine.list(mailbox, "INBOX", { view: "old", limit: 100 });
    expect(heard.entries.every((entry) => entry.envelope.heard)).toBe(true);
  });

  it("pages of a view join too", async ({ engine, mailbox }) => {
    const wanted: string[] = [];
    for (let index = 0; index < 9; index++) {
      const message = newMessage(mailbox, { heard: index % 2 === 1 });
      await engine.append("INBOX", message);
      if (!message.heard) wanted.push(message.id);
    }
    const pages = await pagesOf(engine, mailbox, "new", 2);
    expect(pages.flatMap((page) => idsOf(page.entries))).toEqual(wanted);
    expect(pages[0]?.total).toBe(5);
  });

  it("the next page stays right when messages come and go between", async ({ engine, mailbox }) => {
    const ids = await fill(engine, mailbox, 6);
    const first = await engine.list(mailbox, "INBOX", { view: "all", limit: 3 });
    await engine.remove(refOf(first.entries[2]));
    await engine.remove(refOf(first.entries[0]));
    const early = newMessage(mailbox, { receivedAt: atMinute(-5000) });
    const late = newMessage(mailbox);
    await engine.append("INBOX", early);
    await engine.append("INBOX", late);
    const second = await engine.list(mailbox, "INBOX", { view: "all", limit: 3, ...nextOf(first) });
    expect(idsOf(second.entries)).toEqual(ids.slice(3));
    const third = await engine.list(mailbox, "INBOX", { view: "all", limit: 3, ...nextOf(second) });
    expect(idsOf(third.entries)).toEqual([late.id]);
    expect(third.next).toBeUndefined();
  });

  it("the next page stays right when all of this one changed its view", async ({ engine, mailbox }) => {
    const ids = await fill(engine, mailbox, 5);
    const first = await engine.list(mailbox, "INBOX", { view: "new", limit: 2 });
    for (const entry of first.entries) await engine.setFlags(entry.ref, { heard: true });
    const second = await engine.list(mailbox, "INBOX", { view: "new", limit: 5, ...nextOf(first) });
    expect(idsOf(second.entries)).toEqual(ids.slice(2));
    expect(second.total).toBe(3);
  });

  it("listing, counting, finding and reading change no flag", async ({ engine, mailbox }) => {
    const { ref, envelope } = await engine.append("INBOX", newMessage(mailbox));
    await engine.list(mailbox, "INBOX", ALL);
    await engine.count(mailbox, "INBOX");
    await engine.find(mailbox, { id: envelope.id });
    for (const part of await engine.read(ref)) part.stream.resume();
    expect(await engine.count(mailbox, "INBOX")).toEqual({ urgent: 0, new: 1, old: 0 });
  });
}

async function fill(engine: Engine, mailbox: World["mailbox"], count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    ids.push((await engine.append("INBOX", newMessage(mailbox))).envelope.id);
  }
  return ids;
}

async function pagesOf(
  engine: Engine,
  mailbox: World["mailbox"],
  view: View,
  limit: number,
): Promise<Page[]> {
  const pages: Page[] = [];
  let after: { after?: string } = {};
  do {
    const page = await engine.list(mailbox, "INBOX", { view, limit, ...after });
    pages.push(page);
    after = nextOf(page);
  } while (after.after !== undefined && pages.length < 100);
  return pages;
}

function nextOf(page: Page): { after?: string } {
  return page.next === undefined ? {} : { after: page.next };
}

function refOf(entry: Entry | undefined): Entry["ref"] {
  if (!entry) throw new Error("the page is shorter than the test needs");
  return entry.ref;
}
