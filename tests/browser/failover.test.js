// A planned failover and failback of a service, as people see it: a command, a card, somebody else's approval, steps that count up,
// done; and what the names answer before, between and after, asked of the stack's own name server.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promises as dns } from "node:dns";
import { test } from "node:test";
import { promisify } from "node:util";

import { openStage } from "./stage.js";

const stage = openStage();
const run = promisify(execFile);

const WWW = "www.shop.example.com";
const API = "api.shop.example.com";
const HOME = { site: "ireland", www: "ireland.shop.example.com", api: "192.0.2.10", badge: "ireland" };
const AWAY = { site: "frankfurt", www: "frankfurt.shop.example.com", api: "198.51.100.10", badge: "frankfurt (away)" };

/** What a name answers by `dig`; nothing where the machine has none. */
async function dug(port, name, kind) {
  const asked = await run("dig", ["@127.0.0.1", "-p", port, "+short", "+time=5", name, kind]).catch((error) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  return asked?.stdout.trim().split("\n").map((line) => line.replace(/\.$/, ""));
}

/** Both names lead to this site: by the name server's own answers, and by what the panel shows. */
async function leads(person, to) {
  const { dns_port: port } = await stage.state();
  const resolver = new dns.Resolver();
  resolver.setServers([`127.0.0.1:${port}`]);
  assert.deepEqual(await resolver.resolveCname(WWW), [to.www]);
  assert.deepEqual(await resolver.resolve4(API), [to.api]);
  const [www, api] = [await dug(port, WWW, "CNAME"), await dug(port, API, "A")];
  if (www) assert.deepEqual([www, api], [[to.www], [to.api]], "dig says the same");
  else console.log("dig is not installed: names were asked by Node's resolver alone");
  for (const name of [WWW, API]) {
    await person.panel.getByTestId(`name-${name}`).getByTestId("site").filter({ hasText: to.badge }).waitFor();
  }
}

/** Ana asks, Bob approves, and the one message counts up until the report is there. */
async function carriedOut(person, command, done) {
  await person.becomes("Ana");
  await person.types(command);
  const card = person.message("Waits for approval").filter({ has: person.page.getByTestId("action-approve") });
  await card.waitFor();
  const words = await card.innerText();
  for (const name of [WWW, API]) assert.ok(words.includes(name), `the card names ${name}`);

  await person.presses(/^Approve/, card);
  await person.message("You asked for this, so your approval does not count").last().waitFor();
  await leads(person, command.includes("failback") ? AWAY : HOME);

  const headlines = person.message(/details by \/dr why r-/);
  const before = await headlines.count();
  await person.becomes("Bob");
  assert.match(await person.approves(card), /shop/);
  const headline = headlines.nth(before);
  await headline.waitFor();
  const seen = await person.watches(headline);
  const report = person.message(done);
  await report.waitFor({ timeout: 180_000 });
  const counts = (await seen()).map((text) => text.match(/✅ \d+\./g)?.length ?? 0);
  assert.ok(counts.length >= 3, `the one message was edited while one watched: ${counts}`);
  assert.deepEqual(counts, [...counts].sort((one, other) => one - other), "it only counts up");
  return report;
}

test("a service is led to its other site and back home, and the names follow", { timeout: 420_000 }, async () => {
  const person = await stage.enter();
  await leads(person, HOME);
  const reached = (instance) => person.database(instance).getByTestId("reached");
  await reached("inventory-production").waitFor();
  assert.equal(await reached("inventory-standby").count(), 0, "nobody comes to the standby yet");

  await carriedOut(person, "/dr failover shop --reason \"the region is degraded\"", "Done: Fail shop over");
  await leads(person, AWAY);
  await reached("inventory-standby").waitFor();
  await reached("inventory-production").waitFor({ state: "detached" });

  await carriedOut(person, "/dr failback shop", "Done: Fail shop back");
  await leads(person, HOME);
  // A fresh instance at home: what served before has gone its own way.
  await person.instances().filter({ has: person.page.getByTestId("reached") }).filter({ hasText: "eu-west-1" }).waitFor();
  await reached("inventory-standby").waitFor({ state: "detached" });
  await person.close();
});
