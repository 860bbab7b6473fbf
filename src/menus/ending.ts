import { isCode } from "../errors.ts";
import type { Call, DialplanPlace } from "../ivr/call.ts";

/** What the dialplan is told in `VMSTATUS`; app_voicemail's words. */
type Status = "SUCCESS" | "USEREXIT" | "FAILED";

export interface Ending {
  readonly status: Status;
  /** An exit that a key chose; otherwise the dialplan goes on behind the Gosub. */
  readonly to?: DialplanPlace;
  /** More channel variables for the dialplan. */
  readonly variables?: Readonly<Record<string, string>>;
}

/**
 * Runs one entry into Voxpost: whatever happens, the call goes back to the dialplan with a status, and nothing is thrown.
 * After a hang-up there is nobody to give it back to.
 */
export async function conclude(call: Call, entry: () => Promise<Ending>): Promise<void> {
  let ending: Ending = { status: "FAILED" };
  try {
    ending = await entry();
  } catch (error) {
    if (!isCode(error, "CALL_GONE"))
      call.log.error({ err: error }, "A call could not be served; the dialplan goes on");
  }
  try {
    if (call.signal.aborted) return;
    for (const [name, value] of Object.entries({ ...ending.variables, VMSTATUS: ending.status })) {
      await call.setVariable(name, value);
    }
    await call.leave(ending.to);
  } catch (error) {
    if (!isCode(error, "CALL_GONE"))
      call.log.error({ err: error }, "A call could not be given back to the dialplan");
  }
}
