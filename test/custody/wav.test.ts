import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { joinWavs, readWav } from "../../src/custody/wav.ts";
import { isCode } from "../../src/errors.ts";
import { second, wav } from "../jobs/sound.ts";

const folder = mkdtempSync(join(tmpdir(), "voxpost-wav-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: Buffer): string {
  files += 1;
  const path = join(folder, `${files}.wav`);
  writeFileSync(path, content);
  return path;
}

/** As a disk leaves it that was full when the recording began, and had space again later. */
function lost(content: Buffer, byte = 0): Buffer {
  const [before, between] = [Buffer.alloc(4, byte), Buffer.alloc(32, byte)];
  return Buffer.concat([before, content.subarray(4, 8), between, content.subarray(40)]);
}

/** wav49 as Asterisk writes it: GSM in blocks of 65 bytes, 1,625 bytes a second, a longer `fmt ` and a `fact` chunk. */
function wav49(blocks: number): Buffer {
  const data = Buffer.alloc(65 * blocks, 0xd0);
  const head = Buffer.alloc(60);
  head.write("RIFF", 0);
  head.writeUInt32LE(52 + data.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(20, 16);
  head.writeUInt16LE(49, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8000, 24);
  head.writeUInt32LE(1625, 28);
  head.writeUInt16LE(65, 32);
  head.writeUInt16LE(2, 36);
  head.writeUInt16LE(320, 38);
  head.write("fact", 40);
  head.writeUInt32LE(4, 44);
  head.writeUInt32LE(320 * blocks, 48);
  head.write("data", 52);
  head.writeUInt32LE(data.length, 56);
  return Buffer.concat([head, data]);
}

describe("a recording's audio", () => {
  it.each([
    ["a whole file", wav(second(1)), 1],
    ["lengths of 0, as Asterisk's death leaves them", wav(second(1), { riff: 0, data: 0 }), 1],
    ["a header of which only the lengths were written", lost(wav(second(1))), 1],
    ["lengths written into audio that stands where the header should", lost(wav(second(1)), 0x07), 1],
    ["no header at all where one should be", lost(wav(second(1), { riff: 0, data: 0 })), 1],
    ["a file that was cut", wav(second(1)).subarray(0, 44 + 8000), 0.5],
    ["half a sample at the end", wav(second(1)).subarray(0, 44 + 8001), 0.5],
    ["something behind the audio", Buffer.concat([wav(second(1)), Buffer.from("LIST\u0004\0\0\0abcd")]), 1],
    ["GSM in a wav", wav49(50), 2],
  ])("has a length by the bytes that are there: %s", async (_, content, seconds) => {
    expect((await readWav(file(content)))?.seconds).toBeCloseTo(seconds, 6);
  });

  it.each([
    ["nothing at all", Buffer.alloc(0)],
    ["half a header", wav(0).subarray(0, 20)],
    ["a header only", wav(0)],
    ["a header that promises more", wav(0, { data: 16_000 })],
    ["half a sample", wav(1).subarray(0, 45)],
    ["a lost header", lost(wav(0))],
    ["a lost header that promises more", lost(wav(0, { data: 16_000 }))],
  ])("is none in %s", async (_, content) => {
    expect(await readWav(file(content))).toBeUndefined();
  });

  it("is never guessed, and bad bytes bring nothing down", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 120 }), fc.boolean(), async (bytes, marked) => {
        const content = Buffer.from(bytes);
        if (marked && content.length >= 20) content.write("RIFF\0\0\0\0WAVEfmt ", 0, "latin1");
        try {
          const found = await readWav(file(content));
          expect(found?.seconds ?? 1).toBeGreaterThan(0);
        } catch (error) {
          expect(isCode(error, "MESSAGE_MALFORMED")).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("is joined in order, with the lengths that players trust", async () => {
    const parts = [
      wav(second(1)),
      wav(second(2), { riff: 0, data: 0 }),
      wav(second(3)).subarray(0, 44 + 8001),
    ];
    const read = await Promise.all(parts.map((part) => readWav(file(part))));
    const [first, ...more] = read.flatMap((part) => part ?? []);
    if (!first) throw new Error("no audio");
    const target = join(folder, "joined.wav");
    await joinWavs([first, ...more], target);
    const again = join(folder, "again.wav");
    const found = await readWav(file(lost(wav(second(4)))));
    if (found) await joinWavs([found, first], again);
    expect(readFileSync(again)).toEqual(wav(Int16Array.from([...second(4), ...second(1)])));
    const expected = Int16Array.from([...second(1), ...second(2), ...second(3).subarray(0, 4000)]);
    expect(readFileSync(target)).toEqual(wav(expected));
  });

  it("is not joined across formats", async () => {
    const [pcm, gsm] = [await readWav(file(wav(second(1)))), await readWav(file(wav49(10)))];
    if (!pcm || !gsm) throw new Error("no audio");
    await expect(joinWavs([pcm, gsm], join(folder, "mixed.wav"))).rejects.toMatchObject({
      code: "MESSAGE_MALFORMED",
    });
    const target = join(folder, "gsm.wav");
    await joinWavs([gsm, gsm], target);
    expect((await readWav(target))?.seconds).toBeCloseTo(0.8, 6);
  });
});
