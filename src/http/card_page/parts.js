// Pieces that both kinds of card are made of. Everything from a card goes into the page as text or as a
// checked address; nothing here reads a string as HTML, and nothing fetches a picture from elsewhere.

const TINTS = 8;
const INLINE_PICTURE = /^data:image\/(?:png|jpeg|gif);base64,[a-z0-9+/=]+$/i;

/** An element with a class and children; strings among the children become text. */
export function make(document, tag, className = "", ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** A list, whatever the card says: anything else counts as empty. */
export function listOf(value) {
  return Array.isArray(value) ? value : [];
}

/** The text of a string or a number; anything else counts as empty. */
export function textOf(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/** The one of `allowed` that `value` names, in whatever case, as Adaptive Cards compare words. */
export function oneOf(value, allowed, otherwise) {
  const wanted = textOf(value).toLowerCase();
  return allowed.find((word) => word.toLowerCase() === wanted) ?? otherwise;
}

/** The address if it is absolute and http or https, else null. */
export function httpUrl(value) {
  const text = textOf(value);
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}

/** A link that leaves the page without telling the other side where from. */
export function outwardLink(document, url, className, ...children) {
  const link = make(document, "a", className, ...children);
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
  return link;
}

/** A button that opens an address; without a usable address it stands there greyed, and says why. */
export function openButton(document, title, address) {
  const url = httpUrl(address);
  if (!url) return greyButton(document, title, "Teams opens absolute http and https addresses only");
  return outwardLink(document, url, "card-button", title || new URL(url).host);
}

/** A button that does nothing here, with the reason as its tooltip. */
export function greyButton(document, title, why) {
  const button = make(document, "button", "card-button", title || "(no title)");
  button.type = "button";
  button.disabled = true;
  button.title = why;
  return button;
}

/** Names and values in two columns; `write` turns a text into a node. */
export function factTable(document, facts, write) {
  const table = make(document, "dl", "card-facts");
  for (const { title, value } of facts) {
    table.append(make(document, "dt", "", write(title)), make(document, "dd", "", write(value)));
  }
  return table;
}

/** A line in place of something that Teams would not draw. */
export function notice(document, text) {
  return make(document, "p", "card-notice", text);
}

/**
 * A picture, `name` being its alternative text. Those that the card carries itself are shown; for one that lies
 * elsewhere a stand-in is drawn: initials for a person, an empty frame otherwise.
 */
export function picture(document, { url, name, person }) {
  if (INLINE_PICTURE.test(textOf(url))) return inlinePicture(document, url, name);
  const drawn = person ? initialsOf(document, name) : frame(document, name);
  if (name) {
    drawn.setAttribute("role", "img");
    drawn.setAttribute("aria-label", name);
  } else {
    drawn.setAttribute("aria-hidden", "true");
  }
  drawn.title = `${name ? `${name}: ` : ""}no pictures are fetched here, Teams does`;
  return drawn;
}

function inlinePicture(document, url, name) {
  const image = make(document, "img", "card-picture");
  image.src = url;
  image.alt = name;
  return image;
}

function initialsOf(document, name) {
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  const initials = ends.map((word) => [...word][0].toUpperCase()).join("") || "?";
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 65_521;
  return make(document, "span", `card-person tint-${sum % TINTS}`, initials);
}

function frame(document, name) {
  return make(document, "span", "card-frame", make(document, "span", "card-frame-name", name || "picture"));
}
