import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { stalePages } from "../../scripts/docs.ts";

const PAGES = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  "lab/README.md",
  "config/asterisk/README.md",
];

function allPages(): string[] {
  const docs = readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => join("docs", path));
  return [...PAGES, ...docs];
}

test("pages that are written from the code say what the code says", async () => {
  expect(await stalePages(), "run `npm run docs`").toEqual([]);
});

test("links between pages lead somewhere", () => {
  const broken = allPages().flatMap((page) => {
    const links = [...readFileSync(page, "utf8").matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      ([, link = ""]) => link,
    );
    return links
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(normalize(join(dirname(page), link))))
      .map((link) => `${page}: ${link}`);
  });
  expect(broken).toEqual([]);
});

test("every dependency has its reason in docs/dependencies.md", () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as Record<
    string,
    Record<string, string>
  >;
  const page = readFileSync("docs/dependencies.md", "utf8");
  const unexplained = Object.keys({ ...dependencies, ...devDependencies }).filter(
    (name) => !name.startsWith("@types/") && !page.includes(name),
  );
  expect(unexplained).toEqual([]);
});

test("versions are pinned exactly, and the lock file names no server", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Record<string, Record<string, string>>;
  const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  );
  expect(loose).toEqual([]);
  expect(readFileSync("package-lock.json", "utf8")).not.toContain('"resolved"');
});
