import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  channelField,
  formatName,
  messageId,
  newId,
  parseName,
  type RecordingName,
} from "../../src/custody/name.ts";
import { isCode } from "../../src/errors.ts";
import { GREETINGS } from "../../src/model/greeting.ts";

const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,20}$/);
const mailbox = fc.record({ mailbox: word, context: word });
const anyText = fc.string({ unit: "binary", maxLength: 80 });

const names: fc.Arbitrary<RecordingName> = fc.record({
  state: fc.constantFrom("take" as const, "deposit" as const, "failed" as const),
  recipients: fc.array(mailbox, { minLength: 1, maxLength: 8 }),
  kind: fc.oneof(
    fc.record({
      is: fc.constantFrom("comment" as const, "forward" as const),
      mailbox,
      message: fc.stringMatching(/^[0-9a-f]{32}$/),
    }),
    fc.record({ is: fc.constant("greeting" as const), greeting: fc.constantFrom(...GREETINGS) }),
  ),
  id: fc.stringMatching(/^[0-9a-f]{32}$/),
  channel: anyText,
  startedAt: fc.date({ min: new Date("2001-01-01"), max: new Date("2200-01-01"), noInvalidDate: true }),
  caller: fc.record({ number: anyText, name: anyText }),
  urgent: fc.boolean(),
  priority: fc.boolean(),
  category: anyText,
  dialplanContext: fc.oneof(word, anyText),
  take: fc.integer({ min: 0, max: 999 }),
  part: fc.integer({ min: 0, max: 9999 }),
});

/** A lone surrogate cannot be written in UTF-8. */
const asUtf8 = (text: string) => Buffer.from(text).toString();

describe("a recording's name", () => {
  it("brings back everything that a delivery needs, whatever a caller calls himself", () => {
    fc.assert(
      fc.property(names, (name) => {
        const read = parseName(formatName(name));
        const { state, recipients, kind, id, startedAt, urgent, priority, take, part } = name;
        expect(read).toMatchObject({ state, recipients, kind, id, startedAt, urgent, priority, take, part });
        expect(read.channel).toBe(channelField(name.channel));
        // As far as 45 bytes hold it.
        const written = asUtf8(name.caller.name ?? "");
        expect(written.startsWith(read.caller.name ?? "")).toBe(true);
        if (Buffer.byteLength(written) <= 45 && !written.endsWith("\uFFFD")) {
          expect(read.caller.name ?? "").toBe(written);
        }
      }),
    );
  });

  it("is always a harmless path that Asterisk can write", () => {
    fc.assert(
      fc.property(names, (name) => {
        const components = formatName(name).split("/");
        expect(components[0]).toBe("voxpost");
        for (const component of components) {
          expect(component).toMatch(/^[A-Za-z0-9_.@+~-]{1,200}$/);
          expect(component).not.toMatch(/^\.+$/);
        }
      }),
    );
  });

  it("written again after reading is the same name, so that a sweep and a program agree", () => {
    fc.assert(
      fc.property(names, (name) => {
        const text = formatName(name);
        const again = formatName(parseName(text));
        // Only a character cut in two may vanish from the caller's name.
        expect(formatName(parseName(again))).toBe(again);
      }),
    );
  });

  it("rejects whatever else lies in the folder with one clear error, and never crashes", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.array(anyText).map((all) => `voxpost/deposit/${all.join("/")}`),
        ),
        (text) => {
          try {
            parseName(text);
          } catch (error) {
            expect(isCode(error, "RECORDING_NAME_INVALID")).toBe(true);
          }
        },
      ),
    );
  });

  const good = `voxpost/deposit/1001@default/5551~QW5u~u~/${"a".repeat(32)}~1795312332.3~1795312333303~0~0`;
  it("accepts what the dialplan's fallback writes", () => {
    expect(parseName(good)).toEqual({
      state: "deposit",
      recipients: [{ mailbox: "1001", context: "default" }],
      id: "a".repeat(32),
      channel: "1795312332.3",
      startedAt: new Date(1795312333303),
      caller: { number: "5551", name: "Ann" },
      urgent: true,
      priority: false,
      take: 0,
      part: 0,
    });
  });

  it("tells what a recording belongs to that is no message of its own", () => {
    const kinds = [
      ["greeting~busy", { is: "greeting", greeting: "busy" }],
      [
        `comment~1002@sales~${"b".repeat(32)}`,
        { is: "comment", mailbox: { mailbox: "1002", context: "sales" }, message: "b".repeat(32) },
      ],
    ] as const;
    for (const [component, kind] of kinds) {
      const text = good.replace("/5551", `/${component}/5551`);
      expect(parseName(text)).toEqual({ ...parseName(good), kind });
      expect(formatName(parseName(text))).toBe(text);
    }
  });

  it.each([
    ["no recipient", good.replace("/1001@default", "")],
    ["a recipient without context", good.replace("@default", "")],
    ["a recipient that climbs", good.replace("1001@default", "..")],
    ["an unknown state", good.replace("deposit", "done")],
    ["another root", good.replace("voxpost", "vox")],
    ["a short id", good.replace(/a{32}/, "abc")],
    ["a number with other characters", good.replace("5551", "55 51")],
    ["an unknown flag", good.replace("~u~", "~x~")],
    ["a component too long", good.replace("5551", "5".repeat(200))],
    ["a sixth field", `${good}~1`],
    ["an unknown kind", good.replace("/5551", "/song~loud/5551")],
    ["a greeting that there is not", good.replace("/5551", "/greeting~loud/5551")],
    ["a comment on nothing", good.replace("/5551", "/comment~1001@default/5551")],
    ["a kind without recipient", good.replace("1001@default", "greeting~busy")],
  ])("rejects %s", (_, text) => {
    expect(() => parseName(text)).toThrowError(expect.objectContaining({ code: "RECORDING_NAME_INVALID" }));
  });

  it("refuses to be made when nobody could deliver by it", () => {
    const name = parseName(good);
    const many = Array.from({ length: 200 }, (_, n) => ({ mailbox: String(1000 + n), context: "default" }));
    for (const bad of [{ recipients: [] }, { recipients: many }, { id: "x" }, { take: 1000 }, { part: -1 }]) {
      expect(() => formatName({ ...name, ...bad })).toThrowError(
        expect.objectContaining({ code: "RECORDING_NAME_INVALID" }),
      );
    }
    const climbing = { recipients: [{ mailbox: "../../etc", context: "default" }] };
    expect(() => formatName({ ...name, ...climbing })).toThrowError(
      expect.objectContaining({ code: "RECORDING_NAME_INVALID" }),
    );
  });

  it("has the dialplan context where it fits, whole or not at all", () => {
    const named = (dialplanContext: string) => parseName(formatName({ ...parseName(good), dialplanContext }));
    expect(named("from-internal").dialplanContext).toBe("from-internal");
    expect(named("from internal").dialplanContext).toBeUndefined();
    expect(named("x".repeat(200)).dialplanContext).toBeUndefined();
    expect(parseName(good).dialplanContext).toBeUndefined();
  });

  it("leaves out a category that is too long, since half of a sound's name plays nothing", () => {
    expect(parseName(formatName({ ...parseName(good), category: "x".repeat(46) })).category).toBeUndefined();
    expect(parseName(formatName({ ...parseName(good), category: "x".repeat(45) })).category).toBe(
      "x".repeat(45),
    );
  });
});

describe("ids", () => {
  it("are 128 random bits, and differ per mailbox, the same each time", () => {
    expect(newId()).toMatch(/^[0-9a-f]{32}$/);
    expect(newId()).not.toBe(newId());
    const [first, second] = [
      { mailbox: "1001", context: "default" },
      { mailbox: "1001", context: "sales" },
    ] as const;
    // Word for word: another program, or the next version, must know what was delivered.
    expect(messageId("a", first)).toBe("08bcf0ca156ad3333bf741f2fe084d15");
    expect(messageId("a", first)).not.toBe(messageId("a", second));
  });
});
