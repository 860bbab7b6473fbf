import { done, ok, Refusal, type Request, type Route } from "./api.ts";
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
      resource: "sounds",
      name: "get",
      method: "GET",
      path: "/sounds/{soundId}",
      returns: "Sound",
      handle(request) {
        const id = request.get("soundId");
        if (asterisk.sounds.missing.has(id)) throw new Refusal(404, "Sound not found");
        return ok({ id, formats: [{ language: "en", format: "slin" }] });
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
