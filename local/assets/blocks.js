// Block Kit as Slack draws it. `context` says what happens when something is pressed: {press(block, element, values), values, errors, typed}.

import { h, icon, popover } from "./dom.js";
import { inputElement } from "./inputs.js";
import { confirmDialog } from "./modal.js";
import { mrkdwn, textObject, withEmoji } from "./mrkdwn.js";

export function renderBlocks(blocks, context) {
  return h("div", { class: "blocks" }, (blocks || []).map((block) => renderBlock(block, context)));
}

function renderBlock(block, context) {
  const draw = { section, header, divider, context: contextBlock, actions, image, input, rich_text: richText, markdown, file }[block.type];
  const element = draw ? draw(block, context) : h("div", { class: "block unknown" }, `(a ${block.type} block)`);
  element.classList.add("block", `block-${block.type}`);
  element.dataset.blockId = block.block_id || "";
  return element;
}

function section(block, context) {
  const body = h(
    "div",
    { class: "section-body" },
    block.text && h("div", { class: "text" }, textObject(block.text)),
    block.fields && h("div", { class: "fields" }, block.fields.map((field) => h("div", { class: "field text" }, textObject(field)))),
  );
  return h("div", {}, body, block.accessory && h("div", { class: "accessory" }, interactive(block, block.accessory, context)));
}

const header = (block) => h("h3", {}, textObject(block.text));
const divider = () => h("hr");
const markdown = (block) => h("div", { class: "text" }, mrkdwn(block.text));
const file = (block) => h("div", {}, block.external_id || "file");

function contextBlock(block) {
  const item = (element) => (element.type === "image" ? h("img", { src: element.image_url, alt: element.alt_text, class: "context-image" }) : h("span", { class: "text" }, textObject(element)));
  return h("div", {}, (block.elements || []).map(item));
}

function actions(block, context) {
  return h("div", {}, (block.elements || []).map((element) => interactive(block, element, context)));
}

function image(block) {
  const picture = h("img", { src: block.image_url, alt: block.alt_text, title: block.alt_text, loading: "lazy" });
  return h("figure", {}, block.title && h("figcaption", {}, textObject(block.title)), picture);
}

function input(block, context) {
  const id = `input-${block.block_id}`;
  const error = context.errors?.[block.block_id];
  const label = h("label", { for: id, class: "label" }, withEmoji(block.label?.text || ""), block.optional && h("span", { class: "optional" }, " (optional)"));
  return h(
    "div",
    { class: error ? "invalid" : "", "data-testid": `input-${block.block_id}` },
    label,
    inputElement(block, block.element, { ...context, id, dispatch: block.dispatch_action === true }),
    error && h("p", { class: "error", role: "alert", "data-testid": `error-${block.block_id}` }, icon("warn", 15), error),
    block.hint && h("p", { class: "hint" }, textObject(block.hint)),
  );
}

function interactive(block, element, context) {
  if (element.type === "image") return h("img", { src: element.image_url, alt: element.alt_text, class: "accessory-image" });
  if (element.type === "button") return button(block, element, context);
  if (element.type === "overflow") return overflow(block, element, context);
  return inputElement(block, element, { ...context, dispatch: true });
}

export function confirmed(element, go) {
  if (!element.confirm) return go();
  return confirmDialog(element.confirm, go);
}

function button(block, element, context) {
  const style = element.style ? ` ${element.style}` : "";
  const properties = { class: `button${style}`, type: "button", "data-testid": `action-${element.action_id}`, "data-value": element.value, "aria-label": element.accessibility_label };
  const drawn = h("button", properties, withEmoji(element.text?.text || ""));
  drawn.addEventListener("click", () =>
    confirmed(element, async () => {
      if (element.url) window.open(element.url, "_blank", "noopener,noreferrer");
      drawn.classList.add("busy");
      drawn.disabled = true;
      await context.press(block, element, undefined);
      drawn.classList.remove("busy");
      drawn.disabled = false;
    }),
  );
  return drawn;
}

function overflow(block, element, context) {
  const drawn = h("button", { class: "button square", type: "button", "aria-label": "More", "data-testid": `action-${element.action_id}` }, icon("dots"));
  drawn.addEventListener("click", () => {
    const choose = (option) => () => confirmed(element, () => context.press(block, element, option.value));
    popover(drawn, (element.options || []).map((option) => h("button", { class: "menu-item", role: "menuitem", onclick: choose(option) }, textObject(option.text, { block: false }))));
  });
  return drawn;
}

// Rich text: what people's own messages and some bots send.
function richText(block) {
  return h("div", { class: "text" }, (block.elements || []).map(richPart));
}

function richPart(part) {
  const inside = () => (part.elements || []).map(richLeaf);
  if (part.type === "rich_text_list") {
    const list = h(part.style === "ordered" ? "ol" : "ul", { class: "rich-list" }, (part.elements || []).map((item) => h("li", {}, (item.elements || []).map(richLeaf))));
    list.style.marginLeft = `${(part.indent || 0) * 20}px`;
    return list;
  }
  if (part.type === "rich_text_preformatted") return h("pre", { class: "pre" }, inside());
  if (part.type === "rich_text_quote") return h("blockquote", { class: "quote" }, inside());
  return h("div", { class: "rich-section" }, inside());
}

function richLeaf(leaf) {
  const style = leaf.style || {};
  let node;
  if (leaf.type === "link") node = mrkdwn(`<${leaf.url}|${(leaf.text || leaf.url).replace(/[<>|]/g, "")}>`)[0];
  else if (leaf.type === "emoji") node = withEmoji(`:${leaf.name}:`).find((part) => part.textContent);
  else if (leaf.type === "user") node = mrkdwn(`<@${leaf.user_id}>`)[0];
  else if (leaf.type === "channel") node = mrkdwn(`<#${leaf.channel_id}>`)[0];
  else if (leaf.type === "broadcast") node = mrkdwn(`<!${leaf.range}>`)[0];
  else if (leaf.type === "date") node = mrkdwn(`<!date^${leaf.timestamp}^${leaf.format}|${leaf.fallback || ""}>`)[0];
  else node = h("span", { class: "rich-text" }, leaf.text || "");
  if (style.code) node = h("code", { class: "code" }, node);
  if (style.bold) node = h("strong", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.strike) node = h("s", {}, node);
  return node;
}
