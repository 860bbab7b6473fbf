import { createHmac } from "node:crypto";
import { lookup } from "node:dns/promises";
import { VoxpostError } from "../errors.ts";
import { formatMailbox } from "../model/mailbox.ts";
import { follow } from "../storage/signals.ts";
import { type CountsEvent, toJson } from "./counts-event.ts";
import type { WebhookOptions } from "./externnotify-options.ts";
import type { Tell } from "./tell-counts.ts";

/** Longest until the answer has begun; its body is not read. Milliseconds. */
const LONGEST_MS = 10_000;
/** Refusals that pass: timeout, too early, too many requests. */
const PASSING = [408, 425, 429];

/**
 * Sends events by POST, signed by Standard Webhooks 1.0 when there is a secret. 2xx is taken; what the server refuses for good
 * (other 3xx and 4xx) is not sent again, everything else is. The address may hold a secret itself, so errors name its host only.
 */
export function webhook(options: WebhookOptions, timeoutMs = LONGEST_MS): Tell {
  const { url, token } = options;
  const { host } = new URL(url);
  return async (event, signal) => {
    const context = { mailbox: formatMailbox(event.mailbox), event: event.id };
    const body = toJson(event);
    const { controller, release } = follow(signal, AbortSignal.timeout(timeoutMs));
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: {
        "content-type": "application/json",
        "user-agent": "Voxpost",
        ...signature(options, event, body),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      // Another address would get the token, and mailboxes, without anybody's having configured it.
      redirect: "manual",
      signal: controller.signal,
    })
      .finally(release)
      .catch((error: unknown) => {
        if (signal.aborted)
          throw new VoxpostError("ABORTED", `webhook: ${host} is not waited for: the program ends`);
        throw new VoxpostError("NOTIFY_FAILED", `webhook: ${host} did not answer: ${reasonOf(error)}`, {
          context,
        });
      });
    await response.body?.cancel().catch(() => {});
    const { status } = response;
    if (response.ok) return;
    const isOver = status >= 300 && status < 500 && !PASSING.includes(status);
    throw new VoxpostError(
      isOver ? "NOTIFY_REFUSED" : "NOTIFY_FAILED",
      `webhook: ${host} answered ${status}${HELP[status] ?? ""}`,
      { context },
    );
  };
}

const MOVED = "; redirects are not followed: set webhook.url";
const DENIED = "; look at webhook.token and webhook.secret";
const HELP: Readonly<Record<number, string>> = {
  ...{ 301: MOVED, 302: MOVED, 303: MOVED, 307: MOVED, 308: MOVED },
  ...{ 401: DENIED, 403: DENIED },
};

/** https://www.standardwebhooks.com: id, time of sending and body are signed, so that nothing can be sent again later by others. */
function signature({ secret }: WebhookOptions, { id }: CountsEvent, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const headers = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === undefined) return headers;
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signed = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { ...headers, "webhook-signature": `v1,${signed}` };
}

/** fetch says "fetch failed", and the reason in its cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return (cause instanceof Error && cause.message) || String(error);
}

/** For `doctor`; sends nothing. @throws VoxpostError DEPENDENCY_MISSING when nobody knows the host */
export async function checkWebhook({ url }: WebhookOptions): Promise<string> {
  const { hostname, host } = new URL(url);
  try {
    await lookup(hostname.replace(/^\[(.*)\]$/, "$1"));
    return host;
  } catch (error) {
    throw VoxpostError.from(error, "DEPENDENCY_MISSING", `webhook.url: ${hostname} is not found`);
  }
}
