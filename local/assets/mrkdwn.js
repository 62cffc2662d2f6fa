// Slack's mrkdwn into nodes: https://docs.slack.dev/messaging/formatting-message-text

import { h } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { me, now, person, store } from "./store.js";

const decode = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** A text object of Block Kit. */
export function textObject(object, { block = true } = {}) {
  if (!object) return [];
  if (object.type === "mrkdwn") return block ? mrkdwn(object.text, object.verbatim) : inline(object.text, object.verbatim);
  return withEmoji(object.text ?? "");
}

/** A whole mrkdwn text: code blocks, quotes, lines. */
export function mrkdwn(text, verbatim = false) {
  const nodes = [];
  for (const [index, part] of String(text ?? "").split(/```\n?([\s\S]*?)\n?```/).entries()) {
    if (index % 2) nodes.push(h("pre", { class: "pre" }, decode(unlink(part))));
    else if (part) nodes.push(...paragraphs(index ? part.replace(/^\n/, "") : part, verbatim));
  }
  return nodes;
}

// Code shows links as they were typed.
const unlink = (text) => text.replace(/<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>/g, (_, url, label) => label || url);

function paragraphs(text, verbatim) {
  const nodes = [];
  let quote = null;
  for (const line of text.split("\n")) {
    const quoted = line.match(/^(?:&gt;|>)\s?(.*)$/);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote", { class: "quote" })));
      else quote.append(h("br"));
      quote.append(...inline(quoted[1], verbatim));
    } else {
      if (nodes.length && !quote && nodes.at(-1).nodeName !== "PRE") nodes.push(h("br"));
      quote = null;
      nodes.push(...inline(line, verbatim), document.createTextNode(""));
    }
  }
  while (nodes.at(-1)?.nodeName === "BR" || nodes.at(-1)?.textContent === "") nodes.pop();
  return nodes;
}

const TOKEN = /`([^`\n]+)`|<([^<>\n]+)>|\*([^*\n]+)\*|_([^_\n]+)_|~([^~\n]+)~|:([a-z0-9_+'-]+):(?::skin-tone-\d:)?|(https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)\]'"])/gi;

function inline(text, verbatim) {
  const nodes = [];
  let from = 0;
  TOKEN.lastIndex = 0;
  for (let match; (match = TOKEN.exec(text)); ) {
    const node = token(match, text, verbatim);
    // A sign in the middle of a word is only a sign: look again right behind it.
    if (!node) {
      TOKEN.lastIndex = match.index + 1;
      continue;
    }
    const end = match.index + match[0].length;
    nodes.push(...plain(text.slice(from, match.index)), ...node);
    from = end;
    TOKEN.lastIndex = end;
  }
  nodes.push(...plain(text.slice(from)));
  return nodes;
}

const plain = (text) => (text ? [document.createTextNode(decode(text))] : []);

function token(match, text, verbatim) {
  const [whole, code, angle, bold, italic, strike, emoji, url] = match;
  if (code) return [h("code", { class: "code" }, decode(unlink(code)))];
  if (angle) return special(angle);
  if (emoji) return EMOJI.has(emoji) ? [h("span", { class: "emoji", title: `:${emoji}:` }, EMOJI.get(emoji))] : null;
  if (url) return verbatim ? null : [link(decode(url), decode(url))];
  const before = text[match.index - 1] ?? " ";
  const after = text[match.index + whole.length] ?? " ";
  const inner = bold || italic || strike;
  if (/[\p{L}\p{N}]/u.test(before) || /[\p{L}\p{N}]/u.test(after) || /^\s|\s$/.test(inner)) return null;
  return nest(bold ? "strong" : italic ? "em" : "s", inner, verbatim);
}

function nest(tag, inner, verbatim) {
  const keep = TOKEN.lastIndex;
  const node = h(tag, {}, inline(inner, verbatim));
  TOKEN.lastIndex = keep;
  return [node];
}

function link(url, label) {
  if (!/^(https?:|mailto:|tel:)/i.test(url)) return document.createTextNode(label);
  // A message of this workspace opens here, anything else beside it.
  const inside = url.startsWith(`${location.origin}/archives/`);
  return h("a", { href: url, target: inside ? undefined : "_blank", rel: "noopener noreferrer", class: "link" }, label);
}

function special(inside) {
  const [target, label] = inside.split(/\|(.*)/s);
  if (target.startsWith("@")) {
    const known = person(target.slice(1));
    const mine = known.id === store.me ? " mine" : "";
    return [h("span", { class: `mention${mine}`, title: known.real_name }, `@${known.real_name || known.name}`)];
  }
  if (target.startsWith("#")) {
    const channel = store.channels.get(target.slice(1));
    return [h("a", { class: "mention", href: `#/c/${target.slice(1)}` }, `#${channel?.name || label || target.slice(1)}`)];
  }
  if (target.startsWith("!date^")) return [date(target, label)];
  if (target.startsWith("!subteam^")) return [h("span", { class: "mention" }, label || "@group")];
  if (target.startsWith("!")) return [h("span", { class: "mention broadcast" }, `@${decode(label || target.slice(1))}`)];
  return [link(decode(target), decode(label || target.replace(/^mailto:/, "")))];
}

function date(target, fallback) {
  const [, seconds, format, url] = target.split("^");
  const at = Number(seconds) * 1000;
  if (!Number.isFinite(at)) return document.createTextNode(decode(fallback || ""));
  const text = (format || "{date_short_pretty} {time}").replace(/\{(\w+)\}/g, (whole, name) => dateToken(name, at) ?? whole);
  const element = h("time", { datetime: new Date(at).toISOString(), title: `${new Date(at).toISOString().replace("T", " ").replace(".000Z", "")} UTC`, class: "date" }, text);
  return url ? h("a", { href: url, target: "_blank", rel: "noopener noreferrer", class: "link" }, element) : element;
}

export const zone = () => {
  try {
    const name = me()?.tz || "Etc/UTC";
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name;
  } catch {
    return "Etc/UTC";
  }
};

const shown = (at, options) => new Intl.DateTimeFormat("en-US", { timeZone: zone(), ...options }).format(at);
export const dayKey = (at) => shown(at, { year: "numeric", month: "2-digit", day: "2-digit" });
export const time = (at, seconds = false) => shown(at, { hour: "numeric", minute: "2-digit", second: seconds ? "2-digit" : undefined, hour12: false, hourCycle: "h23" });

function pretty(at, otherwise) {
  const day = 86_400_000;
  if (dayKey(at) === dayKey(now())) return "today";
  if (dayKey(at) === dayKey(now() - day)) return "yesterday";
  if (dayKey(at) === dayKey(now() + day)) return "tomorrow";
  return otherwise;
}

function dateToken(name, at) {
  const long = () => shown(at, { weekday: "long", month: "long", day: "numeric", year: "numeric" });
  const middle = () => shown(at, { month: "long", day: "numeric", year: "numeric" });
  const short = () => shown(at, { month: "short", day: "numeric", year: "numeric" });
  switch (name) {
    case "date_num":
      return shown(at, { year: "numeric" }) + "-" + shown(at, { month: "2-digit" }) + "-" + shown(at, { day: "2-digit" });
    case "date_slash":
      return shown(at, { year: "numeric", month: "2-digit", day: "2-digit" });
    case "date":
      return middle();
    case "date_short":
      return short();
    case "date_long":
      return long();
    case "date_pretty":
      return pretty(at, middle());
    case "date_short_pretty":
      return pretty(at, short());
    case "date_long_pretty":
      return pretty(at, long());
    case "time":
      return time(at);
    case "time_secs":
      return time(at, true);
    case "ago":
      return ago(at);
    default:
      return null;
  }
}

export function ago(at) {
  const seconds = Math.round((now() - at) / 1000);
  const size = Math.abs(seconds);
  const [count, unit] = size < 60 ? [size, "s"] : size < 3600 ? [Math.round(size / 60), "min"] : size < 86_400 ? [Math.round(size / 3600), "h"] : [Math.round(size / 86_400), "d"];
  return seconds < 0 ? `in ${count} ${unit}` : size < 5 ? "just now" : `${count} ${unit} ago`;
}

export function dayName(at) {
  const name = pretty(at, shown(at, { weekday: "long", month: "long", day: "numeric" }));
  return name[0].toUpperCase() + name.slice(1);
}

/** Plain text with its emoji. */
export function withEmoji(text) {
  const parts = String(text).split(/:([a-z0-9_+'-]+):/);
  return parts.map((part, index) => {
    if (index % 2 === 0) return document.createTextNode(part);
    return EMOJI.has(part) ? h("span", { class: "emoji" }, EMOJI.get(part)) : document.createTextNode(`:${part}:`);
  });
}
