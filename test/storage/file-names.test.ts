import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { withMessage } from "../../src/storage/engines/file/messages.ts";
import {
  Arrivals,
  arrivedAt,
  isKey,
  nameOf,
  newKey,
  parseName,
  timeOf,
} from "../../src/storage/engines/file/names.ts";
import { newId } from "./samples.ts";

const FIRST = new Date("0001-01-01T00:00:00Z");
const LAST = new Date("9999-12-31T23:59:59.999Z");

test("a name says again what it was made of, and sorts by time, then arrival", () => {
  const message = fc.record({
    receivedAt: fc.date({ min: FIRST, max: LAST, noInvalidDate: true }),
    heard: fc.boolean(),
    urgent: fc.boolean(),
  });
  const arrivals = new Arrivals();
  const property = fc.property(message, message, (a, b) => {
    const keys = [a, b].map(({ receivedAt }) => newKey(receivedAt, arrivals.next(), newId()));
    const names = [a, b].map((one, index) => parseName(nameOf(keys[index] ?? "", one)));
    for (const [index, { receivedAt, heard, urgent }] of [a, b].entries()) {
      const name = names[index];
      expect(name).toMatchObject({ key: keys[index], heard, urgent });
      expect(name && timeOf(name)).toEqual(receivedAt);
    }
    const [first = "", second = ""] = keys;
    expect(first < second).toBe(a.receivedAt <= b.receivedAt);
  });
  fc.assert(property);
});

test("whatever else lies in a folder has no message's name", () => {
  const key = newKey(new Date(), new Arrivals().next(), newId());
  for (const name of [
    key,
    `${key},x`,
    `${key},uh`,
    `${key},h/..`,
    `x${key},`,
    `${key},\n`,
    "msg0000.txt",
    "",
  ]) {
    expect(parseName(name)).toBeUndefined();
  }
  expect(isKey(key)).toBe(true);
  for (const text of ["", "..", `../${key}`, `${key}/..`, key.replace("T", "T99")])
    expect(isKey(text)).toBe(false);
  const impossible = key.replace(/^\d{8}/, "20261399");
  expect(parseName(`${impossible},`)).toBeUndefined();
});

test("a time or an id that cannot stand in a name is refused", () => {
  const arrival = new Arrivals().next();
  for (const [time, id] of [
    [new Date(Number.NaN), newId()],
    [new Date(8.64e15), newId()],
    [new Date(), "../../evil"],
  ] as const) {
    expect(() => newKey(time, arrival, id)).toThrow(expect.objectContaining({ code: "STORE_REFUSED" }));
  }
});

test("arrivals are later each time, also within one instant and after a clock that was ahead", () => {
  const arrivals = new Arrivals();
  const made = Array.from({ length: 5000 }, () => arrivals.next());
  expect(made).toEqual([...new Set(made)].sort());
  const ahead = "1zzzzzzzzzz";
  const [after, next] = [arrivals.nextAfter(ahead), arrivals.next()];
  expect([ahead, after, next]).toEqual([ahead, after, next].sort());
  expect(after).not.toBe(ahead);
  expect(Math.abs(arrivedAt(`${made[0]}-x`) - Date.now())).toBeLessThan(60_000);
  expect(arrivedAt("notes")).toBeNaN();
});

test("a message that gets another name between two tries is found under that, but not for ever", async () => {
  const folder = await mkdtemp(join(tmpdir(), "voxpost-names-"));
  try {
    const key = newKey(new Date(), new Arrivals().next(), newId());
    await mkdir(join(folder, nameOf(key, { heard: true, urgent: true })));
    let tries = 0;
    const listOnce = async (path: string) => {
      // The first time somebody takes both flags away just before: the name is one that was tried already.
      if (tries++ === 0) await rename(path, join(folder, nameOf(key, { heard: false, urgent: false })));
      return readdir(path);
    };
    const opened = withMessage(folder, key, async (path) => {
      if (path.endsWith(",hu") || tries > 0) return listOnce(path);
      return readdir(path);
    });
    expect(await opened).toEqual([]);
    const gone = Object.assign(new Error("gone"), { code: "ENOENT" });
    expect(await withMessage(folder, key, () => Promise.reject(gone))).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
