// A formwork server on a configuration directory of its own, and Chromium to look at it.
//
// FORMWORK names the binary (default `target/debug/formwork`), CHROMIUM the browser (default `chromium` on the path).
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
export const binary = process.env.FORMWORK ?? join(root, "target", "debug", "formwork");
const browserPath = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Starts `formwork serve` with these arguments on a copy of the example directory; `configs` is the copy. */
export async function serve(...args) {
  const directory = mkdtempSync(join(tmpdir(), "formwork-browser-"));
  const configs = join(directory, "configs");
  cpSync(join(root, "configs"), configs, { recursive: true });
  const process_ = spawn(
    binary,
    ["--configs", configs, "serve", "--listen", "127.0.0.1:0", "--database", `sqlite:${join(directory, "test.db")}`, ...args],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  const url = await new Promise((resolve, reject) => {
    process_.once("exit", (code) => reject(new Error(`formwork ended with ${code}: ${said}`)));
    process_.stderr.setEncoding("utf8");
    process_.stderr.on("data", (text) => {
      said += text;
      const address = said.match(/serves \d+ forms? on (http:\/\/\S+)/);
      if (address) resolve(address[1]);
    });
  });
  const stop = async () => {
    const ended = new Promise((resolve) => process_.once("exit", resolve));
    process_.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  return { url, configs, directory, said: () => said, stop };
}

/** Starts headless Chromium, which looks nothing up by itself, with further options of Playwright. */
export function browser(options = {}) {
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: browserPath, args, ...options });
}
