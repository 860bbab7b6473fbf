import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseName } from "../../src/custody/name.ts";
import { JOBS, type JobName, jobNames, readJob } from "../../src/jobs/table.ts";

/**
 * What version 0.1 puts into the queue, word for word: it is still there when a program of the next version begins its work. A
 * line is added when a field is; none is ever changed or removed.
 */
const FIXTURE = JSON.parse(readFileSync(new URL("jobs-of-0.1.json", import.meta.url), "utf8")) as Record<
  string,
  unknown[]
>;

test.each(jobNames)("%s jobs of version 0.1 are understood, and of a later one too", (name: JobName) => {
  const jobs = FIXTURE[name] ?? [];
  expect(jobs.length).toBeGreaterThan(0);
  for (const job of jobs) {
    expect(readJob(name, job)).toEqual(job);
    expect(readJob(name, { ...(job as object), added: "later" })).toEqual(job);
    expect(JOBS[name].deduplication(job as never).id).toBeTruthy();
  }
});

test("there is no kind of job that the next version would not know", () => {
  expect(Object.keys(FIXTURE).sort()).toEqual([...jobNames].sort());
  for (const { parts } of FIXTURE.deposit as { parts: string[] }[])
    for (const part of parts) expect(parseName(part).recipients.length).toBeGreaterThan(0);
});
