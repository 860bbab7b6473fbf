import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDialPattern, matchesDialPattern } from "../../src/model/dial-pattern.ts";

describe("a pattern of numbers that may be dialled", () => {
  it.each([
    ["5551234", "5551234", true],
    ["5551234", "55512345", false],
    ["_NXX-XXXX", "5551234", true],
    ["_NXX-XXXX", "1551234", false],
    ["_Z.", "1", false],
    ["_Z.", "10", true],
    ["_0[1-37].", "0255", true],
    ["_0[1-37].", "0455", false],
    ["_555!", "555", true],
    ["_+49Z.", "+4930", true],
    ["_+49Z.", "004930", false],
    ["_nxx", "234", true],
  ])("%s and %s: %s", (pattern, number, matches) => {
    expect(matchesDialPattern(pattern, number)).toBe(matches);
  });

  it.each(["", "_", "abc", "_.5", "_[", "_[]", "_X(", "5.", "_X|Y", "_[9-0]", "5551234\n"])(
    "%j is none",
    (text) => {
      expect(isDialPattern(text)).toBe(false);
      expect(matchesDialPattern(text, text)).toBe(false);
    },
  );

  it("never fails, whatever is written", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (pattern, number) => {
        expect(typeof matchesDialPattern(pattern, number)).toBe("boolean");
      }),
    );
    fc.assert(
      fc.property(
        fc.stringMatching(/^_[0-9XZN[\]*#+-]{0,8}[.!]?$/),
        fc.stringMatching(/^[0-9*#+]*$/),
        (p, n) => {
          expect(typeof matchesDialPattern(p, n)).toBe("boolean");
        },
      ),
    );
  });
});
