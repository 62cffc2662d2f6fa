// The stack's own paths. `act` does what a person does; its news come back through the changes, not through its answer.

import { toast } from "./dom.js";
import { store } from "./store.js";

export async function get(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function post(path, body, method = "POST") {
  const answer = await fetch(path, { method, headers: { "content-type": "application/json" }, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  let told = null;
  try {
    told = text ? JSON.parse(text) : null;
  } catch {
    told = { error: text };
  }
  if (!answer.ok) throw new Error(told?.error || `${path}: ${answer.status}`);
  return told;
}

/** Whether it worked; a failure is told in a toast. */
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return null;
  }
}

export function act(deed, details) {
  return attempt(async () => {
    const outcome = await post("/local/act", { as: store.me, do: deed, settle_ms: 0, ...details });
    const told = deed === "command" || deed === "submit";
    if (outcome.error && !told) toast(`Mayday did not answer: ${outcome.error}`);
    return outcome;
  });
}
