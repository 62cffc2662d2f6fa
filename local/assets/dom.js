// Elements out of plain calls. Text only ever becomes a text node, so nothing that a message says can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** h("button", {class: "x", onclick: f, "data-testid": "t"}, "text", child, [more]) */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === undefined || value === null || (value === false && !name.startsWith("aria-"))) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked" || name === "selected" || name === "disabled" || name === "hidden") element[name] = value;
    else element.setAttribute(name, value === true && !name.startsWith("aria-") ? "" : String(value));
  }
  element.append(...flat(children));
  return element;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

const PATHS = {
  hash: "M9.5 4 8 20M16 4l-1.500 16M4.500 9h16M3.500 15h16",
  lock: "M7 11V8a5 5 0 0 1 10 0v3M6 11h12v9H6z",
  home: "M4 11.500 12 5l8 6.500V20h-5.500v-5h-5v5H4z",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  reply: "M4 5h16v11H11l-4 4v-4H4zM8 9.500h8M8 12.500h5",
  globe: "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM3.500 12h17M12 3.500c5 5 5 12 0 17M12 3.500c-5 5-5 12 0 17",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z",
  send: "M4 4.500 20.500 12 4 19.500 6.500 12zM6.500 12H13",
  chevron: "M6 9.500 12 15.500l6-6",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 10.500v6M13.500 10.500v6",
  bolt: "M13 3 5 13.500h6L10.500 21 19 10h-6.500z",
  dots: "M4.700 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0M11.200 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0M17.700 12a.8.8 0 1 0 1.600 0 .8.8 0 1 0-1.600 0",
  back: "M14.500 6 8.500 12l6 6",
  check: "M5 12.500 10 17.500 19.500 7",
  warn: "M12 4.500 21 19.500H3zM12 10v4.500M12 17h.01",
};

export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] || "");
  svg.append(path);
  return svg;
}

const HUES = ["#c2410c", "#0f766e", "#7c3aed", "#be185d", "#1d4ed8", "#4d7c0f", "#b45309", "#0e7490", "#9333ea", "#b91c1c"];

export function avatar(person, size = 36) {
  if (person?.is_bot) {
    const image = h("img", { src: "/assets/icon.svg", class: "avatar", alt: "", width: size, height: size });
    return image;
  }
  const name = person?.real_name || person?.name || "?";
  const initials = name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((part) => part[0].toUpperCase()).join("") || "?";
  const element = h("span", { class: "avatar", "aria-hidden": "true" }, initials);
  let sum = 0;
  for (const letter of person?.id || name) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  element.style.background = HUES[sum % HUES.length];
  element.style.width = element.style.height = `${size}px`;
  element.style.fontSize = `${Math.round(size * 0.4)}px`;
  return element;
}

/** A small menu under its button: closes on Escape, on a click elsewhere and on a choice. */
export function popover(anchor, content, className = "") {
  document.querySelector(".popover")?.remove();
  const menu = h("div", { class: `popover ${className}`, role: "menu" }, content);
  document.body.append(menu);
  const at = anchor.getBoundingClientRect();
  const box = menu.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - box.width - 8);
  const below = at.bottom + 6;
  const top = below + box.height > innerHeight - 8 ? Math.max(8, at.top - box.height - 6) : below;
  menu.style.left = `${Math.max(8, left)}px`;
  menu.style.top = `${top}px`;
  const close = () => {
    menu.remove();
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", keys, true);
  };
  const outside = (event) => !menu.contains(event.target) && !anchor.contains(event.target) && close();
  const keys = (event) => {
    const items = [...menu.querySelectorAll("button")];
    const at = items.indexOf(document.activeElement);
    if (event.key === "Escape") close(), anchor.focus();
    else if (event.key === "ArrowDown") items[(at + 1) % items.length]?.focus();
    else if (event.key === "ArrowUp") items[(at - 1 + items.length) % items.length]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  menu.addEventListener("click", (event) => event.target.closest("button") && close());
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", keys, true);
  menu.querySelector("button")?.focus({ preventScroll: true });
  return close;
}

export function toast(text, kind = "error") {
  const element = h("div", { class: `toast ${kind}`, "data-testid": "toast" }, icon(kind === "error" ? "warn" : "check"), h("span", {}, text));
  document.getElementById("toasts").append(element);
  setTimeout(() => element.classList.add("gone"), 5200);
  setTimeout(() => element.remove(), 5600);
}
