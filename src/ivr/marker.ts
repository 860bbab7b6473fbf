import { randomBytes } from "node:crypto";
import { VoxpostError } from "../errors.ts";
import type { AriRequests } from "./ari-requests.ts";

const VARIABLE = "VOXPOST_MARKER";

/**
 * Tells one running Asterisk from every other: a random word in a global variable of its own, put there by the program that asks
 * first. Its entity id does not (clones and neighbours on one host share it), nor does its address (each program may see
 * another). A word never comes back: Asterisk forgets it when it ends, or clears its globals, and is given a new one.
 * @throws VoxpostError ASTERISK_UNREACHABLE, ASTERISK_REFUSED, ABORTED
 */
export async function markerOf(
  requests: Pick<AriRequests, "get" | "post">,
  signal?: AbortSignal,
): Promise<string> {
  const options = signal ? { signal } : {};
  const read = async () => {
    const query = { variable: VARIABLE };
    return (await requests.get<{ value?: string }>("/asterisk/variable", { query, ...options })).value;
  };
  const known = await read();
  if (known) return known;
  const query = { variable: VARIABLE, value: randomBytes(16).toString("hex") };
  await requests.post("/asterisk/variable", { query, ...options });
  // Another program may have put its own there in the same moment.
  const marker = await read();
  if (!marker) throw new VoxpostError("ASTERISK_REFUSED", `Asterisk does not keep the variable ${VARIABLE}`);
  return marker;
}
