/** What a database's URL says. Other parameters are keys of the configuration, where they are checked. */
export type DatabaseUrl =
  | { readonly kind: "sqlite"; readonly path: string }
  | {
      readonly kind: "postgres";
      /** A name or address; a folder for a Unix socket (`postgres://voxpost@%2Frun%2Fpostgresql/voxpost`). */
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string | undefined;
    };

const POSTGRES_PORT = 5432;

export function isDatabaseUrl(text: string): boolean {
  return parseDatabaseUrl(text) !== undefined;
}

/** Undefined for whatever is no URL of a database that we know. */
export function parseDatabaseUrl(text: string): DatabaseUrl | undefined {
  const path = /^sqlite:(?:\/\/(?=\/))?([^?#]+)$/.exec(text)?.[1];
  if (path !== undefined)
    return path.startsWith(":") || path.startsWith("//") ? undefined : { kind: "sqlite", path };
  if (!/^postgres(ql)?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const address = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const [host, user, database] = [address, url.username, url.pathname.slice(1)].map(decode);
  if (!host || !user || !database || url.search || url.hash) return undefined;
  const password = decode(url.password) || undefined;
  return { kind: "postgres", host, port: Number(url.port) || POSTGRES_PORT, database, user, password };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
