// The right: what is really there, and buttons to break it.

import { attempt, post } from "./api.js";
import { fill, h, icon, toast } from "./dom.js";
import { ago } from "./mrkdwn.js";
import { now, on, readState, store } from "./store.js";

const root = document.getElementById("world");
/** The most rows that each table ever had: what is missing shows in red, over a reload too. */
const peaks = new Map(JSON.parse(sessionStorage.getItem("peaks") || "[]"));
let built = null;
const keys = new Map();

on("state online", draw);
on("calls", drawCalls);

const number = new Intl.NumberFormat("en-US");
const GOOD = new Set(["available", "succeeded", "done", "active", "completed", "verified", "resolved"]);
const BAD = new Set(["does not answer", "triggered", "halted", "failed", "stopped", "deleting", "storage-full", "unreachable", "down", "stuck", "error"]);
const tone = (status) => (GOOD.has(String(status).toLowerCase()) ? "good" : BAD.has(String(status).toLowerCase()) ? "bad" : "busy");
const badge = (status) => h("span", { class: `status ${tone(status)}`, "data-testid": "status" }, status);

function build() {
  const part = (name, title, open = true) => {
    const body = h("div", { class: "part-body" });
    const count = h("span", { class: "part-count" });
    const details = h("details", { class: "part", open, "data-testid": `part-${name}` }, h("summary", {}, icon("chevron", 14), title, count), body);
    return { details, body, count };
  };
  built = { clock: h("div", { class: "clock" }), services: part("services", "Services"), databases: part("databases", "Databases"), points: part("points", "Recovery points"), runs: part("runs", "Runs"), dns: part("dns", "DNS answers"), faults: part("faults", "Faults"), outboxes: part("outboxes", "Outboxes", false), calls: part("calls", "AWS and Slack calls") };
  const parts = Object.values(built).filter((one) => one.details).map((one) => one.details);
  fill(root, h("header", { class: "heading" }, h("h1", {}, icon("globe", 18), "The world"), h("span", { class: "grow" }), h("button", { class: "icon-button only-narrow", "aria-label": "Close", onclick: () => document.body.classList.remove("show-world") }, icon("close"))), h("div", { class: "world-scroll" }, built.clock, parts));
  drawClock();
  setInterval(tick, 250);
}

/** Draws a part again only if what it shows changed, so that a button is not taken away from under the pointer. */
function part(name, data, children) {
  const key = JSON.stringify(data);
  if (keys.get(name) === key) return;
  keys.set(name, key);
  fill(built[name].body, children());
}

function draw() {
  const { state } = store;
  if (!state) return;
  if (!built) build();
  const { databases = [], services = [], recovery_points: points = [], dns = [], runs = [] } = state.world;
  const nothing = (text) => h("p", { class: "nothing" }, text);
  // The restorable time moves all the while: it is written in place, so that the cards stay under the pointer.
  const cards = databases.map((one) => ({ ...one, broken: broken.get(`${one.region}/${one.instance}`), latest_restorable_time: Boolean(one.latest_restorable_time) }));
  part("databases", cards, () => (databases.length ? databases.map(database) : nothing("No databases")));
  for (const one of databases) {
    const shown = built.databases.body.querySelector(`[data-restorable="${CSS.escape(one.instance)}"]`);
    if (shown && one.latest_restorable_time) shown.textContent = `${one.latest_restorable_time.slice(11, 19)} UTC`;
  }
  part("services", services, () => services.map(service));
  built.services.details.hidden = services.length === 0;
  part("points", [points, Math.floor(now() / 60_000)], () => (points.length ? points.slice(0, 8).map(point) : nothing("None yet")));
  part("runs", [runs, Math.floor(now() / 60_000)], () => (runs.length ? runs.slice(0, 6).map(run) : nothing("None yet")));
  part("dns", dns, () => (dns.length ? dns.map(answer) : nothing("No names")));
  part("faults", state.faults, () => [state.faults.map(fault), faultForm()]);
  drawOutboxes(state.outboxes);
  const counts = { databases: databases.length, services: services.length, points: points.length, runs: runs.length, dns: dns.length, faults: state.faults.length };
  for (const [name, count] of Object.entries(counts)) fill(built[name].count, count ? String(count) : "");
  built.faults.details.classList.toggle("armed", state.faults.length > 0);
  drawClock();
}

// The clock.

function drawClock() {
  if (!store.state) return;
  const scale = store.state.clock.scale;
  if (built.clock.dataset.scale === String(scale)) return;
  built.clock.dataset.scale = String(scale);
  const set = (body) => () => attempt(async () => (await post("/local/clock", body), readState()));
  const scales = [0, 1, 10, 60, 600].map((factor) => h("button", { type: "button", class: "chip", "aria-pressed": factor === scale, "data-testid": `scale-${factor}`, onclick: set({ scale: factor }), title: factor ? `${factor} seconds each second` : "Stop the clock" }, factor ? `×${factor}` : "❚❚"));
  const jumps = [["+1 min", 60], ["+15 min", 900], ["+1 h", 3600], ["+1 d", 86_400]].map(([text, seconds]) => h("button", { type: "button", class: "chip", "data-testid": `advance-${seconds}`, onclick: set({ advance_s: seconds }) }, text));
  fill(built.clock, h("div", { class: "time", "data-testid": "clock" }, h("b", {}, ""), h("span", {}, "")), h("div", { class: "chips" }, scales), h("div", { class: "chips" }, jumps));
  tick();
}

function tick() {
  const iso = new Date(now()).toISOString();
  const [day, clock] = iso.split("T");
  const [big, small] = built.clock.querySelector(".time")?.children || [];
  if (!big) return;
  big.textContent = clock.slice(0, 8);
  small.textContent = `${day} UTC`;
}

// Databases.

function wordsFor(what, one, told) {
  const rows = told?.rows === undefined || told.rows === null ? "rows" : `${number.format(told.rows)} rows`;
  if (what === "delete_rows") return `Deleted ${rows}${told?.table ? ` of ${told.table}` : ""} in ${one.instance}.`;
  if (what === "drop_table") return `Dropped ${told?.table || "a table"} in ${one.instance}.`;
  return `Killed the server of ${one.instance}.`;
}

/** What was broken from here: the panel keeps the last moment when all was well, which a restore wants to know, over a reload too. */
const broken = new Map(JSON.parse(sessionStorage.getItem("broken") || "[]"));

function database(one) {
  const target = `${one.region}/${one.instance}`;
  const destroy = (what) => attempt(async () => {
    const told = await post("/local/break", { what, target });
    if (told?.before) {
      broken.set(target, told);
      sessionStorage.setItem("broken", JSON.stringify([...broken]));
    }
    toast(wordsFor(what, one, told), "ok");
    await readState();
  });
  const tables = (one.tables || []).map((table) => tableRow(one, table));
  const empty = tables.length === 0;
  const last = broken.get(target);
  return h(
    "section",
    { class: "database", "data-testid": `database-${one.instance}` },
    h("header", {}, h("b", { class: "db-name" }, one.instance), badge(one.status)),
    one.reached && h("div", { class: "reached", "data-testid": "reached", title: "The secret or name that applications follow leads here" }, icon("bolt", 13), "Applications come here"),
    one.follows && h("div", { class: "endpoint" }, `follows ${one.follows}`),
    h("div", { class: "endpoint", title: one.endpoint }, [one.region, one.endpoint].filter(Boolean).join(" · ")),
    tables.length > 0 && h("div", { class: "tables" }, tables),
    one.latest_restorable_time && h("div", { class: "restorable" }, "Restorable to ", h("time", { "data-restorable": one.instance }, `${one.latest_restorable_time.slice(11, 19)} UTC`)),
    last && h("div", { class: "last-good", "data-testid": `last-good-${one.instance}` }, "All was well until ", h("time", { datetime: last.before }, `${last.before.slice(11, 19)} UTC`)),
    h("div", { class: "breakers" }, breaker("Delete rows", "delete-rows", one, () => destroy("delete_rows"), empty), breaker("Drop a table", "drop-table", one, () => destroy("drop_table"), empty), breaker("Kill the primary", "kill-primary", one, () => destroy("kill_primary"), false)),
  );
}

function tableRow(one, table) {
  const key = `${one.instance}/${table.name}`;
  const peak = Math.max(peaks.get(key) || 0, table.rows);
  if (peak !== peaks.get(key)) {
    peaks.set(key, peak);
    sessionStorage.setItem("peaks", JSON.stringify([...peaks]));
  }
  const lost = peak - table.rows;
  const bar = h("i");
  bar.style.width = `${peak ? Math.max(table.rows ? 2 : 0, (100 * table.rows) / peak) : 0}%`;
  return h("div", { class: `table${lost ? " lost" : ""}`, "data-testid": `table-${table.name}` }, h("span", {}, table.name), h("span", { class: "rows", "data-testid": "rows", "data-rows": table.rows }, lost > 0 && h("em", {}, `−${number.format(lost)}`), number.format(table.rows)), h("span", { class: "bar" }, bar));
}

const armed = new Map();

/** Breaking takes two clicks: the second within four seconds, even if the card was drawn again meanwhile. */
function breaker(text, testid, one, go, disabled) {
  const key = `${testid}-${one.instance}`;
  const button = h("button", { type: "button", class: "break", disabled, "data-testid": key }, text);
  const isArmed = () => (armed.get(key) || 0) > Date.now();
  const show = () => {
    button.textContent = isArmed() ? "Sure?" : text;
    button.classList.toggle("armed", isArmed());
    if (isArmed()) setTimeout(show, armed.get(key) - Date.now() + 20);
  };
  show();
  button.addEventListener("click", async () => {
    if (!isArmed()) {
      armed.set(key, Date.now() + 4000);
      show();
      return;
    }
    armed.delete(key);
    button.classList.remove("armed");
    button.textContent = "…";
    button.disabled = true;
    await go();
    button.disabled = false;
    button.textContent = text;
  });
  return button;
}

// The lists.

const line = (testid, ...children) => h("div", { class: "line", "data-testid": testid }, children);

function point(one) {
  const taken = one.taken_at && Date.parse(one.taken_at);
  return line("recovery-point", h("span", { class: "line-main", title: one.id }, one.id), h("span", { class: "line-sub" }, [one.source, one.kind, taken && ago(taken)].filter(Boolean).join(" · ")), one.status && badge(one.status));
}

function run(one) {
  const started = one.started_at && Date.parse(one.started_at);
  const state = one.status || (typeof one.state === "string" ? one.state : Object.keys(one.state || {})[0]);
  return line("run", h("span", { class: "line-main", title: one.id }, one.title || one.id), h("span", { class: "line-sub" }, [one.title && one.id, one.step, started && ago(started)].filter(Boolean).join(" · ")), state && badge(state.replaceAll("_", " ")));
}

/** A service, and for each of its names the site that answers there now. */
function service(one) {
  const name = (led) =>
    h("div", { class: "led", "data-testid": `name-${led.name}`, title: `${led.kind} ${led.answers.join(", ")}` }, h("span", { class: "mono" }, led.name), h("span", { class: `status ${led.site ? (led.home ? "good" : "away") : "bad"}`, "data-testid": "site" }, led.site ? `${led.site}${led.home ? "" : " (away)"}` : "neither site"), h("span", { class: "line-sub mono" }, led.answers.join(" → ") || "no answer"));
  return h("section", { class: "service", "data-testid": `service-${one.service}` }, h("b", {}, one.service), one.names.map(name));
}

const answer = (one) => line("dns", h("span", { class: "line-main mono" }, one.name), h("span", { class: "line-sub mono" }, `${one.kind} ${one.answers.join(", ") || "no answer"}`));

function fault({ id, rule }) {
  const what = [rule.service || "any service", rule.operation, rule.region].filter(Boolean).join(" ");
  const how = [rule.effect.replace("_", " "), rule.code, rule.nth && `call ${rule.nth}`, rule.ms && `${rule.ms} ms`].filter(Boolean).join(" · ");
  const remove = () => attempt(async () => (await post(`/local/faults/${id}`, undefined, "DELETE"), readState()));
  return h("div", { class: "line", "data-testid": "fault" }, h("span", { class: "line-main" }, what), h("span", { class: "line-sub" }, how), h("button", { type: "button", class: "icon-button small", "aria-label": "Remove", title: "Remove", onclick: remove, "data-testid": `remove-fault-${id}` }, icon("trash", 15)));
}

function faultForm() {
  const service = h("select", { "aria-label": "Service" }, ["rds", "slack", "dynamodb", "states", "s3", "secretsmanager", "lambda", "route53"].map((name) => h("option", {}, name)));
  const operation = h("input", { placeholder: "any operation", "aria-label": "Operation", spellcheck: "false" });
  const effect = h("select", { "aria-label": "Effect" }, ["error", "throttle", "delay", "hang", "lost_answer", "stale"].map((name) => h("option", { value: name }, name.replace("_", " "))));
  const add = (event) => {
    event.preventDefault();
    attempt(async () => (await post("/local/faults", { service: service.value, operation: operation.value.trim() || undefined, effect: effect.value }), readState()));
  };
  return h("form", { class: "fault-form", onsubmit: add, "data-testid": "fault-form" }, service, operation, effect, h("button", { type: "submit", class: "chip" }, "Add"));
}

const BOXES = [["pages", "PagerDuty"], ["sms", "Text messages and calls"], ["email", "Email"], ["statuspage", "Status page"]];
let arrived = 0;

function drawOutboxes(outboxes) {
  const all = BOXES.flatMap(([name]) => outboxes?.[name] || []).length;
  fill(built.outboxes.count, all ? String(all) : "");
  // What arrives is shown at once; whoever closed it is asked again only by news.
  if (all > arrived) built.outboxes.details.open = true;
  arrived = all;
  const boxes = BOXES.filter(([name]) => outboxes?.[name]?.length);
  part("outboxes", outboxes, () => (boxes.length ? boxes.map(([name, title]) => outbox(name, title, outboxes[name])) : h("p", { class: "nothing" }, "Nothing has left for PagerDuty, telephones or mailboxes")));
}

function outbox(name, title, letters) {
  const newest = letters.slice(-6).reverse();
  const hidden = letters.length - newest.length;
  return h("div", { class: "outbox", "data-testid": `outbox-${name}` }, h("b", {}, title, " ", h("span", { class: "part-count" }, letters.length)), newest.map((one) => letter(name, one)), hidden > 0 && h("p", { class: "nothing" }, `${hidden} older`));
}

/** What left for somebody outside of Slack, and what a human does there: in PagerDuty with an incident, on a phone with a code. */
function letter(name, one) {
  const does = (title, deed) => h("button", { type: "button", class: "chip", onclick: () => attempt(async () => (await post("/local/act", deed), readState())) }, title);
  const code = name === "sms" && one.kind === "sms" && /ACK (\d{4})/.exec(one.text || "")?.[1];
  const answers = [
    name === "pages" && one.status === "triggered" && does("Acknowledge", { do: "pagerduty_ack", key: one.dedup_key, by: "Somebody" }),
    name === "pages" && one.status === "acknowledged" && does("Resolve", { do: "pagerduty_resolve", key: one.dedup_key, by: "Somebody" }),
    code && does(`Reply ACK ${code}`, { do: "sms_reply", from: one.to, text: `ACK ${code}` }),
  ];
  const whom = [name === "sms" && (one.kind === "call" ? "call" : "text"), [one.to].flat().join(", ")].filter(Boolean).join(" to ");
  const text = one.summary || one.subject || one.text || one.message || one.body || JSON.stringify(one);
  return h("div", { class: "letter", "data-testid": "letter" }, one.status && badge(one.status), whom && h("span", { class: "line-sub" }, whom), h("p", {}, text), answers);
}

function drawCalls() {
  if (!built) return;
  const last = store.calls.slice(-40).reverse();
  fill(built.calls.count, store.calls.length ? String(store.calls.at(-1).offset + 1) : "");
  const row = (call) => {
    const status = call.status ?? "—";
    const bad = call.fault || !call.status || call.status >= 400;
    return h("div", { class: `call${bad ? " bad" : ""}`, title: call.request }, h("time", {}, call.at.slice(11, 19)), h("span", { class: "call-service" }, call.service), h("span", { class: "call-operation" }, call.operation), h("span", { class: "call-status" }, call.fault ? call.fault.effect.replace("_", " ") : status));
  };
  fill(built.calls.body, last.length ? last.map(row) : h("p", { class: "nothing" }, "None yet"));
}
