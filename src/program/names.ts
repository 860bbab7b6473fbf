import { setTimeout as wait } from "node:timers/promises";
import { VoxpostError } from "../errors.ts";
import type { Asterisk } from "../ivr/asterisk.ts";
import { markerOf } from "../ivr/marker.ts";
import { Claim, type ClaimOptions } from "../jobs/claim.ts";

export interface NamesParts {
  readonly redis: ClaimOptions["redis"];
  /** This program's own. */
  readonly instance: string;
  readonly asterisks: readonly { readonly url: string; readonly asterisk: Asterisk }[];
  /** Called once: this program's configuration contradicts that of others, who came first. */
  readonly onFault: (error: VoxpostError) => void;
  /** How often each Asterisk is asked, milliseconds. Default 2,000. */
  readonly everyMs?: number;
}

/** So many times `everyMs` is a program believed that says nothing. */
const LEASE = 5;

/**
 * A name must mean the same Asterisk to all programs, and an Asterisk have one name: recordings are looked for by it. Whoever
 * came first is right; the other one is told within seconds. While Redis or an Asterisk is away nothing is known, and
 * nobody is refused. Returns the way to stop.
 */
export function guardNames(parts: NamesParts): () => void {
  const stopping = new AbortController();
  for (const one of parts.asterisks) {
    guard(one, parts, stopping.signal)
      .then((fault) => {
        if (stopping.signal.aborted || !fault) return;
        stopping.abort();
        one.asterisk.log.fatal({ err: fault }, "an Asterisk's name is not unique");
        parts.onFault(fault);
      })
      .catch(() => {}); // stopped
  }
  return () => stopping.abort();
}

async function guard(
  { url, asterisk }: NamesParts["asterisks"][number],
  { redis, instance, everyMs = 2_000 }: NamesParts,
  signal: AbortSignal,
): Promise<VoxpostError> {
  const { name, requests, log } = asterisk;
  const { origin } = new URL(url);
  const where = `"${name}" at ${origin} in program ${instance}`;
  const claim = (key: string) => new Claim({ redis, key, where, leaseMs: LEASE * everyMs });
  const byName = claim(`name:${name}`);
  let machine: { marker: string; claim: Claim } | undefined;
  for (;;) {
    await asterisk.whenUp(signal);
    try {
      const marker = await markerOf(requests, signal);
      if (machine?.marker !== marker) machine = { marker, claim: claim(`asterisk:${marker}`) };
      const namesake = await byName.renew(marker);
      if (namesake) return twoMachines(where, namesake);
      const alias = await machine.claim.renew(name);
      if (alias) return twoNames(where, alias);
    } catch (error) {
      log.debug({ err: error }, "not known whether this Asterisk's name is unique");
    }
    await wait(everyMs, undefined, { signal, ref: false });
  }
}

const REMEDY = `give each Asterisk one name of its own under "asterisk", the same in every program, and start again`;

function twoMachines(here: string, there: string): VoxpostError {
  const message = `Two Asterisks have one name: ${here} is not the machine that is ${there}; ${REMEDY}`;
  return new VoxpostError("CONFIG_INVALID", message);
}

function twoNames(here: string, there: string): VoxpostError {
  const message = `One Asterisk has two names: ${here} is the machine that is ${there}; ${REMEDY}`;
  return new VoxpostError("CONFIG_INVALID", message);
}
