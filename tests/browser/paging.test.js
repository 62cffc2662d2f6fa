// Somebody is woken: from the command in Slack to a telephone and PagerDuty, level by level, until a human acknowledges.

import assert from "node:assert/strict";
import { test } from "node:test";

import { openStage } from "./stage.js";

const stage = openStage();
const CAROL = "+15550103";

test("a page wakes who is on call, then the next level, until somebody answers from their phone", { timeout: 180_000 }, async () => {
  const person = await stage.enter();
  const outbox = (name) => person.panel.getByTestId(`outbox-${name}`);
  const texts = (to) => outbox("sms").getByTestId("letter").filter({ hasText: `text to ${to}` });
  assert.equal(await outbox("pages").count() + (await outbox("sms").count()), 0, "nobody was woken yet");

  await person.types('/dr page "the shop can\'t be reached"');
  const headline = person.message("the shop can't be reached").filter({ has: person.page.getByTestId("action-ack") });
  await headline.waitFor();
  const incident = outbox("pages").getByTestId("letter");
  await incident.filter({ hasText: "triggered" }).filter({ hasText: "the shop can't be reached" }).waitFor();
  await outbox("sms").getByTestId("letter").filter({ hasText: /MAYDAY SEV1: the shop can't be reached. Reply ACK \d{4}/ }).waitFor();
  assert.equal(await texts(CAROL).count(), 0, "the second level sleeps");

  // Nobody acknowledges: after five minutes the databases' people are woken too.
  await person.presses("+15 min", person.panel);
  await texts(CAROL).waitFor({ timeout: 90_000 });
  assert.equal(await incident.count(), 1, "it stays one incident");

  await person.presses(/^Reply ACK/, texts(CAROL));
  const owned = person.message("the shop can't be reached").filter({ hasText: "@Carol has it" });
  await owned.first().waitFor({ timeout: 60_000 });
  await incident.filter({ hasText: "acknowledged" }).waitFor({ timeout: 90_000 });
  assert.equal(await person.page.getByTestId("action-ack").count(), 0, "nobody is asked to acknowledge any more");
  await person.close();
});

test("who may only look wakes nobody", { timeout: 60_000 }, async () => {
  const person = await stage.enter();
  const before = (await stage.state()).outboxes;
  await person.becomes("Dave");
  await person.types('/dr page "I am bored"');
  await person.message("Only visible to you").filter({ hasText: /may not/ }).waitFor();
  const { pages, sms } = (await stage.state()).outboxes;
  assert.deepEqual([pages.length, sms.length], [before.pages.length, before.sms.length]);
  await person.close();
});
