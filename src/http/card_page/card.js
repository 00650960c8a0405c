// Draws what was posted as Teams would: Adaptive Cards up to version 1.4, and MessageCards. It is a stand-in for
// looking at cards, not a renderer for every card there is: what our cards do not use is named, not drawn.

import { markdown } from "./markdown.js";
import { renderMessageCard } from "./message-card.js";
import {
  factTable,
  greyButton,
  httpUrl,
  listOf,
  make,
  notice,
  oneOf,
  openButton,
  outwardLink,
  picture,
  textOf,
} from "./parts.js";

export { renderMessageCard };

const ADAPTIVE = "application/vnd.microsoft.card.adaptive";
/** Workflows refuse later versions ("We're sorry, this card couldn't be displayed"). */
const NEWEST = [1, 4];

const SIZES = ["small", "default", "medium", "large", "extraLarge"];
const WEIGHTS = ["lighter", "default", "bolder"];
const COLORS = ["default", "dark", "light", "accent", "good", "warning", "attention"];
const STYLES = ["default", "emphasis", "good", "warning", "attention", "accent"];
const SPACINGS = ["none", "small", "default", "medium", "large", "extraLarge", "padding"];
const SIDES = ["left", "center", "right"];
const HEIGHTS = ["top", "center", "bottom"];
const PICTURES = ["auto", "stretch", "small", "medium", "large"];

const ELEMENTS = new Map([
  ["TextBlock", textBlock],
  ["RichTextBlock", richTextBlock],
  ["Image", image],
  ["ImageSet", imageSet],
  ["Container", container],
  ["ColumnSet", columnSet],
  ["FactSet", factSet],
  ["ActionSet", ({ actions }, drawing) => actionRow(listOf(actions), drawing)],
]);

/** Draws one posted body, in any of the shapes that Teams takes. */
export function renderPost(body, { document }) {
  const post = make(document, "div", "post");
  if (body?.type === "message" && Array.isArray(body.attachments)) {
    if (textOf(body.text)) post.append(make(document, "div", "card-text", markdown(textOf(body.text), { document, mentions: [] })));
    post.append(...body.attachments.map((attachment) => attached(attachment, { document })));
  } else if (body?.type === "AdaptiveCard") {
    post.append(renderCard(body, { document }));
  } else if (body?.["@type"] === "MessageCard" || textOf(body?.text)) {
    post.append(renderMessageCard(body, { document }));
  } else {
    post.append(notice(document, "Teams takes a message with attachments, an Adaptive Card or a MessageCard. This is none of them."));
  }
  return post;
}

function attached(attachment, { document }) {
  if (attachment?.contentType === ADAPTIVE) return renderCard(attachment.content, { document });
  return notice(document, `Only ${ADAPTIVE} is drawn here, not ${textOf(attachment?.contentType) || "an attachment without contentType"}.`);
}

/** Draws one Adaptive Card. */
export function renderCard(content, { document }) {
  if (content?.type !== "AdaptiveCard") return notice(document, "The content of this attachment is no AdaptiveCard.");
  if (tooNew(content.version)) {
    return notice(document, `Teams would not show this card: version ${textOf(content.version)}, where Workflows take 1.4 or lower.`);
  }
  const drawing = { document, mentions: mentionsOf(content) };
  const card = make(document, "div", "card");
  if (oneOf(content.msteams?.width, ["full"])) card.classList.add("card-wide");
  const inside = make(document, "div", "card-body", ...elements(content.body, drawing));
  if (listOf(content.actions).length > 0) inside.append(actionRow(content.actions, drawing));
  card.append(inside);
  selectable(card, content.selectAction, drawing);
  return card;
}

function tooNew(version) {
  const [major, minor = 0] = textOf(version).split(".").map(Number);
  return major > NEWEST[0] || (major === NEWEST[0] && minor > NEWEST[1]);
}

/** Teams makes a mention only of what stands in the text word for word and names a person by id. */
function mentionsOf(card) {
  return listOf(card.msteams?.entities)
    .filter((entity) => entity?.type === "mention" && textOf(entity.mentioned?.id) && /^<at>.+<\/at>$/s.test(textOf(entity.text)))
    .map((entity) => ({ text: entity.text, name: textOf(entity.mentioned.name) || entity.text.slice(4, -5) }));
}

function elements(items, drawing) {
  return listOf(items)
    .filter((item) => item?.isVisible !== false)
    .flatMap((item) => element(item, drawing) ?? []);
}

function element(item, drawing) {
  const draw = ELEMENTS.get(item?.type);
  if (!draw && item?.fallback?.type) return element(item.fallback, drawing);
  if (!draw && item?.fallback === "drop") return null;
  const drawn = draw ? draw(item, drawing) : unknown(item, drawing);
  spaced(drawn, item ?? {});
  return drawn;
}

function unknown(item, { document }) {
  return notice(document, `(${textOf(item?.type) || "an element without type"} is not drawn here)`);
}

function spaced(drawn, item) {
  drawn.classList.add(`card-spacing-${oneOf(item.spacing, SPACINGS, "default")}`);
  if (item.separator === true) drawn.classList.add("card-separator");
}

function letters(drawn, item) {
  drawn.classList.add(`card-size-${oneOf(item.size, SIZES, "default")}`, `card-weight-${oneOf(item.weight, WEIGHTS, "default")}`);
  drawn.classList.add(`card-color-${oneOf(item.color, COLORS, "default")}`);
  if (item.isSubtle === true) drawn.classList.add("card-subtle");
  if (oneOf(item.fontType, ["monospace"])) drawn.classList.add("card-monospace");
}

function textBlock(item, drawing) {
  const block = make(drawing.document, "div", "card-text", markdown(textOf(item.text), drawing));
  letters(block, item);
  block.classList.add(`card-align-${oneOf(item.horizontalAlignment, SIDES, "left")}`);
  if (item.wrap !== true) block.classList.add("card-nowrap");
  else if (Number.isInteger(item.maxLines) && item.maxLines > 0) {
    block.classList.add("card-clamp");
    block.style.setProperty("-webkit-line-clamp", String(item.maxLines));
  }
  return block;
}

function richTextBlock(item, drawing) {
  const block = make(drawing.document, "p", `card-text card-align-${oneOf(item.horizontalAlignment, SIDES, "left")}`);
  for (const run of listOf(item.inlines)) block.append(typeof run === "string" ? run : textRun(run, drawing));
  return block;
}

function textRun(run, { document }) {
  const url = httpUrl(run?.selectAction?.url);
  const words = textOf(run?.text);
  const drawn = url ? outwardLink(document, url, "card-run", words) : make(document, "span", "card-run", words);
  letters(drawn, run ?? {});
  for (const look of ["italic", "strikethrough", "underline", "highlight"]) {
    if (run?.[look] === true) drawn.classList.add(`card-${look}`);
  }
  return drawn;
}

function image(item, drawing) {
  const { document } = drawing;
  const person = Boolean(oneOf(item.style, ["person"]));
  const size = oneOf(item.size, PICTURES, "auto");
  const holder = make(document, "div", `card-image card-picture-${size} card-align-${oneOf(item.horizontalAlignment, SIDES, "left")}`);
  const drawn = picture(document, { url: item.url, name: textOf(item.altText), person });
  for (const side of ["width", "height"]) {
    const pixels = /^(\d{1,4})px$/.exec(textOf(item[side]));
    if (!pixels) continue;
    drawn.style[side] = `${pixels[1]}px`;
    drawn.style.setProperty("--picture", `${pixels[1]}px`);
  }
  const url = httpUrl(item.selectAction?.url);
  if (url) {
    const link = outwardLink(document, url, "card-image-link", drawn);
    link.setAttribute("aria-label", nameOf(item.selectAction, url));
    holder.append(link);
  } else {
    holder.append(drawn);
  }
  return holder;
}

function imageSet(item, drawing) {
  const size = oneOf(item.imageSize, PICTURES, "medium");
  const images = listOf(item.images).map((one) => image({ size, ...one }, drawing));
  return make(drawing.document, "div", "card-images", ...images);
}

function container(item, drawing) {
  const box = make(drawing.document, "div", "card-container", ...elements(item.items, drawing));
  box.classList.add(`card-vertical-${oneOf(item.verticalContentAlignment, HEIGHTS, "top")}`);
  painted(box, item);
  const height = /^(\d{1,4})px$/.exec(textOf(item.minHeight));
  if (height) box.style.minHeight = `${height[1]}px`;
  selectable(box, item.selectAction, drawing);
  return box;
}

/** A style paints the ground and pads it; `bleed` lets it reach the edge of what holds it. */
function painted(box, item) {
  const style = oneOf(item.style, STYLES, "");
  if (style) box.classList.add("card-painted", `card-style-${style}`);
  if (style && item.bleed === true) box.classList.add("card-bleed");
}

function columnSet(item, drawing) {
  const columns = listOf(item.columns).filter((one) => one?.isVisible !== false);
  const row = make(drawing.document, "div", "card-columns", ...columns.map((one) => column(one, drawing)));
  painted(row, item);
  selectable(row, item.selectAction, drawing);
  return row;
}

function column(item, drawing) {
  const drawn = container(item, drawing);
  drawn.classList.add("card-column");
  spaced(drawn, item);
  const width = textOf(item.width);
  if (/^\d{1,4}px$/.test(width)) drawn.style.flex = `0 0 ${width}`;
  else if (Number(width) > 0) drawn.style.flex = `${Number(width)} 1 0`;
  else drawn.classList.add(oneOf(width, ["auto"]) ? "card-column-auto" : "card-column-stretch");
  return drawn;
}

function factSet(item, drawing) {
  const facts = listOf(item.facts).map((fact) => ({ title: textOf(fact?.title), value: textOf(fact?.value) }));
  return factTable(drawing.document, facts, (text) => markdown(text, drawing));
}

function actionRow(actions, { document }) {
  const buttons = actions.map((action) => {
    const title = textOf(action?.title);
    if (action?.type === "Action.OpenUrl") return openButton(document, title, action.url);
    return greyButton(document, title, `${textOf(action?.type) || "An action without type"} does nothing in this stand-in`);
  });
  return make(document, "div", "card-actions", ...buttons);
}

/** Lays a link under the whole box; links and buttons inside stay above it and keep their own clicks. */
function selectable(box, action, { document }) {
  const url = action?.type === "Action.OpenUrl" ? httpUrl(action.url) : null;
  if (!url) return;
  const link = outwardLink(document, url, "card-select");
  link.setAttribute("aria-label", nameOf(action, url));
  box.classList.add("card-selectable");
  box.prepend(link);
}

function nameOf(action, url) {
  return textOf(action.title) || `Open ${new URL(url).host}`;
}
