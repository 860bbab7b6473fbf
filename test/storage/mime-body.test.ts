import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeText } from "../../src/storage/mime/body.ts";

describe("the text of a mail", () => {
  test.each([
    ["as it is", "café\r\n", "7bit", { charset: "utf-8" }, "café\n"],
    [
      "quoted-printable",
      "caf=E9 =\r\nau lait",
      "Quoted-Printable",
      { charset: "iso-8859-1" },
      "café au lait",
    ],
    ["base64", "Y2Fmw6k=", "BASE64", { charset: "UTF-8" }, "café"],
    ["in another script", Buffer.from([0x82, 0xa0]), "8bit", { charset: "shift_jis" }, "あ"],
    ["without a character set, UTF-8", "café", "8bit", undefined, "café"],
    ["without a character set, Latin-1", Buffer.from("café", "latin1"), undefined, {}, "café"],
    ["said to be ASCII, and is not", Buffer.from("café", "latin1"), "8bit", { charset: "US-ASCII" }, "café"],
    ["in a character set that nobody knows", "café", "8bit", { charset: "x-mars" }, "café"],
    ["flowed (RFC 3676)", "one \r\ntwo\r\nthree", "7bit", { format: "flowed" }, "one two\nthree"],
    [
      "with marks of HTML",
      "<b>one</b> &amp; http://a.example",
      "7bit",
      {},
      "<b>one</b> &amp; http://a.example",
    ],
    ["empty", "", "7bit", {}, ""],
    [
      "with parameters that would be headers",
      "x",
      "7bit\r\nContent-Type: text/html",
      { charset: 'a"\r\nX: y' },
      "x",
    ],
  ])("%s", async (_, body, encoding, parameters, text) => {
    expect(await decodeText({ body: Buffer.from(body), encoding, parameters })).toBe(text);
  });

  test("no bytes and no labels make it fail", async () => {
    const label = fc.option(
      fc.oneof(fc.constantFrom("base64", "quoted-printable", "utf-7", "utf-16", "x-uuencode"), fc.string()),
      { nil: undefined },
    );
    const part = fc.record({
      body: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      encoding: label,
      parameters: fc.record({ charset: label.map(String), format: label.map(String) }),
    });
    await fc.assert(
      fc.asyncProperty(part, async (each) => {
        expect(typeof (await decodeText(each))).toBe("string");
      }),
      { numRuns: 300 },
    );
  });
});
