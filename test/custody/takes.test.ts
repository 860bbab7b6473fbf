import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatName, type RecordingName } from "../../src/custody/name.ts";
import { findMessage, groupRecordings, takeNames } from "../../src/custody/takes.ts";

const name = (change: Partial<RecordingName> = {}) =>
  formatName({
    state: "take",
    recipients: [{ mailbox: "1001", context: "default" }],
    id: "a".repeat(32),
    channel: "1795302871.7",
    startedAt: new Date("2026-11-21T10:00:00Z"),
    caller: {},
    urgent: false,
    priority: false,
    take: 0,
    part: 0,
    ...change,
  });

describe("recordings of one message", () => {
  it("are its takes, highest first, each with its parts in order, however they were listed", () => {
    const all = [0, 1, 10].flatMap((take) => [0, 1, 2, 10].map((part) => name({ take, part })));
    fc.assert(
      fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (listing) => {
        const [message, ...more] = groupRecordings(listing).messages;
        expect(more).toEqual([]);
        expect(message?.takes.map(({ number }) => number)).toEqual([10, 1, 0]);
        for (const take of message?.takes ?? []) {
          expect(takeNames(take)).toEqual([0, 1, 2, 10].map((part) => name({ take: take.number, part })));
        }
      }),
    );
  });

  it("are found among all others as if every name had been read", () => {
    const ids = ["a", "b", "c"].map((letter) => letter.repeat(32));
    // Another name may hold the id as well.
    const listing = ids.flatMap((id) => [name({ id }), name({ id, take: 1 }), name({ id, state: "failed" })]);
    const all = [...listing, name({ id: "d".repeat(32), channel: ids[0] ?? "" }), "voxpost/deposit/foreign"];
    for (const id of [...ids, "e".repeat(32)]) {
      expect(findMessage(all, id)).toEqual(
        groupRecordings(all).messages.find((message) => message.id === id),
      );
    }
  });

  it("belong together by their id alone", () => {
    const listing = [
      name(),
      name({ id: "b".repeat(32) }),
      name({ take: 1, caller: { name: "later known" } }),
    ];
    expect(groupRecordings(listing).messages.map(({ all }) => all.length)).toEqual([2, 1]);
  });

  it("may lie there twice during a change of name: what was accepted, and then what is urgent, counts", () => {
    const listing = [name(), name({ urgent: true }), name({ state: "deposit" })];
    const [message] = groupRecordings(listing).messages;
    const copies = message?.takes[0]?.parts[0]?.copies.map(({ text }) => text);
    expect(copies).toEqual([name({ state: "deposit" }), name({ urgent: true }), name()]);
  });

  it("are not delivered once they are set aside", () => {
    const [message] = groupRecordings([name({ state: "failed" })]).messages;
    expect(message).toMatchObject({ takes: [], failed: [{ text: name({ state: "failed" }) }] });
  });

  it("are told from whatever else lies there", () => {
    const foreign = ["voxpost/readme", "", "voxpost/take/1001@default/~~~/x"];
    expect(groupRecordings([...foreign, name()])).toMatchObject({
      foreign,
      messages: [{ id: "a".repeat(32) }],
    });
  });
});
