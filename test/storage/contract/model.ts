import fc from "fast-check";
import { expect } from "vitest";
import type { Counts, Folder, View } from "../../../src/model/folder.ts";
import type { MailboxAddress } from "../../../src/model/mailbox.ts";
import type { Flags } from "../../../src/model/message.ts";
import type { Engine, Ref } from "../../../src/storage/engine.ts";
import type { Suite } from "../contract.ts";
import { atMinute, newMessage } from "../samples.ts";

const PLACES = ["INBOX", "Work", "Trash"] as const satisfies Folder[];

/** A folder as simple as can be: what every engine has to agree with after any sequence of operations. */
interface Modelled extends Flags {
  readonly id: string;
  readonly minute: number;
  readonly arrival: number;
  readonly folder: Folder;
  readonly ref: Ref;
}

const which = fc.nat({ max: 11 });
const operation = fc.oneof(
  fc.record({
    do: fc.constant("append" as const),
    minute: fc.nat({ max: 5 }),
    folder: fc.constantFrom(...PLACES),
    heard: fc.boolean(),
    urgent: fc.boolean(),
  }),
  fc.record({ do: fc.constant("flags" as const), which, heard: fc.boolean(), urgent: fc.boolean() }),
  fc.record({ do: fc.constant("move" as const), which, folder: fc.constantFrom(...PLACES) }),
  fc.record({ do: fc.constant("remove" as const), which }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

export function modelCases({ it, runs, sameTime }: Suite): void {
  it("any sequence of operations ends as a simple model does", async ({ engine, mailbox }) => {
    const sequences = fc.array(operation, { minLength: 1, maxLength: 14 });
    const property = fc.asyncProperty(sequences, fc.integer({ min: 1, max: 4 }), async (steps, limit) => {
      let model: Modelled[] = [];
      let arrival = 0;
      for (const step of steps) model = await perform(engine, mailbox, model, step, ++arrival);
      await compare(engine, mailbox, model, limit, sameTime);
      for (const { ref } of model) await engine.remove(ref);
    });
    await fc.assert(property, { numRuns: runs, endOnFailure: false });
  });
}

async function perform(
  engine: Engine,
  mailbox: MailboxAddress,
  model: Modelled[],
  step: Operation,
  arrival: number,
): Promise<Modelled[]> {
  if (step.do === "append") {
    const { minute, folder, heard, urgent } = step;
    const message = newMessage(mailbox, { receivedAt: atMinute(minute), heard, urgent });
    const { ref } = await engine.append(folder, message);
    return [...model, { id: message.id, minute, arrival, folder, heard, urgent, ref }];
  }
  const chosen = model[step.which % Math.max(model.length, 1)];
  if (!chosen) return model;
  const others = model.filter((message) => message !== chosen);
  switch (step.do) {
    case "remove":
      await engine.remove(chosen.ref);
      return others;
    case "flags": {
      const { heard, urgent } = step;
      await engine.setFlags(chosen.ref, { heard, urgent });
      return [...others, { ...chosen, heard, urgent }];
    }
    case "move": {
      if (step.folder === chosen.folder) return model;
      const ref = await engine.move(chosen.ref, step.folder);
      return [...others, { ...chosen, folder: step.folder, arrival, ref }];
    }
  }
}

async function compare(
  engine: Engine,
  mailbox: MailboxAddress,
  model: readonly Modelled[],
  limit: number,
  sameTime: Suite["sameTime"],
): Promise<void> {
  const minutes = new Map(model.map(({ id, minute }) => [id, minute]));
  const inTime = (ids: string[]) => {
    const order = ids.map((id) => minutes.get(id) ?? -1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    return sameTime === "any" ? [...ids].sort() : ids;
  };
  for (const folder of PLACES) {
    const inFolder = model
      .filter((message) => message.folder === folder)
      .sort((a, b) => a.minute - b.minute || a.arrival - b.arrival);
    const expected: Record<keyof Counts, string[]> = { urgent: [], new: [], old: [] };
    for (const { id, heard, urgent } of inFolder)
      expected[heard ? "old" : urgent ? "urgent" : "new"].push(id);
    expect(await engine.count(mailbox, folder)).toEqual({
      urgent: expected.urgent.length,
      new: expected.new.length,
      old: expected.old.length,
    });
    const all = await walk(engine, mailbox, folder, "all", limit);
    expect(inTime(all)).toEqual(inTime(inFolder.map(({ id }) => id)));
    for (const view of ["urgent", "new", "old"] as const) {
      expect(inTime(await walk(engine, mailbox, folder, view, limit))).toEqual(inTime(expected[view]));
    }
  }
  for (const { id, ref } of model) {
    expect((await engine.find(mailbox, { id })).map((entry) => entry.ref)).toEqual([ref]);
  }
}

async function walk(
  engine: Engine,
  mailbox: MailboxAddress,
  folder: Folder,
  view: View,
  limit: number,
): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await engine.list(mailbox, folder, {
      view,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    ids.push(...page.entries.map((entry) => entry.envelope.id));
    after = page.next;
  } while (after !== undefined && ids.length < 1000);
  return ids;
}
