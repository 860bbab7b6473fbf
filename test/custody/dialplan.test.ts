import { copyFileSync, existsSync, readdirSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { AsteriskLab } from "../../lab/asterisk.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { startPhone } from "../../lab/phone.ts";
import { parseName, type RecordingName } from "../../src/custody/name.ts";
import { Ari, type EnteredCall } from "./ari-program.ts";

describe("the dialplan on a real Asterisk", () => {
  let lab: Lab;
  let asterisk: AsteriskLab;
  let ari: Ari;
  const programs: { close(): void }[] = [];

  beforeAll(async () => {
    lab = await startLab({ servers: ["asterisk"], instances: ["a", "b"] });
    if (!lab.asterisk) return;
    asterisk = lab.asterisk;
    ari = new Ari(asterisk);
    copyFileSync(new URL("site.conf", import.meta.url), `${asterisk.spool}/../etc/voxpost/site.conf`);
    await asterisk.console("dialplan reload");
    await asterisk.console("dialplan set global VOXPOST_WATCHDOG 2");
  });
  afterAll(() => lab?.stop());
  beforeEach(({ skip }) => {
    if (!lab.asterisk) skip(lab.asteriskMissing ?? "no Asterisk");
  });
  afterEach(async () => {
    if (!lab.asterisk) return;
    for (const program of programs.splice(0)) program.close();
    for (const { id } of (await ari.request("GET", "/channels")) as { id: string }[]) {
      await ari.request("DELETE", `/channels/${id}`).catch(() => {});
    }
    await vi.waitFor(async () => expect(await ari.request("GET", "/channels")).toEqual([]), 5_000);
    await forgetSeen();
    rmSync(`${asterisk.recordings}/voxpost`, { recursive: true, force: true });
  });

  const forgetSeen = async () => {
    for (const name of ["SEEN", "HUNG", "OPERATOR"]) await asterisk.console(`dialplan set global ${name} -`);
  };
  const seen = async (name = "SEEN") =>
    ((await ari.request("GET", "/asterisk/variable", { variable: name })) as { value: string }).value;
  const recorded = (): RecordingName[] =>
    existsSync(`${asterisk.recordings}/voxpost`)
      ? readdirSync(asterisk.recordings, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) =>
            parseName(`${entry.parentPath}/${entry.name}`.slice(asterisk.recordings.length + 1, -4)),
          )
      : [];
  const recording = () => vi.waitFor(() => expect(recorded()).toHaveLength(1), 5_000);
  const program = async (app: string, serve: (call: EnteredCall) => Promise<void>) => {
    programs.push(await ari.program(app, serve));
  };
  const until = (what: string | RegExp) => vi.waitFor(async () => expect(await seen()).toMatch(what), 10_000);

  describe("without any program", () => {
    it("keeps what a hostile caller says, under a name that delivers it and stays in its folder", async () => {
      const phone = await startPhone({ sip: asterisk.sip, number: "trunk" });
      try {
        await phone.dial("1001", { callerName: '../../../evil%d,"x', callerNumber: "+49 (30) 1/../%d" });
        // behind the whole greeting
        await vi.waitFor(() => expect(recorded()).toHaveLength(1), 20_000);
        await phone.hangUp();
      } finally {
        await phone.close();
      }
      const [name] = recorded();
      expect(name).toMatchObject({
        state: "deposit",
        recipients: [{ mailbox: "1001", context: "default" }],
        urgent: false,
        take: 0,
        part: 0,
      });
      // Asterisk leaves SIP's backslash before the quote.
      expect(name?.caller.name).toBe('../../../evil%d,\\"x');
      expect(name?.caller.number).toMatch(/^\+49301[.d]*$/);
      expect(Math.abs((name?.startedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      expect(readdirSync(asterisk.recordings)).toEqual(["voxpost"]);
    });

    it.each([
      [`"Ann $[1+1] \${EXTEN}" <5551>`, `Ann $[1+1] \${EXTEN}`, "5551"],
      ['"Zoë ÄÖÜ ~/)(]}" <5551>', "Zoë ÄÖÜ ~/)(]}", "5551"],
      [`"${"Ж".repeat(40)}" <${"5".repeat(60)}>`, "Ж".repeat(22), "5".repeat(40)],
      ["", undefined, undefined],
    ])("reads back what it wrote of the caller %s", async (callerId, name, number) => {
      await ari.call("answered", { callerId });
      await recording();
      const [{ caller } = { caller: undefined }] = recorded();
      expect(caller).toEqual({ ...(name ? { name } : {}), ...(number ? { number } : {}) });
    });

    it("records for all mailboxes that are any, with the options that stand outside of parentheses", async () => {
      const channel = await ari.call("two");
      await vi.waitFor(() => expect(recorded()).toHaveLength(1), 5_000);
      expect(recorded()[0]).toMatchObject({
        recipients: [
          { mailbox: "1001", context: "default" },
          { mailbox: "1002", context: "default" },
          { mailbox: "1003", context: "sales" },
        ],
        urgent: false,
        priority: true,
      });
      await ari.request("DELETE", `/channels/${channel}`);
      await vi.waitFor(async () => expect(await seen("HUNG")).toBe("SUCCESS"), 10_000);
    });

    it("goes on behind the Gosub after #, as often as it is called", async () => {
      await ari.call("again", { far: "hash" });
      await until(/^SUCCESS FALLBACK 0 $/);
      const summary = recorded().map(({ recipients: [first], urgent }) => `${first?.mailbox} ${urgent}`);
      expect(summary.sort()).toEqual(["1001 true", "1002 false"]);
    });

    it("makes a mailbox with odd characters nobody's, and never another's", async () => {
      await ari.call("odd");
      await until(/^FAILED {2}0 $/);
      expect(recorded()).toEqual([]);
    });

    it.each(["nested", "early", "answered"])("serves a call that comes in %s", async (extension) => {
      await ari.call(extension);
      await recording();
    });

    it("lets nobody in who could not be authenticated, and says so of everything else", async () => {
      await ari.call("login");
      await ari.call("retrieve");
      await until(/^FAILED FALLBACK 0 $/);
      await vi.waitFor(async () => expect(await ari.request("GET", "/channels")).toEqual([]), 10_000);
      expect(await seen()).not.toContain("let in");
      await ari.call("play");
      await until("play FAILED");
      await ari.call("directory");
      await until("directory FAILED");
    });

    it("leaves the site its own limit", async () => {
      await ari.call("limited");
      await until("site limit");
      expect(recorded()).toHaveLength(1);
      // `h` runs behind `T`.
      await vi.waitFor(async () => expect(await seen("HUNG")).toBe("SUCCESS"), 10_000);
    });
  });

  describe("with programs", () => {
    it("tells the program what it needs, and shows the site its results", async () => {
      let told: Record<string, string> = {};
      await program("voxpost-a", async (call) => {
        told = {
          args: call.args.join(),
          context: await call.get("VOXPOST_CONTEXT"),
          watchdog: await call.get("VOXPOST_WATCHDOG"),
          absolute: await call.get("TIMEOUT(absolute)"),
          until: await call.get("VOXPOST_UNTIL"),
        };
        await call.set({ VMSTATUS: "SUCCESS", VOXPOST_STATUS: "SERVED", VOXPOST_HELD: "a" });
        await call.continue();
      });
      await ari.call("unhurt");
      await until(/^SUCCESS SERVED 9\d\.\d+ $/);
      expect(told).toMatchObject({
        args: `deposit,1001,s,,2,${told.until},site`,
        context: "site",
        watchdog: "2",
      });
      expect(Number(told.absolute)).toBeGreaterThan(0);
      expect(Number(told.absolute)).toBeLessThanOrEqual(2);
      expect(Math.abs(Number(told.until) - Date.now() / 1_000 - 100)).toBeLessThan(10);
      expect(recorded()).toEqual([]);
    });

    it("lets nobody past the PIN by a mailbox with odd characters", async () => {
      let args: readonly string[] = [];
      await program("voxpost-a", async (call) => {
        args = call.args;
        await call.continue();
      });
      await ari.call("strange");
      await vi.waitFor(() => expect(args.slice(0, 4)).toEqual(["retrieve", "", "", ""]), 5_000);
    });

    it("asks the next one when the first declines", async () => {
      let asked = "";
      await program("voxpost-a", async (call) => {
        asked += "a";
        await call.set({ VOXPOST_STATUS: "DECLINED", VOXPOST_HELD: "a" });
        await call.continue();
      });
      await program("voxpost-b", async (call) => {
        asked += `b${await call.get("VOXPOST_HELD")}`;
        await call.set({ VMSTATUS: "SUCCESS", VOXPOST_STATUS: "SERVED" });
        await call.continue();
      });
      await ari.call("unhurt");
      await until(/^SUCCESS SERVED/);
      expect(asked).toBe("ab");
    });

    it("goes where the program says, with no frame of ours left behind", async () => {
      await program("voxpost-b", async (call) => {
        await call.set({ VMSTATUS: "USEREXIT", VOXPOST_STATUS: "SERVED", VOXPOST_GOTO: "site,o,1" });
        await call.continue();
      });
      await ari.call("nested");
      await until(/^USEREXIT SERVED 0 site$/);
      expect(await seen("OPERATOR")).toBe("yes");
    });

    it("tells the site that somebody hung up in the directory", async () => {
      let entered = false;
      await program("voxpost-a", async () => {
        entered = true;
      });
      const channel = await ari.call("directory");
      await vi.waitFor(() => expect(entered).toBe(true), 5_000);
      await ari.request("DELETE", `/channels/${channel}`);
      await vi.waitFor(async () => expect(await seen("HUNG")).toBe("HANGUP"), 5_000);
    });

    it("records by itself when a program has died with the call in its hands", async () => {
      await program("voxpost-a", async () => {});
      await ari.call("answered");
      await recording();
      expect(await seen("HUNG")).toBe("-");
    });

    it("goes on when a program dies that had served the call", async () => {
      await program("voxpost-a", async (call) => call.set({ VMSTATUS: "SUCCESS", VOXPOST_STATUS: "SERVED" }));
      await ari.call("unhurt");
      await until(/^SUCCESS SERVED 9\d/);
      expect(recorded()).toEqual([]);
    });

    it("ends a call at the site's own limit, in the site's own way, program or not", async () => {
      await asterisk.console("dialplan set global VOXPOST_WATCHDOG 15");
      try {
        await program("voxpost-a", async () => {});
        await ari.call("limited");
        await until("site limit");
      } finally {
        await asterisk.console("dialplan set global VOXPOST_WATCHDOG 2");
      }
    });

    it("lets in whom the program authenticated, and nobody else", async () => {
      let right = true;
      await program("voxpost-a", async (call) => {
        await call.set({ VOXPOST_STATUS: "SERVED", ...(right ? { AUTH_MAILBOX: "1001" } : {}) });
        await call.continue();
      });
      await ari.call("login");
      await until("let in 1001");
      await forgetSeen();
      right = false;
      await ari.call("login");
      await vi.waitFor(async () => expect(await ari.request("GET", "/channels")).toEqual([]), 10_000);
      expect(await seen()).toBe("-");
    });
  });
});
