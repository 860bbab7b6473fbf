import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fill, templateFault } from "../../src/notices/template.ts";
import { VARIABLES, type Variable } from "../../src/notices/variables.ts";

const NAMES = Object.keys(VARIABLES) as Variable[];
const variable = (name: string) => `\${${name}}`;

describe("the texts of mails", () => {
  test("take all of app_voicemail's variables and escapes, as voicemail.conf has them", () => {
    const text = String.raw`Dear ${variable("VM_NAME")}:\n\n\tyou got ${variable("VM_DUR")}, no. ${variable("VM_MSGNUM")}\r\n`;
    expect(templateFault(text)).toBeUndefined();
    expect(fill(text, (name) => name.toLowerCase())).toBe(
      "Dear vm_name:\n\n\tyou got vm_dur, no. vm_msgnum\n",
    );
    for (const name of NAMES) expect(templateFault(variable(name))).toBeUndefined();
  });

  test.each([
    [`\${VM_NAEM}`, /no variable is called \$\{VM_NAEM\}; there are VM_NAME, /],
    [`\${}`, /no variable/],
    [`\${VM_CIDNUM:-4}`, /no variable/],
    [`\${toString} \${__proto__} \${constructor}`, /\$\{toString\}, \$\{__proto__\}, \$\{constructor\}/],
    [`\${IF($["\${VM_CIDNUM}" = "1"]?a:b)}`, /functions and expressions/],
    ["$[1 + 1]", /functions and expressions/],
    [`\${SHELL(id)}`, /functions and expressions/],
    [`to \${VM_NAME`, /not closed/],
    [`\${VM_\${VM_NAME}}`, /no variable/],
  ])("refuse %s", (text, fault) => {
    expect(templateFault(text)).toMatch(fault);
  });

  test("leave everything else as it is, dollars and backslashes too", () => {
    const text = "5 $ or $5, C:\\dir \\\\ {VM_NAME} $VM_NAME %A";
    expect(templateFault(text)).toBeUndefined();
    expect(fill(text, () => "never")).toBe(text);
  });

  test("whatever a value is, it is taken as it is and once", () => {
    const hostile = fc.oneof(
      fc.string({ unit: fc.integer({ min: 0, max: 0x10ffff }).map((point) => String.fromCodePoint(point)) }),
      fc.constantFrom(variable("VM_NAME"), "\\n", "$&", "$1", "$$", variable("SHELL(id)"), "\r\nBcc: x@y"),
    );
    const plain = fc.string().filter((text) => !/[$\\]/.test(text));
    fc.assert(
      fc.property(plain, fc.constantFrom(...NAMES), plain, hostile, (before, name, after, value) => {
        const text = before + variable(name) + after;
        expect(templateFault(text)).toBeUndefined();
        expect(fill(text, (asked) => (asked === name ? value : "wrong"))).toBe(before + value + after);
      }),
    );
  });

  test("any text is either refused with a reason or filled in without a rest", () => {
    const pieces = fc.array(
      fc.constantFrom("$", "{", "}", `\${`, "VM_NAME", "\\", "n", "[", "(", ")", "IF", "x", "\n", "%", " "),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(pieces, (all) => {
        const text = all.join("");
        const fault = templateFault(text);
        if (fault === undefined) expect(fill(text, () => "x")).not.toContain(`\${`);
        else expect(fault.length).toBeGreaterThan(10);
      }),
      { numRuns: 2_000 },
    );
  });
});
