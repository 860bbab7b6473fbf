import { describe, expect, it, vi } from "vitest";
import { Keys } from "../../src/ivr/keys.ts";

const never = new AbortController().signal;

describe("keys", () => {
  it("are kept while nobody listens, and answer the next questions in order", async () => {
    const keys = new Keys();
    for (const key of ["1", "2", "x", "#"]) keys.press(key);
    await expect(keys.next(0, never)).resolves.toBe("1");
    await expect(keys.next(0, never)).resolves.toBe("2");
    await expect(keys.next(0, never)).resolves.toBe("#");
    await expect(keys.next(0, never)).resolves.toBeUndefined();
  });

  it("go to the listener until it has enough", () => {
    const keys = new Keys();
    const heard: string[] = [];
    keys.press("1");
    keys.listen((key) => heard.push(key) === 2);
    keys.press("2");
    keys.press("3");
    expect(heard).toEqual(["1", "2"]);
  });

  it("that come after the listener stopped are kept", async () => {
    const keys = new Keys();
    const stop = keys.listen(() => false);
    keys.press("1");
    stop();
    keys.press("2");
    await expect(keys.next(0, never)).resolves.toBe("2");
  });

  it("are waited for no longer than asked, or until the call is gone", async () => {
    vi.useFakeTimers();
    try {
      const keys = new Keys();
      const late = keys.next(5_000, never);
      await vi.advanceTimersByTimeAsync(5_000);
      await expect(late).resolves.toBeUndefined();
      const gone = new AbortController();
      const waiting = keys.next(5_000, gone.signal);
      gone.abort();
      await expect(waiting).resolves.toBeUndefined();
      keys.press("4");
      await expect(keys.next(0, never)).resolves.toBe("4");
    } finally {
      vi.useRealTimers();
    }
  });

  it("are forgotten on request, and noise does not fill the memory", async () => {
    const keys = new Keys();
    for (let count = 0; count < 10_000; count++) keys.press("5");
    let kept = 0;
    keys.listen(() => {
      kept++;
      return false;
    });
    expect(kept).toBeLessThanOrEqual(80);
    const others = new Keys();
    others.press("1");
    others.clear();
    await expect(others.next(0, never)).resolves.toBeUndefined();
  });
});
