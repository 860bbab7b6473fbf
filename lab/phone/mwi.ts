/** A lamp's state as a NOTIFY told it (RFC 3842). */
export interface Mwi {
  waiting: boolean;
  newMessages: number;
  oldMessages: number;
  urgentNew: number;
  urgentOld: number;
  /** `sip:…` of the account, where the server says it. */
  account: string | undefined;
}

/** Parses the body of type application/simple-message-summary. */
export function parseMwi(body: string): Mwi {
  const counts = /^Voice-Message:\s*(\d+)\/(\d+)(?:\s*\((\d+)\/(\d+)\))?/im.exec(body);
  const count = (index: number) => Number(counts?.[index] ?? 0);
  return {
    waiting: /^Messages-Waiting:\s*yes/im.test(body),
    newMessages: count(1),
    oldMessages: count(2),
    urgentNew: count(3),
    urgentOld: count(4),
    account: /^Message-Account:\s*(\S+)/im.exec(body)?.[1],
  };
}
