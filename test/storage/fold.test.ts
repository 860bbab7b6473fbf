import { expect, test, vi } from "vitest";
import { Fold } from "../../src/storage/fold.ts";

/** A fold whose tasks end when the test says so. */
function held(atOnce: number) {
  const begun: Array<{ key: string; details: string[]; end: (result: string) => void; fail: () => void }> =
    [];
  const fold = new Fold<string, string>(
    atOnce,
    (key, details) =>
      new Promise((resolve, reject) => {
        begun.push({ key, details: [...details], end: resolve, fail: () => reject(new Error("failed")) });
      }),
  );
  const waitFor = (count: number) => vi.waitFor(() => expect(begun).toHaveLength(count));
  return { fold, begun, waitFor };
}

test("requests that come before the task begins are one task, with all their details", async () => {
  const { fold, begun, waitFor } = held(1);
  const results = [fold.request("a", "x"), fold.request("a", "y"), fold.request("a", "x")];
  await waitFor(1);
  expect(begun[0]?.details).toEqual(["x", "y"]);
  begun[0]?.end("done");
  expect(await Promise.all(results)).toEqual(["done", "done", "done"]);
});

test("a request that comes while the task runs makes one more run after it", async () => {
  const { fold, begun, waitFor } = held(5);
  const first = fold.request("a", "x");
  await waitFor(1);
  const later = [fold.request("a", "y"), fold.request("a", "z")];
  begun[0]?.end("old");
  await waitFor(2);
  begun[1]?.end("new");
  expect(await first).toBe("old");
  expect(await Promise.all(later)).toEqual(["new", "new"]);
  expect(begun[1]?.details).toEqual(["y", "z"]);
});

test("no more tasks run at once than allowed, and a failed one gives its place on", async () => {
  const { fold, begun, waitFor } = held(2);
  const results = Promise.allSettled(["a", "b", "c", "d"].map((key) => fold.request(key, "x")));
  await waitFor(2);
  begun[0]?.fail();
  await waitFor(3);
  begun[1]?.end("b");
  await waitFor(4);
  begun[2]?.end("c");
  begun[3]?.end("d");
  expect((await results).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});

test("after a failure the key can be asked for again", async () => {
  const { fold, begun, waitFor } = held(1);
  const failing = fold.request("a", "x");
  await waitFor(1);
  const next = fold.request("a", "y");
  begun[0]?.fail();
  await expect(failing).rejects.toThrow("failed");
  await waitFor(2);
  begun[1]?.end("good");
  expect(await next).toBe("good");
});
