import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readAsteriskFile, readAsteriskSections } from "../../src/asterisk-file.ts";
import { readVoicemailConf } from "../../src/voicemail-conf/read.ts";
import { folderOf } from "./samples.ts";

/** What a file says, as [section, key, value, …]. */
const FILES: [what: string, text: string, said: unknown[]][] = [
  ["= and =>", "[a]\nb=1\nc => 2\n d  =  3 \n", [["a", "b", "1", "c", "2", "d", "3"]]],
  ["a value with =", "[a]\nb => c=d\n", [["a", "b", "c=d"]]],
  ["comments", "; x\n[a] ; y\nb=1;2\nc=3\\;4\n;--\nd=5\n--;\ne=6\n", [["a", "b", "1", "c", "3;4", "e", "6"]]],
  ["comments within a line", "[a]\nb=1;-- no --;2\n", [["a", "b", "12"]]],
  ["a line of dashes", ";-----------;\n;---\n[a]\nb=1\n", [["a", "b", "1"]]],
  ["comments in each other", "[a]\n;-- x ;-- y --; b=1 --;\nc=2\n", [["a", "c", "2"]]],
  ["carriage returns", "[a]\r\nb=1\r\n", [["a", "b", "1"]]],
  ["templates", "[t](!)\nb=1\n[a](t)\nc=2\n", [["a", "b", "1", "c", "2"]]],
  ["a section that goes on", "[a]\nb=1\n[x]\n[a](+)\nc=2\n", [["a", "b", "1", "c", "2"], ["x"]]],
  [
    "sections of one name",
    "[a]\nb=1\n[a]\nc=2\n",
    [
      ["a", "b", "1"],
      ["a", "c", "2"],
    ],
  ],
  ["a section of itself", "[a](a,+,!)\nb=1\n[c](c)\n", [["c"]]],
];

test.each(FILES)("%s", (_what, text, said) => {
  const { sections } = readAsteriskSections(join(folderOf({ "a.conf": text }), "a.conf"));
  expect(sections.map(({ name, lines }) => [name, ...lines.flat()])).toEqual(said);
});

test("included files go on where they are included, from the folder of the first, with wildcards", () => {
  const folder = folderOf({
    "a.conf":
      '[a]\n#include "more/one.conf"\n#include <more/x*.conf>\n#tryinclude none.conf\n#include none.conf\nz=9\n',
    "more/one.conf": "b=1\n#include more/two.conf\n",
    "more/two.conf": "c=2\n",
    "more/x1.conf": "d=3\n",
    "more/x2.conf": "[e]\nf=4\n",
  });
  const { sections, notes } = readAsteriskSections(join(folder, "a.conf"));
  expect(sections.map(({ name, lines }) => [name, ...lines.flat()])).toEqual([
    ["a", "b", "1", "c", "2", "d", "3"],
    ["e", "f", "4", "z", "9"],
  ]);
  expect(notes).toEqual([`${folder}/none.conf is included, and is not there`]);
});

test("files that include each other, and templates that double, come to an end", () => {
  const doubling = Array.from({ length: 60 }, (_, index) => `[t${index + 2}](t${index},t${index + 1})`);
  const folder = folderOf({
    "loop.conf": "[a]\n#include loop.conf\n#include loop.conf\n",
    "bomb.conf": `[t0]\na=1\n[t1]\nb=1\n${doubling.join("\n")}\n`,
    "stars.conf": `[a]\n#include ${"a*".repeat(60)}\n`,
  });
  expect(readAsteriskSections(join(folder, "loop.conf")).notes.join()).toMatch(/include each other/);
  expect(readAsteriskSections(join(folder, "bomb.conf")).notes.join()).toMatch(/only the first/);
  expect(readAsteriskSections(join(folder, "stars.conf")).notes).toHaveLength(1);
});

test("#exec runs nothing; what is not understood is told by line, and a folder is no file", () => {
  const folder = folderOf({ "a.conf": "lost=1\n[a]\n#exec /bin/false\nword\n[b\n" });
  expect(readAsteriskSections(join(folder, "a.conf")).notes).toEqual([
    expect.stringContaining("#exec is not run"),
    expect.stringMatching(/not understood: line 1, 4, 5$/),
  ]);
  expect(readAsteriskSections(folder).notes[0]).toMatch(/cannot be read/);
});

test("files in UTF-8 and in Latin-1 are read", () => {
  const folder = folderOf({
    "u.conf": "\uFEFF[a]\nb=Jürgen",
    "l.conf": Buffer.from("[a]\nb=Jürgen", "latin1"),
  });
  for (const file of ["u.conf", "l.conf"])
    expect(readAsteriskFile(join(folder, file)).get("a")?.get("b")).toBe("Jürgen");
});

const PIECES = fc.constantFrom(
  ..."[]()+!;=->#,|@-\\$ {}\n\r\t\"'<>*? 019ab".split(""),
  "[general]",
  "[zonemessages]",
  "[default]\n",
  ";--",
  "--;",
  "1001 => 1,a,b@c.d,,",
  "tz=x",
  "aliasescontext=default",
  "imapuser=",
  "\0",
  "é",
);

test("no bytes are too strange", () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(PIECES, { maxLength: 120 }).map((pieces) => Buffer.from(pieces.join(""))),
  );
  const folder = folderOf({});
  fc.assert(
    fc.property(anything, (bytes) => {
      const path = join(folderInto(folder, bytes), "voicemail.conf");
      readVoicemailConf(path, folder);
    }),
    { numRuns: process.env.VOXPOST_TEST_ALL ? 5000 : 300 },
  );
});

function folderInto(folder: string, bytes: Uint8Array): string {
  writeFileSync(join(folder, "voicemail.conf"), bytes);
  return folder;
}
