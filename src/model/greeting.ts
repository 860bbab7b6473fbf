/** What a caller hears before the beep; `name` is the recorded name, spoken when no greeting of the kind exists. */
export const GREETINGS = ["unavailable", "busy", "temporary", "name"] as const;

export type GreetingKind = (typeof GREETINGS)[number];
