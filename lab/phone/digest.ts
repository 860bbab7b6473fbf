import { createHash, randomBytes } from "node:crypto";

const md5 = (text: string) => createHash("md5").update(text).digest("hex");

/** The value of Authorization that answers a WWW-Authenticate or Proxy-Authenticate challenge (RFC 2617, MD5). */
export function answerChallenge(
  challenge: string,
  request: { method: string; uri: string; user: string; password: string },
): string {
  const field = (name: string) =>
    new RegExp(`${name}=(?:"([^"]*)"|([^\\s,]+))`, "i").exec(challenge)?.slice(1).find(Boolean) ?? "";
  const { method, uri, user, password } = request;
  const [realm, nonce, opaque] = [field("realm"), field("nonce"), field("opaque")];
  const secret = md5(`${user}:${realm}:${password}`);
  const target = md5(`${method}:${uri}`);
  const parts = [
    `username="${user}"`,
    `realm="${realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    "algorithm=MD5",
  ];
  if (field("qop").split(",").includes("auth")) {
    const cnonce = randomBytes(8).toString("hex");
    const response = md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${target}`);
    parts.push("qop=auth", "nc=00000001", `cnonce="${cnonce}"`, `response="${response}"`);
  } else {
    parts.push(`response="${md5(`${secret}:${nonce}:${target}`)}"`);
  }
  if (opaque) parts.push(`opaque="${opaque}"`);
  return `Digest ${parts.join(", ")}`;
}
