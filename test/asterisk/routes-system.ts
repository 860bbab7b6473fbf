import { en } from "../../sounds/en.ts";
import { created, done, ok, Refusal, type Request, type Route } from "./api.ts";
import type { SimulatedAsterisk } from "./asterisk.ts";

export function systemRoutes(asterisk: SimulatedAsterisk): Route[] {
  const mailbox = (
    name: string,
    method: Route["method"],
    handle: (name: string, request: Request) => void,
  ): Route => ({
    resource: "mailboxes",
    name,
    method,
    path: "/mailboxes/{mailboxName}",
    query: ["oldMessages", "newMessages"],
    handle(request) {
      // The description of the resource is there, whether the module is built or not.
      if (!asterisk.options.mailboxes) throw new Refusal(404, "Resource not found");
      handle(request.get("mailboxName"), request);
      return done;
    },
  });
  return [
    {
      resource: "asterisk",
      name: "getInfo",
      method: "GET",
      path: "/asterisk/info",
      returns: "AsteriskInfo",
      handle: () =>
        ok({
          build: {},
          system: { version: "22.0.0-simulated", entity_id: "00:00:00:00:00:01" },
          config: { name: "", default_language: "en", setid: { user: "", group: "" } },
          status: { startup_time: asterisk.startedAt, last_reload_time: asterisk.startedAt },
        }),
    },
    {
      resource: "applications",
      name: "list",
      method: "GET",
      path: "/applications",
      returns: "List[Application]",
      handle: () => ok(asterisk.applications.list()),
    },
    {
      resource: "applications",
      name: "get",
      method: "GET",
      path: "/applications/{applicationName}",
      returns: "Application",
      handle(request) {
        const name = request.get("applicationName");
        const found = asterisk.applications.list().find((application) => application.name === name);
        if (!found) throw new Refusal(404, "Application not found");
        return ok(found);
      },
    },
    {
      resource: "applications",
      name: "subscribe",
      method: "POST",
      path: "/applications/{applicationName}/subscription",
      query: ["eventSource"],
      handle(request) {
        const name = request.get("applicationName");
        for (const source of request.get("eventSource").split(",")) {
          const channel = source.replace(/^channel:/, "");
          if (!asterisk.channels.has(channel)) throw new Refusal(422, "Event source does not exist");
          if (!asterisk.applications.subscribe(name, channel))
            throw new Refusal(404, "Application not found");
        }
        return ok({ name });
      },
    },
    {
      resource: "sounds",
      name: "list",
      method: "GET",
      path: "/sounds",
      query: ["lang"],
      returns: "List[Sound]",
      handle: () =>
        ok(
          Object.keys(en.prompts)
            .filter((id) => !asterisk.sounds.missing.has(id))
            .map((id) => ({ id, formats: [{ language: "en", format: "slin" }] })),
        ),
    },
    {
      resource: "mailboxes",
      name: "list",
      method: "GET",
      path: "/mailboxes",
      handle() {
        if (!asterisk.options.mailboxes) throw new Refusal(404, "Resource not found");
        return ok([...asterisk.lamps.keys()].map((name) => ({ name })));
      },
    },
    {
      resource: "bridges",
      name: "createWithId",
      method: "POST",
      path: "/bridges/{bridgeId}",
      query: ["name"],
      handle(request) {
        const id = request.get("bridgeId");
        asterisk.bridges.add(id);
        return ok({ id });
      },
    },
    {
      // Nobody is in a bridge here, but Asterisk fetches what it is to play there all the same.
      resource: "bridges",
      name: "play",
      method: "POST",
      path: "/bridges/{bridgeId}/play",
      query: ["media"],
      handle(request) {
        if (!asterisk.bridges.has(request.get("bridgeId"))) throw new Refusal(404, "Bridge not found");
        const media = request.get("media");
        void asterisk.sounds.length(media, (name) => asterisk.spool.read(name));
        return created({ id: crypto.randomUUID(), media_uri: media, state: "queued" });
      },
    },
    mailbox("update", "PUT", (name, request) =>
      asterisk.setLamp(name, {
        urgent: 0,
        new: Number(request.get("newMessages")),
        old: Number(request.get("oldMessages")),
      }),
    ),
    mailbox("delete", "DELETE", (name) => asterisk.setLamp(name, { urgent: 0, new: 0, old: 0 })),
  ];
}
