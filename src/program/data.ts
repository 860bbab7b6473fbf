import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { takeLock } from "../storage/services/lock.ts";

/** This program's own folder, which no other one uses meanwhile. */
export interface DataFolder {
  /** Empty; audio lies here while it is delivered. */
  readonly deliveries: string;
  close(): Promise<void>;
}

/**
 * Two programs in one folder would remove each other's files. The lock dies with its program, however that ends.
 * @throws VoxpostError LOCKED
 */
export async function openData(data: string): Promise<DataFolder> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const lock = takeLock(
    join(data, "lock"),
    `Another program uses the folder ${data}: give every program a folder of its own under "data"`,
  );
  const deliveries = join(data, "deliveries");
  // What a killed program left there.
  await rm(deliveries, { recursive: true, force: true });
  await mkdir(deliveries, { mode: 0o700 });
  return { deliveries, close: async () => lock.release() };
}
