import type { MailboxAddress } from "../model/mailbox.ts";
import type { Subscriber, Subscribers } from "../model/subscriber.ts";

/** Which part of a name is entered. */
export type NamePart = "first" | "last" | "both";

/** Somebody in the directory, with all that they are found by. */
export interface Person {
  readonly address: MailboxAddress;
  readonly subscriber: Subscriber;
  readonly fullName: string;
  /** Names as keys: `Smith` is `76484`. */
  readonly keys: readonly string[];
}

/** Everybody in a voicemail context (or in all of them, where the site says so) who has a name and does not hide. */
export function peopleOf(
  subscribers: Subscribers,
  context: string,
  part: NamePart,
  withAliases: boolean,
): Person[] {
  const people: Person[] = [];
  for (const subscriber of subscribers.all()) {
    const { address, fullName, alias, hiddenFromDirectory } = subscriber;
    const isHere = address.context === context || subscribers.searchesContexts === true;
    if (!isHere || hiddenFromDirectory || !fullName) continue;
    const names = [fullName, ...(withAliases && alias ? [alias] : [])];
    const keys = names.flatMap((name) => namesOf(name, part)).map(keysOf);
    people.push({ address, subscriber, fullName, keys: keys.filter((one) => one !== "") });
  }
  return people;
}

/** In the order of their keys. */
export function search(people: readonly Person[], entered: string): Person[] {
  const byKeys = people.flatMap((person) => {
    const key = person.keys.find((one) => one.startsWith(entered));
    return key === undefined ? [] : [{ key, person }];
  });
  return byKeys.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ person }) => person);
}

/** The last name is what follows the first space, so that `van Dyck` is found by `v`. */
function namesOf(fullName: string, part: NamePart): string[] {
  const [first = "", ...rest] = fullName.trim().split(/\s+/);
  const last = rest.length > 0 ? [rest.join(" "), rest.at(-1) ?? ""] : [first];
  return part === "first" ? [first] : part === "last" ? last : [first, ...last];
}

const LETTERS = ["abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];

/** Accents are left out, as nobody can press them. */
function keysOf(name: string): string {
  const plain = name.replaceAll("ß", "ss").normalize("NFD").toLowerCase();
  return [...plain].map((letter) => (/[0-9]/.test(letter) ? letter : keyOf(letter))).join("");
}

function keyOf(letter: string): string {
  const index = LETTERS.findIndex((letters) => letters.includes(letter));
  return index < 0 ? "" : String(index + 2);
}
