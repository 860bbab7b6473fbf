import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";

/** What the dialplan is told; app_voicemail's words. */
export type Status = "SUCCESS" | "USEREXIT" | "FAILED" | "OPERATOR" | "ASSISTANT" | "SELECTED" | "TIMEOUT";

/** Serves one call. Never rejects, and resolves when the call is back in the dialplan or gone. */
export type Entry = (call: Call, args: readonly string[]) => Promise<Status>;

export interface Ending {
  readonly status: Status;
  /** An exit that a key chose; otherwise the dialplan goes on behind the Gosub. */
  readonly to?: DialplanPlace;
  /** More channel variables for the dialplan. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** After a hang-up no variable can be set any more, so the dialplan is told beforehand what holds then; another ending corrects it. */
export async function expectHangUp(call: Call, { status, variables }: Ending): Promise<void> {
  const told = Object.entries({ ...variables, VMSTATUS: status });
  try {
    await Promise.all(told.map(([name, value]) => call.setVariable(name, value)));
  } catch (error) {
    if (isCode(error, "CALL_GONE")) throw error;
    call.log.warn({ err: error }, "The dialplan could not be told beforehand how the call ends");
  }
}

/** For what is said when everything is settled: who has gone need not hear it. */
export function ignoreHangUp(error: unknown): undefined {
  if (!isCode(error, "CALL_GONE")) throw error;
  return undefined;
}

/**
 * Runs one entry into Voxpost: whatever happens, the call goes back to the dialplan with a status, and nothing is thrown. While
 * Asterisk does not answer us the dialplan is to look elsewhere.
 * After a hang-up there is nobody to give it back to. `statusVariable`: where the dialplan reads the status; default `VMSTATUS`,
 * and nowhere if null.
 */
export async function conclude(
  call: Call,
  entry: () => Promise<Ending>,
  statusVariable: string | null = "VMSTATUS",
): Promise<Status> {
  let ending: Ending = { status: "FAILED" };
  let elsewhere = false;
  try {
    ending = await entry();
  } catch (error) {
    // Too busy to answer us, it may yet do what its own dialplan says.
    elsewhere = isCode(error, "ASTERISK_UNREACHABLE");
    // What the dialplan asks for and is not there is no fault of ours.
    const level = isCode(error, "MESSAGE_UNKNOWN", "MAILBOX_UNKNOWN", "ADDRESS_INVALID") ? "warn" : "error";
    if (!isCode(error, "CALL_GONE"))
      call.log[level]({ err: error }, "A call could not be served; the dialplan goes on");
  }
  try {
    if (call.signal.aborted) return ending.status;
    if (elsewhere) {
      await call.decline();
      return ending.status;
    }
    const status = statusVariable === null ? {} : { [statusVariable]: ending.status };
    for (const [name, value] of Object.entries({ ...ending.variables, ...status })) {
      await call.setVariable(name, value);
    }
    await call.leave(ending.to);
  } catch (error) {
    if (!isCode(error, "CALL_GONE"))
      call.log.error({ err: error }, "A call could not be given back to the dialplan");
  }
  return ending.status;
}
