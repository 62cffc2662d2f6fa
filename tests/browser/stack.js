// A local stack of its own for a test: started, asked and ended here.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const binary = process.env.MAYDAY_BINARY || join(process.env.CARGO_TARGET_DIR || join(root, "target"), "debug", "mayday");

/** Starts `mayday local` over a new data directory and resolves when it is ready: {url, stop}. */
export async function startStack() {
  const data = await mkdtemp(join(tmpdir(), "mayday-browser-"));
  const child = spawn(binary, ["local", "--port", "0", "--data", data], { stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  child.stderr.on("data", (part) => (words = (words + part).slice(-4000)));
  const ended = new Promise((done) => child.once("close", done));
  const url = await new Promise((ready, fail) => {
    createInterface(child.stdout).on("line", (line) => line.startsWith("ready ") && ready(line.slice(6).trim()));
    child.once("error", (error) => fail(new Error(`${binary} did not start: ${error.message}`)));
    ended.then((code) => fail(new Error(`the stack ended with ${code} before it was ready:\n${words}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(data, { recursive: true, force: true });
  };
  return { url, stop };
}
