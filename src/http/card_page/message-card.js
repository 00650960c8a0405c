// Draws a MessageCard, the older kind of card that connector addresses take.

import { markdown } from "./markdown.js";
import { factTable, greyButton, httpUrl, listOf, make, openButton, picture, textOf } from "./parts.js";

/** Draws one MessageCard, or the `{"text": "…"}` that connectors take for one. */
export function renderMessageCard(content, { document }) {
  const card = make(document, "div", "card message-card");
  const color = /^#?([0-9a-f]{6})$/i.exec(textOf(content.themeColor));
  if (color) {
    const bar = make(document, "div", "message-card-bar");
    bar.style.backgroundColor = `#${color[1]}`;
    card.append(bar);
  }
  const body = make(document, "div", "card-body");
  if (textOf(content.title)) body.append(written(document, content.title, "card-size-large card-weight-bolder", content));
  if (textOf(content.text)) body.append(written(document, content.text, "", content));
  body.append(...listOf(content.sections).map((one) => section(document, one ?? {})));
  body.append(...buttons(document, content.potentialAction));
  card.append(body);
  return card;
}

function section(document, content) {
  const drawn = make(document, "section", content.startGroup === true ? "message-section card-separator" : "message-section");
  if (textOf(content.title)) drawn.append(written(document, content.title, "card-weight-bolder", content));
  if (textOf(content.activityTitle) || textOf(content.activityImage)) drawn.append(activity(document, content));
  if (textOf(content.text)) drawn.append(written(document, content.text, "", content));
  const facts = listOf(content.facts).map((fact) => ({ title: textOf(fact?.name), value: textOf(fact?.value) }));
  if (facts.length > 0) drawn.append(factTable(document, facts, (text) => words(document, text, content)));
  const pictures = [content.heroImage, ...listOf(content.images)].filter((one) => textOf(one?.image));
  drawn.append(...pictures.map((one) => picture(document, { url: one.image, name: textOf(one.title) })));
  drawn.append(...buttons(document, content.potentialAction));
  return drawn;
}

function activity(document, content) {
  const lines = make(document, "div", "message-activity-lines");
  if (textOf(content.activityTitle)) lines.append(written(document, content.activityTitle, "card-weight-bolder", content));
  if (textOf(content.activitySubtitle)) lines.append(written(document, content.activitySubtitle, "card-size-small card-subtle", content));
  if (textOf(content.activityText)) lines.append(written(document, content.activityText, "", content));
  const row = make(document, "div", "message-activity", lines);
  if (textOf(content.activityImage)) {
    const name = make(document, "span", "", words(document, textOf(content.activityTitle), content)).textContent;
    row.prepend(picture(document, { url: content.activityImage, name, person: true }));
  }
  return row;
}

function written(document, text, look, content) {
  return make(document, "div", `card-text ${look}`.trim(), words(document, textOf(text), content));
}

/** A section that sets `markdown` to false is plain text. */
function words(document, text, content) {
  return content.markdown === false ? document.createTextNode(text) : markdown(text, { document, mentions: [] });
}

function buttons(document, actions) {
  const drawn = listOf(actions).map((action) => {
    const title = textOf(action?.name);
    if (action?.["@type"] !== "OpenUri") return greyButton(document, title, "Only OpenUri works in this stand-in");
    const targets = listOf(action.targets).filter((target) => httpUrl(target?.uri));
    const target = targets.find(({ os }) => os === "default") ?? targets[0];
    return openButton(document, title, target?.uri);
  });
  return drawn.length > 0 ? [make(document, "div", "card-actions", ...drawn)] : [];
}
