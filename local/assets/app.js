// Starts the page: who acts, where one is, and the keys.

import { closeThread, go } from "./messages.js";
import { modalOpen } from "./modal.js";
import { channelsOfMine } from "./sidebar.js";
import { start, store, tell } from "./store.js";
import "./world.js";

function firstPerson() {
  const people = [...store.people.values()].filter((one) => !one.is_bot && !one.deleted);
  const wanted = new URLSearchParams(location.search).get("as") || localStorage.getItem("me");
  return (people.find((one) => one.id === wanted || one.name === wanted) || people[0])?.id;
}

/** The message that the address names, as a link in a list does. */
function linkedMessage() {
  const linked = location.pathname.match(/^\/archives\/[^/]+\/p(\d+)(\d{6})$/);
  return linked && `${linked[1]}.${linked[2]}`;
}

function placeFromHash() {
  const [, kind, id] = location.hash.split("/");
  const archive = location.pathname.match(/^\/archives\/([^/]+)/);
  if (archive && store.channels.has(archive[1])) return { kind: "channel", id: archive[1] };
  if (kind === "c" && store.channels.has(id)) return { kind: "channel", id };
  if (kind === "app") return { kind: "app", tab: id === "messages" ? "messages" : "home" };
  // The story takes place in the plan's channel, which the stack names so.
  const channels = channelsOfMine();
  return { kind: "channel", id: (channels.find((one) => one.name === "recovery") || channels[0])?.id };
}

addEventListener("hashchange", () => {
  const place = placeFromHash();
  if (JSON.stringify(place) !== JSON.stringify(store.place)) go(place);
});

addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("input,textarea,select");
  if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const all = channelsOfMine();
    const at = all.findIndex((one) => one.id === store.place?.id);
    const next = all[(at + (event.key === "ArrowDown" ? 1 : all.length - 1) + all.length) % all.length];
    if (next) event.preventDefault(), go({ kind: "channel", id: next.id });
  } else if (event.key === "Escape" && !modalOpen()) {
    if (document.body.classList.contains("show-sidebar") || document.body.classList.contains("show-world")) document.body.classList.remove("show-sidebar", "show-world");
    else closeThread();
  } else if (event.key === "/" && !typing && !modalOpen()) {
    const field = document.querySelector(".main textarea");
    if (field) {
      event.preventDefault();
      field.focus();
      if (!field.value) (field.value = "/"), field.dispatchEvent(new Event("input"));
    }
  }
});

document.addEventListener("pointerdown", (event) => {
  const open = document.body.classList;
  if (open.contains("show-sidebar") && !event.target.closest(".sidebar, .popover, [data-testid=open-sidebar]")) open.remove("show-sidebar");
  if (open.contains("show-world") && innerWidth < 1100 && !event.target.closest(".world, [data-testid=open-world], .toasts")) open.remove("show-world");
});

async function begin() {
  try {
    await start();
  } catch {
    setTimeout(begin, 1000);
    return;
  }
  store.me = firstPerson();
  store.place = placeFromHash();
  store.linked = linkedMessage();
  document.body.classList.add("ready");
  tell("me", "place", "sidebar", "state", "views");
  if (store.place.kind === "app") go(store.place);
  // After the channel has gone to its end, and been drawn.
  if (store.linked) setTimeout(() => document.querySelector(".message.linked")?.scrollIntoView({ block: "start" }), 100);
}

begin();
