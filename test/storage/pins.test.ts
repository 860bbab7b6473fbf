import { describe, expect, test } from "vitest";
import { createPins, hashPin, isPinHash } from "../../src/storage/pins.ts";

const known = { mailbox: "1001", context: "default" };
const unknown = { mailbox: "1002", context: "default" };

describe("a PIN by its hash", () => {
  test("opens with the PIN it was made of, and no other", async () => {
    const pinHash = await hashPin("4242");
    const pins = createPins((mailbox) => (mailbox.mailbox === "1001" ? { pinHash } : undefined));
    expect(await pins.verify(known, "4242")).toBe(true);
    for (const pin of ["4243", "", "42420", "4242 ", pinHash])
      expect(await pins.verify(known, pin)).toBe(false);
    expect(await pins.verify(unknown, "4242")).toBe(false);
  });

  test("is another text each time, and never holds the PIN", async () => {
    const [one, two] = [await hashPin("4242"), await hashPin("4242")];
    expect(one).not.toBe(two);
    expect(one).toMatch(/^\$scrypt\$ln=14,r=8,p=1\$/);
    expect(isPinHash(one)).toBe(true);
  });

  test("made by another program with other costs is understood", async () => {
    // Python: hashlib.scrypt(b"4242", salt=bytes(range(16)), n=2**10, r=8, p=1, dklen=32)
    const pinHash =
      "$scrypt$ln=10,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$27BZCaX35YP6dYTyPNUE4cT06Q2DYn6ZZfEURb3kpFo";
    expect(await createPins(() => ({ pinHash })).verify(known, "4242")).toBe(true);
  });

  test.each([
    "",
    "4242",
    "$scrypt$ln=99,r=99,p=9$AAECAwQFBgcICQoLDA0ODw$eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg",
    "$scrypt$ln=2,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg",
    "$2b$10$abcdefghijklmnopqrstuv",
  ])("that is none (%s) opens nothing", async (pinHash) => {
    expect(isPinHash(pinHash)).toBe(false);
    expect(await createPins(() => ({ pinHash })).verify(known, pinHash)).toBe(false);
    expect(await createPins(() => ({ pinHash, pin: "4242" })).verify(known, "4242")).toBe(false);
  });
});

describe("a PIN in clear", () => {
  test("opens with itself only", async () => {
    const pins = createPins((mailbox) => (mailbox.mailbox === "1001" ? { pin: "4242" } : undefined));
    expect(await pins.verify(known, "4242")).toBe(true);
    expect(await pins.verify(known, "4243")).toBe(false);
    expect(await pins.verify(unknown, "4242")).toBe(false);
  });

  test("that is empty opens nothing", async () => {
    expect(await createPins(() => ({ pin: "" })).verify(known, "")).toBe(false);
    expect(await createPins(() => ({})).verify(known, "")).toBe(false);
  });
});

test("an unknown mailbox takes the time of a known one", async () => {
  const pinHash = await hashPin("4242");
  const pins = createPins((mailbox) => (mailbox.mailbox === "1001" ? { pinHash } : undefined));
  const timeOf = async (mailbox: typeof known) => {
    const begin = performance.now();
    await pins.verify(mailbox, "0000");
    return performance.now() - begin;
  };
  // In turn, so that other work on the machine slows down both.
  let [ofKnown, ofUnknown] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < 5; round++) {
    ofKnown = Math.min(ofKnown, await timeOf(known));
    ofUnknown = Math.min(ofUnknown, await timeOf(unknown));
  }
  // Without the work an answer takes microseconds; with it some 40 ms, and the machine may be busy.
  expect(ofUnknown).toBeGreaterThan(ofKnown / 4);
});
