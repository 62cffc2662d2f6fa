// What the page knows, and who wants to hear of it.

import { get } from "./api.js";

const listeners = new Map();

export const store = {
  seq: 0,
  me: null,
  /** {kind: "channel", id} or {kind: "app", tab: "home" | "messages"} */
  place: null,
  thread: null,
  /** The message that a link has led to, by its timestamp. */
  linked: null,
  people: new Map(),
  channels: new Map(),
  messages: new Map(),
  views: new Map(),
  state: null,
  calls: [],
  clockSeen: performance.now(),
  online: true,
};

export function on(topics, listener) {
  for (const topic of topics.split(" ")) listeners.set(topic, [...(listeners.get(topic) || []), listener]);
}

const waiting = new Set();

/** Tells listeners once a frame, however often something changes. */
export function tell(...topics) {
  if (waiting.size === 0) {
    queueMicrotask(() => {
      const all = [...waiting];
      waiting.clear();
      const called = new Set();
      for (const topic of all) for (const listener of listeners.get(topic) || []) if (!called.has(listener)) called.add(listener), listener();
    });
  }
  for (const topic of topics) waiting.add(topic);
}

export const person = (id) => store.people.get(id) || (id === "USLACKBOT" ? { id, name: "slackbot", real_name: "Slackbot" } : { id, name: id, real_name: id });
export const me = () => person(store.me);
export const botId = () => store.state?.slack.bot_user_id;
export const isMine = (channel) => !channel.im_with || channel.im_with === store.me;
export const myDirect = () => [...store.channels.values()].find((channel) => channel.im_with === store.me);

/** Where messages are shown now. */
export function currentChannel() {
  if (store.place?.kind === "channel") return store.channels.get(store.place.id);
  return store.place?.tab === "messages" ? myDirect() : undefined;
}

const visible = (message) => !message.deleted && (!message.ephemeral || message.visible_to === store.me);

export function messagesOf(channelId) {
  const all = [...(store.messages.get(channelId)?.values() || [])].filter(visible);
  return all.sort((one, other) => (one.ts < other.ts ? -1 : 1));
}

export const inChannel = (message) => !message.thread_ts || message.thread_ts === message.ts || message.subtype === "thread_broadcast";
export const repliesTo = (channelId, ts) => messagesOf(channelId).filter((message) => message.thread_ts === ts && message.ts !== ts);
export const openViews = () => [...store.views.values()].filter((view) => view.open && view.type === "modal" && view.user === store.me);
export const home = () => [...store.views.values()].find((view) => view.type === "home" && view.user === store.me);

/** The stack's time in milliseconds, running on between two readings. */
export function now() {
  const clock = store.state?.clock;
  if (!clock) return Date.now();
  return Date.parse(clock.now) + (performance.now() - store.clockSeen) * clock.scale;
}

// What was read, for each person and channel.
const read = JSON.parse(localStorage.getItem("read") || "{}");
export function markRead(channelId) {
  const last = messagesOf(channelId).at(-1)?.ts;
  if (!last || read[`${store.me} ${channelId}`] === last) return;
  read[`${store.me} ${channelId}`] = last;
  localStorage.setItem("read", JSON.stringify(read));
  tell("sidebar");
}
export function unread(channelId) {
  const last = read[`${store.me} ${channelId}`] || "";
  return messagesOf(channelId).filter((message) => message.ts > last && message.user !== store.me && inChannel(message)).length;
}

function take(changes) {
  if (changes.whole) for (const kept of [store.messages, store.views, store.channels, store.people]) kept.clear();
  store.seq = changes.seq;
  for (const one of changes.people) store.people.set(one.id, one);
  for (const one of changes.channels) store.channels.set(one.id, one);
  for (const one of changes.messages) {
    if (!store.messages.has(one.channel)) store.messages.set(one.channel, new Map());
    store.messages.get(one.channel).set(one.ts, one);
  }
  for (const one of changes.views) store.views.set(one.id, one);
  const topics = [];
  if (changes.people.length || changes.channels.length || changes.whole) topics.push("people");
  if (changes.messages.length) topics.push("messages");
  if (changes.views.length) topics.push("views");
  if (topics.length) tell(...topics);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function setOnline(online) {
  if (store.online !== online) (store.online = online), tell("online");
}

export async function readState() {
  store.state = await get("/local/state");
  store.clockSeen = performance.now();
  tell("state");
}

export async function start() {
  await readState();
  take(await get("/local/changes?since=0"));
  follow(async () => take(await get(`/local/changes?since=${store.seq}`)), 0);
  follow(readState, 2000);
  follow(readCalls, 2000);
}

async function readCalls() {
  const news = await get(`/local/calls?since=${store.calls.length ? store.calls.at(-1).offset + 1 : 0}`).catch(() => []);
  if (!Array.isArray(news) || !news.length) return;
  store.calls = [...store.calls, ...news].slice(-200);
  tell("calls");
}

async function follow(work, every) {
  for (;;) {
    try {
      if (every) await pause(document.hidden ? every * 5 : every);
      await work();
      setOnline(true);
    } catch {
      setOnline(false);
      await pause(1500);
    }
  }
}
