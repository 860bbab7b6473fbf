/**
 * A server for Voxpost's webhook, without a library: checks the signature, and writes each change of a mailbox to standard output.
 *
 *   node webhook.mjs 9100 whsec_…          # and in voxpost.yaml: webhook: { url: "http://127.0.0.1:9100", secret_file: … }
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const [port = "9100", secret = ""] = process.argv.slice(2);
const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
/** Seconds. An older request was sent before, and comes from somebody else now. */
const TOLERANCE = 300;
/** Time of the newest event of each mailbox. */
const newest = new Map();

function isGenuine(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) < TOLERANCE)) return false;
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  return signatures.split(" ").some((signature) => {
    const [version, value = ""] = signature.split(",");
    const given = Buffer.from(value, "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  if (request.method !== "POST" || !isGenuine(request.headers, body)) return response.writeHead(401).end();
  const { event, time, mailbox, context, counts } = JSON.parse(body);
  const name = `${mailbox}@${context}`;
  // The same may come twice, and what is no event of ours yet may come one day: both are taken, and nothing is done.
  if (event === "counts" && time > (newest.get(name) ?? "")) {
    newest.set(name, time);
    console.log(`${name}: ${counts.new} new, ${counts.old} old, ${counts.urgent} urgent`);
  }
  response.writeHead(204).end();
});
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
