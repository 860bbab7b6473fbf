import { existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { execaSync } from "execa";
import { ROOTS } from "../lab/paths.ts";
import { provision } from "../lab/provision.ts";
import { sayText } from "../lab/speech.ts";
import { writeWav } from "../lab/wav.ts";
import { LANGUAGES } from "../src/ivr/prompts.ts";

// npx tsx sounds/make.ts [--all]: speaks our own prompts into sounds/<language>/<name>.wav, 8 kHz mono of 16 bits. Those that
// exist are kept unless --all is given: a site may have recorded better ones.

const folder = fileURLToPath(new URL(".", import.meta.url));
const isInstalled = !execaSync("espeak-ng", ["--version"], { reject: false }).failed;
if (!isInstalled && !existsSync(`${ROOTS}/asterisk/usr/bin/espeak-ng`))
  await provision("asterisk", console.log);

for (const [name, language] of Object.entries(LANGUAGES)) {
  mkdirSync(`${folder}${name}`, { recursive: true });
  for (const [key, prompt] of Object.entries(language.prompts)) {
    const file = `${folder}${name}/${key.slice("voxpost/".length)}.wav`;
    if (!prompt.ours || (existsSync(file) && !process.argv.includes("--all"))) continue;
    writeWav(file, sayText(prompt.words, name === "en" ? "en-us" : name));
    console.log(file);
  }
}
