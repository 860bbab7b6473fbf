import { type ChildProcess, spawn } from "node:child_process";

/**
 * A tiny shell process that outlives us by a moment. It reads which process groups are ours, and when our end of the pipe
 * closes, however we died, it kills those that are left. So no server survives a `kill -9` of the lab or of a test runner.
 */
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r verb id; do
  case $verb in
    watch) groups="$groups$id " ;;
    release) groups=$(printf '%s' "$groups" | sed "s/ $id / /") ;;
  esac
done
for id in $groups; do kill -s KILL -- "-$id" 2>/dev/null; done
`;

let guardian: ChildProcess | undefined;

function tell(verb: "watch" | "release", pid: number): void {
  if (!guardian || guardian.exitCode !== null) {
    guardian = spawn("sh", ["-c", SCRIPT], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
    guardian.unref();
    const pipe = guardian.stdin as unknown as { unref(): void } & NodeJS.WritableStream;
    pipe.unref();
    pipe.on("error", () => {});
  }
  guardian.stdin?.write(`${verb} ${pid}\n`);
}

/** Has process groups killed when this process ends in whatever way. */
export const guard = {
  /** The guardian's own process id; undefined before the first group. */
  pid: (): number | undefined => guardian?.pid,
  watch: (pid: number): void => tell("watch", pid),
  release: (pid: number): void => tell("release", pid),
};
