// Runs before anything is installed, so it is plain JavaScript with no imports from npm.
// It installs the packages of the lock file once, and again only when the lock file has changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

// As "engines" in package.json has it: the oldest of each line that all packages run on.
const OLDEST = { 20: 19, 22: 13 };
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 && !(minor >= OLDEST[major])) {
  console.error(
    `Voxpost needs Node.js 20.19, 22.13 or 24, or a later one of these lines; this is ${process.version}. Install one, then try again.`,
  );
  process.exit(1);
}

const stamp = "node_modules/.voxpost-lock";
const lock = createHash("sha256").update(readFileSync("package-lock.json")).digest("hex");
const installed = existsSync(stamp) && readFileSync(stamp, "utf8") === lock;

if (!installed) {
  console.log("voxpost: installing the npm packages of package-lock.json into node_modules/ ...");
  // Not `npm ci`: it insists on the optional packages of every platform, also where a mirror has only this one's. With
  // --no-save the versions of the lock file are installed, and the file stays as it is.
  if (!install()) {
    console.log(
      "voxpost: `npm install` failed, which a registry that is busy may be the cause of; once more ...",
    );
    if (!install()) {
      console.error(
        "voxpost: `npm install` failed; see its message above. A proxy or an offline registry is the usual cause.",
      );
      process.exit(1);
    }
  }
  writeFileSync(stamp, lock);
}

function install() {
  const npm = spawnSync("npm", ["install", "--no-save", "--no-audit", "--no-fund"], {
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  return npm.status === 0;
}
