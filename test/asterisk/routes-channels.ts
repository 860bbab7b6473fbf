import { created, done, ok, Refusal, type Request, type Route } from "./api.ts";
import type { SimulatedAsterisk } from "./asterisk.ts";
import type { Channel } from "./channel.ts";
import { Playback } from "./playback.ts";
import { Recording } from "./recording.ts";

const CHANNEL = "/channels/{channelId}";
/** The dialplan function SET sets when it is read, and that is not queued behind what the channel is doing. */
const SET = /^SET\((.+?)=(.*)\)$/;
const EXISTS = /^DIALPLAN_EXISTS\(([^,)]*),([^,)]*)/;

export function channelRoutes(asterisk: SimulatedAsterisk): Route[] {
  const channel = (request: Request): Channel => {
    const found = asterisk.channels.get(request.get("channelId"));
    if (!found) throw new Refusal(404, "Channel not found");
    return found;
  };
  const inStasis = (request: Request): Channel => {
    const found = channel(request);
    if (!found.app) throw new Refusal(409, "Channel not in Stasis application");
    return found;
  };
  const at = (name: string, method: Route["method"], path: string, handle: Route["handle"]): Route => ({
    resource: "channels",
    name,
    method,
    path,
    handle,
  });

  const play = (request: Request) => {
    const target = inStasis(request);
    const id = request.get("playbackId") || crypto.randomUUID();
    const skipMs = Number(request.get("skipms") || 3_000);
    const media = request.get("media").split(",");
    const playback = new Playback(target, {
      id,
      media,
      skipMs,
      length: (uri) => asterisk.sounds.length(uri, (name) => asterisk.spool.read(name)),
      onEnd: () => asterisk.playbacks.delete(id),
    });
    const queued = playback.toJSON();
    asterisk.playbacks.set(id, playback);
    void target.enqueue(playback);
    return created(queued);
  };

  const record = (request: Request) => {
    const target = inStasis(request);
    const name = request.get("name");
    const format = request.get("format");
    const terminateOn = request.get("terminateOn") || "none";
    if (!name || name.split("/").includes("..")) throw new Refusal(500, "Error parsing request");
    if (!["none", "any", "*", "#"].includes(terminateOn)) throw new Refusal(400, "terminateOn invalid");
    if (format !== "wav") throw new Refusal(422, "specified format is unknown on this system");
    if ((request.get("ifExists") || "fail") === "fail" && asterisk.spool.has(name)) {
      throw new Refusal(409, `Recording '${name}' already exists and can not be overwritten`);
    }
    const recording = new Recording(target, asterisk.spool, {
      name,
      format,
      terminateOn,
      maxSeconds: Number(request.get("maxDurationSeconds") || 0),
      maxSilence: Number(request.get("maxSilenceSeconds") || 0),
      onEnd: () => asterisk.recordings.delete(name),
    });
    const queued = recording.toJSON();
    asterisk.recordings.set(name, recording);
    if (request.get("beep") === "true") target.heard("sound:beep");
    void target.enqueue(recording);
    return created(queued);
  };

  return [
    {
      ...at("list", "GET", "/channels", () => ok([...asterisk.channels.values()])),
      returns: "List[Channel]",
    },
    { ...at("originate", "POST", "/channels", (request) => ok(asterisk.originate(request))), ...ORIGINATE },
    { ...at("get", "GET", CHANNEL, (request) => ok(channel(request))), returns: "Channel" },
    at("hangup", "DELETE", CHANNEL, (request) => {
      channel(request).hangUp(32);
      return done;
    }),
    at("answer", "POST", `${CHANNEL}/answer`, async (request) => {
      const target = inStasis(request);
      await target.inTurn(() => target.answer());
      return done;
    }),
    at("continueInDialplan", "POST", `${CHANNEL}/continue`, (request) => {
      const target = inStasis(request);
      void target.inTurn(() => target.comeOut("continued"));
      return done;
    }),
    {
      ...at("move", "POST", `${CHANNEL}/move`, (request) => {
        const target = inStasis(request);
        const app = request.get("app");
        const args = request.get("appArgs").split(",").filter(Boolean);
        void target.inTurn(() => {
          if (asterisk.applications.isActive(app)) target.move(app, args);
          else target.tell("ApplicationMoveFailed", { destination: app, args });
        });
        return done;
      }),
      query: ["app", "appArgs"],
    },
    {
      ...at("play", "POST", `${CHANNEL}/play`, play),
      query: ["media", "lang", "skipms", "playbackId"],
      returns: "Playback",
    },
    {
      ...at("playWithId", "POST", `${CHANNEL}/play/{playbackId}`, play),
      query: ["media", "lang", "skipms"],
      returns: "Playback",
    },
    { ...at("record", "POST", `${CHANNEL}/record`, record), query: RECORD, returns: "LiveRecording" },
    {
      ...at("getChannelVar", "GET", `${CHANNEL}/variable`, (request) => {
        const value = variable(channel(request), request.get("variable"), asterisk);
        if (value === undefined) throw new Refusal(404, "Provided variable was not found");
        return ok({ value });
      }),
      query: ["variable"],
      returns: "Variable",
    },
    {
      // Waits for what the channel is doing: during a recording the answer comes only when it has ended.
      ...at("setChannelVar", "POST", `${CHANNEL}/variable`, async (request) => {
        const target = inStasis(request);
        await target.inTurn(() => setVariable(target, request.get("variable"), request.get("value")));
        return done;
      }),
      query: ["variable", "value"],
    },
  ];
}

const ORIGINATE = {
  query: [
    "endpoint",
    "extension",
    "context",
    "priority",
    "app",
    "appArgs",
    "callerId",
    "timeout",
    "variables",
  ],
  returns: "Channel",
};
const RECORD = [
  "name",
  "format",
  "maxDurationSeconds",
  "maxSilenceSeconds",
  "ifExists",
  "beep",
  "terminateOn",
];

function variable(channel: Channel, name: string, asterisk: SimulatedAsterisk): string | undefined {
  const [, variableName, value] = SET.exec(name) ?? [];
  if (variableName !== undefined && value !== undefined) {
    setVariable(channel, variableName, value);
    return value;
  }
  const [, context, extension] = EXISTS.exec(name) ?? [];
  if (context !== undefined && extension !== undefined)
    return asterisk.hasExtension(context, extension) ? "1" : "0";
  if (name === "TIMEOUT(absolute)") return channel.timeoutLeft.toFixed(3);
  if (name === "CALLERID(num)") return channel.caller.number;
  if (name === "CALLERID(name)") return channel.caller.name;
  return channel.variables.get(name);
}

/** Functions change something of the channel, and only variables are told of. */
function setVariable(channel: Channel, name: string, value: string): void {
  if (name === "TIMEOUT(absolute)") {
    channel.setTimeout(Number(value));
  } else if (name === "CHANNEL(language)") {
    channel.language = value;
  } else {
    channel.variables.set(name, value);
    channel.tell("ChannelVarset", { variable: name, value });
  }
}
