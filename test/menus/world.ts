import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, onTestFinished } from "vitest";
import { MemoryLoginLimiter } from "../../src/access/limiter.ts";
import { parseName } from "../../src/custody/name.ts";
import { VoxpostError } from "../../src/errors.ts";
import type { ForwardRequest } from "../../src/jobs/enqueue.ts";
import { createLogger } from "../../src/log.ts";
import { createAuthenticate } from "../../src/menus/authenticate.ts";
import type { MenusOf } from "../../src/menus/classes.ts";
import { createDeposit, type DepositDeps, leaveMessage } from "../../src/menus/deposit.ts";
import { createDirectory } from "../../src/menus/directory.ts";
import { SHIPPED, type SiteMenus } from "../../src/menus/overrides.ts";
import { createPlayMessage } from "../../src/menus/play-message.ts";
import { createRetrieve } from "../../src/menus/retrieve.ts";
import { createSayName } from "../../src/menus/say-name.ts";
import type { Settings } from "../../src/menus/settings.ts";
import type { Folder } from "../../src/model/folder.ts";
import type { GreetingKind } from "../../src/model/greeting.ts";
import { formatMailbox, type MailboxAddress } from "../../src/model/mailbox.ts";
import type { Envelope, PartKind } from "../../src/model/message.ts";
import type { Subscriber } from "../../src/model/subscriber.ts";
import { EngineStore } from "../../src/storage/engine-store.ts";
import { MemoryData } from "../../src/storage/engines/memory/data.ts";
import { MemoryEngine } from "../../src/storage/engines/memory/engine.ts";
import type { Store } from "../../src/storage/store.ts";
import { Caller, type Line, Phone, type PhoneOptions } from "./phone.ts";

const BOX: MailboxAddress = { mailbox: "1001", context: "default" };

const SUBSCRIBER: Subscriber = {
  address: BOX,
  timezone: "UTC",
  maxSeconds: 180,
  minSeconds: 2,
  maxSilence: 10,
  maxMessages: 100,
  review: false,
  leaveUrgent: true,
  operator: false,
  sayEnvelope: true,
  sayCaller: false,
  sayDuration: true,
  sayDurationMinutes: 2,
  nextAfterCommand: false,
  messageWrap: false,
  skipMs: 3000,
  maxLogins: 3,
  maxGreeting: 60,
  minPin: 4,
  pinLocked: false,
  forceName: false,
  forceGreetings: false,
  warnsOfTemporary: false,
  moveHeard: true,
  internalContexts: [],
  folderSounds: {},
  playbackKeys: { "#": "forward", "*": "rewind", "0": "pause", "2": "restart" },
  sendVoicemail: false,
  useDirectory: false,
  forwardUrgent: false,
  trashDays: 14,
  hiddenFromDirectory: false,
};

export interface Given {
  readonly id: string;
  readonly folder?: Folder;
  readonly heard?: boolean;
  readonly urgent?: boolean;
  readonly duration?: number;
  readonly number?: string;
  readonly category?: string;
  readonly dialplanContext?: string;
  /** What is heard; `""` is an empty part, and `(cannot be decoded)` fails in Asterisk. */
  readonly says?: string;
  readonly comment?: string;
  readonly private?: boolean;
}

/** Mailboxes, their messages, and everything that calls do to them; the store is real, in memory. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "voxpost-menus-"));
  readonly engine = new MemoryEngine(new MemoryData());
  readonly store = new EngineStore({
    engine: this.engine,
    log: createLogger("silent"),
    pins: { verify: async (mailbox, pin) => this.#pins.get(formatMailbox(mailbox)) === pin },
  });
  readonly limiter = new MemoryLoginLimiter();
  readonly lamps: string[] = [];
  readonly forwards: ForwardRequest[] = [];
  /** While true no job is taken. */
  queueAway = false;
  readonly deposits: (readonly string[])[] = [];
  readonly discarded: string[] = [];
  /** Greetings, by their recordings. */
  readonly accepted: (readonly string[])[] = [];
  pinsPossible = true;
  readonly renamed: (readonly [string, string])[] = [];
  /** Done while a recording is being renamed. */
  whileRenaming: () => Promise<void> = async () => {};
  /** While true no recording can be renamed. */
  asteriskAway = false;
  /** Default: as shipped. */
  menus: SiteMenus = SHIPPED;
  menusOf: MenusOf = () => this.menus;
  full = false;
  set searchesContexts(value: boolean) {
    this.subscribers.searchesContexts = value;
  }
  diskFault = false;
  /** While true every request to the store fails, as with an IMAP server that is away. */
  away = false;
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #greetings = new Map<GreetingKind, { path: string; contentType: string }>();
  readonly #pins = new Map<string, string>();
  #arrivals = 0;

  constructor(options: Partial<Subscriber> = {}) {
    for (const mailbox of ["1001", "1002"]) this.subscriber(mailbox, options);
    // A test may make another one than its afterEach removes.
    onTestFinished(() => this.remove());
  }

  subscriber(mailbox: string, options: Partial<Subscriber>, pin = "1234", context = "default"): void {
    const address = { mailbox, context };
    this.#subscribers.set(formatMailbox(address), { ...SUBSCRIBER, ...options, address });
    this.#pins.set(formatMailbox(address), pin);
  }

  greeting(kind: GreetingKind, says: string): void {
    const path = join(this.folder, `${kind}.wav`);
    writeFileSync(path, says);
    this.#greetings.set(kind, { path, contentType: "audio/wav" });
  }

  async message(given: Given): Promise<void> {
    const audio = (kind: PartKind, text: string) => ({
      kind,
      contentType: "audio/wav",
      open: async () => Readable.from(text === "" ? [] : [Buffer.from(text)]),
    });
    await this.engine.append(given.folder ?? "INBOX", {
      id: given.id,
      mailbox: BOX,
      caller: given.number === undefined ? {} : { number: given.number },
      receivedAt: new Date(Date.UTC(2026, 10, 20, 9, 0, this.#arrivals++)),
      duration: given.duration ?? 10,
      heard: given.heard ?? false,
      urgent: given.urgent ?? false,
      priority: false,
      private: given.private ?? false,
      ...(given.category ? { category: given.category } : {}),
      ...(given.dialplanContext ? { dialplanContext: given.dialplanContext } : {}),
      audio: [
        ...(given.comment === undefined ? [] : [audio("comment", given.comment)]),
        audio("voice", given.says ?? `(message ${given.id})`),
      ],
    });
  }

  /** `id` → where it lies and its state, as `INBOX new` or `Trash heard`. */
  async messages(): Promise<Record<string, string>> {
    const found = await this.engine.find(BOX, {});
    return Object.fromEntries(
      found.map(({ envelope }) => [envelope.id, `${envelope.folder} ${stateOf(envelope)}`]),
    );
  }

  /** A call that follows a script; resolves when it is over and everything is closed. */
  async retrieve(
    args: readonly string[],
    lines: readonly Line[],
    options: PhoneOptions = {},
  ): Promise<Dialogue> {
    const caller = new Caller(lines);
    const phone = new Phone(caller.react, options);
    await this.serve(phone, args);
    return { phone, heard: phone.heard, missed: caller.waitingFor };
  }

  async serve(phone: Phone, args: readonly string[]): Promise<void> {
    const messages = this.#messages();
    await createRetrieve({
      ...messages,
      store: this.#mayBeAway(),
      settings: this.settings,
      leave: (call, recipients) => leaveMessage(call, recipients, new Map(), { ...messages, goesOn: true }),
      limiter: this.limiter,
      folder: join(this.folder, "audio"),
      retryDelays: [1, 1, 1],
    })(phone, args);
  }

  async deposit(
    args: readonly string[],
    lines: readonly Line[],
    options: PhoneOptions = {},
  ): Promise<Dialogue> {
    const caller = new Caller(lines);
    const phone = new Phone(caller.react, options);
    await this.take(phone, args);
    return { phone, heard: phone.heard, missed: caller.waitingFor };
  }

  async take(phone: Phone, args: readonly string[]): Promise<void> {
    await createDeposit(this.#messages())(phone, args);
  }

  /** Everything may be changed; a test that wants it says `settings = everything`. */
  readonly everything: Settings = {
    greetings: {
      possible: true,
      accept: async (_asterisk, parts) => {
        if (this.asteriskAway) throw new VoxpostError("ASTERISK_UNREACHABLE", "Asterisk does not answer");
        const { kind } = parseName(parts[0] ?? "");
        if (kind?.is === "greeting") this.greeting(kind.greeting, `own ${kind.greeting}`);
        this.accepted.push(parts);
      },
      erase: async (_mailbox, kind) => {
        if (this.away) throw new VoxpostError("STORE_UNREACHABLE", "The mail server is away");
        this.#greetings.delete(kind);
      },
      discard: async (_asterisk, name) => {
        this.discarded.push(name);
      },
    },
    pins: {
      isPossible: () => this.pinsPossible,
      isNumber: async ({ address }) => this.#pins.get(formatMailbox(address)) === address.mailbox,
      isGood: async (_owner, pin) => /^\d{4,}$/.test(pin) && pin !== "1234",
      change: async (owner, pin) => {
        if (this.away) throw new VoxpostError("STORE_REFUSED", "The command failed");
        this.#pins.set(formatMailbox(owner.address), pin);
      },
    },
  };

  pin(mailbox = "1001"): string | undefined {
    return this.#pins.get(formatMailbox({ mailbox, context: "default" }));
  }

  #messages(): DepositDeps {
    return {
      menus: this.menusOf,
      subscribers: this.subscribers,
      enqueue: this.enqueue,
      discard: async (_asterisk, name) => {
        this.discarded.push(name);
      },
      rename: async (_asterisk, name, to) => {
        if (this.asteriskAway) throw new VoxpostError("ASTERISK_UNREACHABLE", "Asterisk does not answer");
        await this.whileRenaming();
        this.renamed.push([name, to]);
      },
      snapshots: this.snapshots,
    };
  }

  async find(phone: Phone, args: readonly string[]): Promise<void> {
    const { subscribers, snapshots, menusOf: menus } = this;
    await createDirectory({ subscribers, snapshots, menus })(phone, args);
  }

  async call(
    entry: "authenticate" | "play" | "sayname" | "directory",
    args: readonly string[],
    lines: readonly Line[],
    options: PhoneOptions = {},
  ): Promise<Dialogue> {
    const caller = new Caller(lines);
    const phone = new Phone(caller.react, options);
    const { store, subscribers, limiter, snapshots, menusOf: menus } = this;
    const deps = { menus, store, subscribers, limiter, snapshots, folder: join(this.folder, "audio") };
    const create = {
      authenticate: createAuthenticate,
      play: createPlayMessage,
      sayname: createSayName,
      directory: createDirectory,
    };
    await create[entry](deps)(phone, args);
    return { phone, heard: phone.heard, missed: caller.waitingFor };
  }

  /** Files of calls that are left on the disk. */
  leftovers(): readonly string[] {
    return readdirSync(this.folder, { recursive: true, encoding: "utf8" }).filter((name) =>
      /^audio./.test(name),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly snapshots = {
    get: async () => {
      if (this.diskFault) throw new Error("The disk does not answer");
      return { greetings: Object.fromEntries(this.#greetings), full: this.full };
    },
  };

  /** What owners may change by telephone; nothing, unless a test says so. */
  settings: Settings = {
    greetings: { possible: false, accept: refuse, erase: refuse, discard: refuse },
    pins: { isPossible: () => false, isNumber: async () => false, isGood: async () => false, change: refuse },
  };

  readonly enqueue = {
    deposit: async ({ parts }: { parts: readonly string[] }) => {
      this.deposits.push(parts);
    },
    forward: async (job: ForwardRequest) => {
      if (!this.queueAway) this.forwards.push(job);
      return !this.queueAway;
    },
    greeting: async () => {},
    mwi: async (mailbox: MailboxAddress) => {
      this.lamps.push(formatMailbox(mailbox));
    },
  };

  readonly subscribers = {
    searchesContexts: false,
    maxLogins: 3,
    directoryIntro: (_context: string): string | undefined => undefined,
    // Another object at each look, as in the program.
    find: (address: MailboxAddress) => {
      const found = this.#subscribers.get(formatMailbox(address));
      return found && { ...found };
    },
    all: () => this.#subscribers.values(),
  };

  #mayBeAway(): Store {
    return new Proxy(this.store, {
      get: (store, property) => {
        const value: unknown = Reflect.get(store, property);
        if (typeof value !== "function") return value;
        if (property === "expect" || property === "onChange") return value.bind(store);
        return async (...args: unknown[]) => {
          if (this.away) throw new VoxpostError("STORE_UNREACHABLE", "The mail server is away");
          return value.apply(store, args);
        };
      },
    });
  }
}

async function refuse(): Promise<void> {
  throw new VoxpostError("UNSUPPORTED", "Nothing of this can be changed here");
}

export interface Dialogue {
  readonly phone: Phone;
  readonly heard: readonly string[];
  /** Lines of the script that the caller never came to. */
  readonly missed: readonly string[];
}

function stateOf(envelope: Envelope): string {
  return envelope.heard ? "heard" : envelope.urgent ? "urgent" : "new";
}

/** A world for each test of a file; afterwards no audio of a call may be left on the disk. */
export function worldForEachTest(use: (world: World) => void): void {
  let world: World;
  beforeEach(() => {
    world = new World();
    use(world);
  });
  afterEach(() => {
    expect(world.leftovers(), "no audio of a call is left on the disk").toEqual([]);
    world.remove();
  });
}
