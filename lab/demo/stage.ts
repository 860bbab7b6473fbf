/** What the demo needs of the world; `real.ts` and `simulated.ts` provide it. */
export interface Stage {
  readonly asterisk: "real" | "simulated";
  /** What runs, in words. */
  readonly parts: readonly string[];
  readonly pin: string;
  /** Somebody from outside. */
  caller(number: string, name: string): Promise<StagePhone>;
  /** The phone of a mailbox's owner, with its lamp. */
  owner(mailbox: string): Promise<StagePhone>;
  /** Reads a mailbox as another mail program would; undefined while it is empty. */
  stored(mailbox: string): Promise<Stored | undefined>;
  close(): Promise<void>;
}

export interface StagePhone {
  dial(extension: string): Promise<void>;
  press(keys: string): Promise<void>;
  /** Samples at 8 kHz; resolves when they are spoken. */
  speak(samples: Int16Array): Promise<void>;
  hangUp(): Promise<void>;
  /** Waits until the other side has hung up. */
  hungUpOn(): Promise<void>;
  /** Everything that was heard in this call; undefined where no sound travels. */
  heard(): Int16Array | undefined;
  /** Tells each sound that begins, as ARI names it. */
  onSound(listener: (media: string) => void): void;
  /** Tells each state of the lamp. */
  onLamp(listener: (lamp: { fresh: number; old: number }) => void): void;
}

export interface Stored {
  /** What it is: the header lines of a mail, or the fields of a file. */
  readonly lines: readonly string[];
  readonly audio: Int16Array;
}
