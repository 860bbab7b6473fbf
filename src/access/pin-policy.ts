/** What is known of the owner, which a PIN must not be made of. */
export interface PinOwner {
  readonly address: { readonly mailbox: string };
  readonly fullName?: string;
  /** Shortest PIN. */
  readonly minPin: number;
}

/** The longest that anybody enters twice without a slip. */
const LONGEST = 20;

/** `[why, whether it is so]`: what Cisco Unity Connection calls trivial, and years. */
const WEAKNESSES: readonly (readonly [string, (pin: string, owner: PinOwner) => boolean])[] = [
  ["not digits", (pin) => !/^\d+$/.test(pin)],
  ["too short", (pin, { minPin }) => pin.length < Math.max(minPin, 1)],
  ["too long", (pin) => pin.length > LONGEST],
  ["two digits at most", (pin) => new Set(pin).size <= 2],
  ["a digit three times in a row", (pin) => /(\d)\1\1/.test(pin)],
  ["a sequence", (pin) => isSequence(pin, 1) || isSequence(pin, -1)],
  ["a group that is repeated", (pin) => /^(\d{2,})\1+$/.test(pin)],
  ["a year", (pin) => /^(19|20)\d\d$/.test(pin)],
  ["a line on the keypad", (pin) => LINES.some((line) => line.includes(pin))],
  ["the mailbox's number", (pin, { address }) => [address.mailbox, reverse(address.mailbox)].includes(pin)],
  ["the owner's name", (pin, { fullName = "" }) => namesOf(fullName).some((name) => name.startsWith(pin))],
];

/** Why a PIN is too easily guessed; undefined when it is not. For logs it says nothing of the PIN but that. */
export function weaknessOf(pin: string, owner: PinOwner): string | undefined {
  return WEAKNESSES.find(([, isWeak]) => isWeak(pin, owner))?.[0];
}

function isSequence(pin: string, step: 1 | -1): boolean {
  return [...pin].every((digit, index) => {
    return index === 0 || (Number(pin[index - 1]) + step + 10) % 10 === Number(digit);
  });
}

/** There and back again, as fingers walk. */
const LINES = [
  "1470",
  "2580",
  "3690",
  "1590",
  "3570",
  "1472580369",
  "1593570",
  "2468",
  "1379",
  "13579",
].flatMap((line) => [line, reverse(line)]);

function reverse(text: string): string {
  return [...text].reverse().join("");
}

/** The digits on whose keys the letters of a name stand (ITU-T E.161). */
function namesOf(fullName: string): string[] {
  const plain = fullName.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const names = plain.split(/[^a-z]+/).filter((name) => name.length > 1);
  const keys = ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];
  return names.map((name) =>
    [...name].map((letter) => keys.findIndex((group) => group.includes(letter)) + 2).join(""),
  );
}
