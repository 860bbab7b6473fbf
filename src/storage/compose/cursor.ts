import { z } from "zod";

/**
 * A place in several listings that are read as one. An engine's cursor stands at the end of one of its pages only, while
 * a joined page mostly ends in the middle of one; so it also tells what was shown since.
 */
const place = z.object({
  /** The inner engine's cursor. */
  after: z.string().exactOptional(),
  /** Ids of what was taken after it, in their order. */
  taken: z.array(z.string()),
  /** Id of what would have come next. */
  head: z.string().exactOptional(),
});

const cursor = z.object({
  /** Time of the last message that was shown, milliseconds since 1970. */
  at: z.number(),
  /** Ids of those shown with exactly this time: a message that is in two engines has one time. */
  same: z.array(z.string()),
  places: z.array(place),
});

export type Place = z.output<typeof place>;
export type Cursor = z.output<typeof cursor>;

export function encodeCursor(value: Cursor): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** A text that is no cursor of so many engines is as none: the listing begins again. */
export function decodeCursor(text: string | undefined, engines: number): Cursor {
  const start = {
    at: Number.NEGATIVE_INFINITY,
    same: [],
    places: Array.from({ length: engines }, () => ({ taken: [] })),
  };
  if (text === undefined) return start;
  try {
    const parsed = cursor.parse(JSON.parse(Buffer.from(text, "base64url").toString()));
    return parsed.places.length === engines ? parsed : start;
  } catch {
    return start;
  }
}
