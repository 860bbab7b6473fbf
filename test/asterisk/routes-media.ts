import { done, ok, Refusal, type Request, type Route } from "./api.ts";
import type { SimulatedAsterisk } from "./asterisk.ts";

const LIVE = "/recordings/live/{recordingName}";
const STORED = "/recordings/stored/{recordingName}";
const OPERATIONS = ["restart", "pause", "unpause", "reverse", "forward"];

export function playbackRoutes(asterisk: SimulatedAsterisk): Route[] {
  const playback = (request: Request) => {
    const found = asterisk.playbacks.get(request.get("playbackId"));
    if (!found) throw new Refusal(404, "Playback not found");
    return found;
  };
  const path = "/playbacks/{playbackId}";
  return [
    {
      resource: "playbacks",
      name: "get",
      method: "GET",
      path,
      returns: "Playback",
      handle: (request) => ok(playback(request)),
    },
    {
      resource: "playbacks",
      name: "stop",
      method: "DELETE",
      path,
      handle(request) {
        if (!playback(request).stop()) throw new Refusal(500, "Could not stop playback");
        return done;
      },
    },
    {
      resource: "playbacks",
      name: "control",
      method: "POST",
      path: `${path}/control`,
      query: ["operation"],
      handle(request) {
        const operation = request.get("operation");
        if (!OPERATIONS.includes(operation)) throw new Refusal(400, `Invalid operation ${operation}`);
        if (!playback(request).control(operation)) throw new Refusal(500, "Could not control playback");
        return done;
      },
    },
  ];
}

export function recordingRoutes(asterisk: SimulatedAsterisk): Route[] {
  const live = (request: Request) => {
    const found = asterisk.recordings.get(request.get("recordingName"));
    if (!found) throw new Refusal(404, "Recording not found");
    return found;
  };
  const { spool } = asterisk;
  const at = (
    name: string,
    method: Route["method"],
    path: string,
    returns: string,
    handle: Route["handle"],
  ): Route => ({ resource: "recordings", name, method, path, returns, handle });
  return [
    at("getLive", "GET", LIVE, "LiveRecording", (request) => ok(live(request))),
    at("stop", "POST", `${LIVE}/stop`, "void", (request) => {
      live(request).stop();
      return done;
    }),
    at("cancel", "DELETE", LIVE, "void", (request) => {
      live(request).cancel();
      return done;
    }),
    at("listStored", "GET", "/recordings/stored", "List[StoredRecording]", () => ok(spool.list())),
    at("getStored", "GET", STORED, "StoredRecording", (request) =>
      ok(spool.get(request.get("recordingName"))),
    ),
    at("getStoredFile", "GET", `${STORED}/file`, "binary", (request) =>
      ok(spool.read(request.get("recordingName"))),
    ),
    // Asterisk does so with a recording in progress too, and what the caller says is then lost.
    at("deleteStored", "DELETE", STORED, "void", (request) => {
      spool.remove(request.get("recordingName"));
      return done;
    }),
    {
      ...at("copyStored", "POST", `${STORED}/copy`, "StoredRecording", (request) =>
        ok(spool.copy(request.get("recordingName"), request.get("destinationRecordingName"))),
      ),
      query: ["destinationRecordingName"],
    },
  ];
}
