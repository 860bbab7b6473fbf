import { existsSync, readFileSync } from "node:fs";
import { execa } from "execa";
import { folder, LAB } from "./paths.ts";

/** Whether whole systems can be unpacked here: Debian, and we are root. */
export function canUnpackSystems(): boolean {
  return process.getuid?.() === 0 && isDebian();
}

function isDebian(): boolean {
  return existsSync("/etc/os-release") && /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
}

/** A mirror as this machine's own apt uses it. */
export interface Mirror {
  uri: string;
  /** The administrator has declared it trusted without a signature. */
  trusted: boolean;
}

/** Asks apt for its mirror; fetches apt's lists first where the machine has none yet. Rejects where apt knows no Debian mirror. */
export async function findMirror(): Promise<Mirror> {
  const known = await readMirror();
  if (known) return known;
  await updateLists();
  const found = await readMirror();
  if (!found) throw new Error("apt on this machine has no Debian mirror (see `apt-get indextargets`)");
  return found;
}

async function readMirror(): Promise<Mirror | undefined> {
  const { stdout } = await execa("apt-get", [
    "indextargets",
    "--format",
    "$(ORIGIN) $(COMPONENT) $(TRUSTED) $(REPO_URI) $(CODENAME)",
    "Created-By: Packages",
  ]);
  for (const line of stdout.split("\n")) {
    const [origin, component, trusted, uri, codename] = line.split(" ");
    if (origin === "Debian" && component === "main" && uri && !codename?.includes("-")) {
      return { uri, trusted: trusted === "yes" };
    }
  }
  return undefined;
}

async function updateLists(): Promise<void> {
  await execa("apt-get", ["update"], { timeout: 180_000 });
}

/** The path of mmdebstrap: the machine's own, or one that is unpacked into `.lab/tools` without being installed. */
export async function findMmdebstrap(say: (line: string) => void): Promise<string> {
  const tools = folder(`${LAB}/tools`);
  const unpacked = `${tools}/usr/bin/mmdebstrap`;
  if (await works("mmdebstrap")) return "mmdebstrap";
  if (!existsSync(unpacked)) {
    say(`lab: fetching the tool mmdebstrap (0.1 MB) into ${tools}`);
    await downloadPackage("mmdebstrap", tools);
  }
  if (await works(unpacked)) return unpacked;
  // Very small images have neither perl nor its modules, which mmdebstrap is written in.
  say("lab: mmdebstrap does not run from its folder; installing the package (2 MB, no service) with apt-get");
  await execa("apt-get", ["install", "-y", "--no-install-recommends", "mmdebstrap"], {
    timeout: 300_000,
    env: { DEBIAN_FRONTEND: "noninteractive" },
  });
  return "mmdebstrap";
}

/** Whether it runs, and says which version it is. */
export async function works(program: string): Promise<boolean> {
  const { failed } = await execa(program, ["--version"], { reject: false });
  return !failed;
}

/** Fetches a package with apt and unpacks it into a folder, without installing it. Rejects where that is not possible. */
export async function downloadPackage(name: string, into: string): Promise<void> {
  const { failed } = await execa("apt-get", ["download", name], {
    cwd: into,
    timeout: 180_000,
    reject: false,
  });
  if (failed) {
    await updateLists();
    await execa("apt-get", ["download", name], { cwd: into, timeout: 180_000 });
  }
  const { stdout } = await execa("sh", ["-c", `ls -t ${name}_*.deb | head -n 1`], { cwd: into });
  await execa("dpkg-deb", ["-x", stdout.trim(), "."], { cwd: into });
}
