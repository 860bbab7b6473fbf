import fc from "fast-check";
import compiler from "imapflow/lib/handler/imap-compiler.js";
import { expect, test } from "vitest";
import { type Attribute, inOneWord } from "../../src/storage/engines/imap/wording.ts";

/** Whatever could be asked for: names, ranges, and what somebody called himself. */
const value = fc.oneof(
  fc.constantFrom("BODY.PEEK", "X-Asterisk-VM-Context", "voice-message", "1:10,12", "", "NIL", "*", "\\Seen"),
  fc.string({
    unit: fc.constantFrom("a", "Z", "7", ".", "/", '"', "\\", " ", "(", "]", "{", "%", "é"),
    maxLength: 6,
  }),
);
const word = fc.record({ type: fc.constantFrom("ATOM", "STRING"), value });
const range = fc.record({
  type: fc.constant("SEQUENCE"),
  value: fc.constantFrom("1:10", "7", "1,3:4", "*"),
});
const simple = fc.oneof(word, range);
const list = fc.array(fc.oneof(simple, fc.array(simple, { minLength: 1, maxLength: 3 })), {
  minLength: 1,
  maxLength: 4,
});
const body = fc
  .tuple(
    fc.array(fc.oneof(word, fc.array(word, { minLength: 1, maxLength: 3 })), { maxLength: 3 }),
    fc.boolean(),
  )
  .map(([section, isPartial]) => ({
    type: "ATOM",
    value: "BODY",
    section,
    ...(isPartial && { partial: [0, 7] }),
  }));
const attribute: fc.Arbitrary<Attribute> = fc.oneof(simple, list, body);

test("what imapflow writes is the same to the byte, in one word or in many", async () => {
  let shortened = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(attribute, { minLength: 1, maxLength: 5 }), async (attributes) => {
      const written = async (given: readonly Attribute[]) =>
        Buffer.concat(
          await compiler({ tag: "A", command: "FETCH", attributes: given } as never, { asArray: true }),
        );
      const short = inOneWord(attributes);
      if (short !== attributes) shortened++;
      expect((await written(short)).toString()).toBe((await written(attributes)).toString());
    }),
    { numRuns: 2_000 },
  );
  expect(shortened).toBeGreaterThan(50);
});
