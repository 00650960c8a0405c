// The Markdown that Teams reads in a TextBlock or a fact: bold, italic, bullet and numbered lists, links, backslash
// escapes, and mentions that the card declares. Headings, tables, images, code and HTML stay the text they are.

import { httpUrl, make, outwardLink } from "./parts.js";

const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])[ \t]+(.*)$/;
const ESCAPABLE = /[!-/:-@[-`{-~]/;
const WORD = /[\p{L}\p{N}]/u;
const ENTITY = /&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(amp|lt|gt|quot|apos|nbsp));/iy;
const NAMED = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
/** Emphasis inside emphasis, lists inside lists: what lies deeper than this is left as it is written. */
const DEEPEST = 12;
/** A bracket that does not close within this many characters is no link. */
const FARTHEST = 4_096;

/** `source` as nodes. `drawing` holds the document and the card's mentions: `[{ text, name }]`. */
export function markdown(source, drawing) {
  const fragment = drawing.document.createDocumentFragment();
  fragment.append(...blocks(source.replace(/\r\n?/g, "\n").split("\n"), drawing, 0));
  return fragment;
}

function blocks(lines, drawing, depth) {
  const nodes = [];
  let paragraph = [];
  const endParagraph = () => {
    if (paragraph.length === 0) return;
    nodes.push(make(drawing.document, "p", "", ...inline(paragraph.join(" "), drawing, 0)));
    paragraph = [];
  };
  for (let at = 0; at < lines.length; ) {
    if (depth < DEEPEST && ITEM.test(lines[at])) {
      endParagraph();
      const { node, end } = list(lines, at, drawing, depth);
      nodes.push(node);
      at = end;
      continue;
    }
    if (lines[at].trim() === "") endParagraph();
    else paragraph.push(lines[at].trim());
    at += 1;
  }
  endParagraph();
  return nodes;
}

function list(lines, start, drawing, depth) {
  const first = ITEM.exec(lines[start]);
  const kind = kindOf(first[2]);
  const items = [];
  let at = start;
  for (; at < lines.length; at += 1) {
    const line = lines[at];
    const item = ITEM.exec(line);
    const inner = items.length > 0 && /^ {2}/.test(line);
    if (item && !inner) {
      if (kindOf(item[2]) !== kind) break;
      items.push([item[3]]);
    } else if (line.trim() !== "" || goesOn(lines, at + 1, kind)) {
      items.at(-1).push(line.replace(/^ {1,4}/, ""));
    } else {
      break;
    }
  }
  const node = make(drawing.document, kind === "number" ? "ol" : "ul");
  if (kind === "number") node.start = Number.parseInt(first[2], 10);
  for (const item of items) node.append(make(drawing.document, "li", "", ...blocks(item, drawing, depth + 1)));
  return { node, end: at };
}

function kindOf(marker) {
  return /\d/.test(marker) ? "number" : marker;
}

/** Whether the list is still the same after an empty line. */
function goesOn(lines, at, kind) {
  const next = lines[at] ?? "";
  const item = ITEM.exec(next);
  return /^ {2,}\S/.test(next) || (item !== null && kindOf(item[2]) === kind);
}

function inline(source, drawing, depth) {
  const nodes = [];
  const unclosed = new Set();
  let plain = "";
  for (let at = 0; at < source.length; ) {
    const found =
      escaped(source, at) ??
      entity(source, at) ??
      mention(source, at, drawing) ??
      link(source, at, drawing, depth) ??
      emphasis(source, at, drawing, depth, unclosed) ?? { text: source[at], end: at + 1 };
    if (found.node) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(found.node);
    } else {
      plain += found.text;
    }
    at = found.end;
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function escaped(source, at) {
  if (source[at] !== "\\" || !ESCAPABLE.test(source[at + 1] ?? "")) return null;
  return { text: source[at + 1], end: at + 2 };
}

function entity(source, at) {
  ENTITY.lastIndex = at;
  const found = ENTITY.exec(source);
  if (!found) return null;
  const [whole, decimal, hex, name] = found;
  const code = decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? "0", 16);
  const text = name ? NAMED[name.toLowerCase()] : code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
  return { text, end: at + whole.length };
}

function mention(source, at, { document, mentions }) {
  if (source[at] !== "<") return null;
  const who = mentions.find(({ text }) => source.startsWith(text, at));
  return who ? { node: make(document, "span", "card-mention", who.name), end: at + who.text.length } : null;
}

/** `[words](address)`; with an address that Teams does not open, all of it stays text. */
function link(source, at, drawing, depth) {
  if (source[at] !== "[") return null;
  const close = matching(source, at, "[", "]");
  if (close < 0 || source[close + 1] !== "(") return null;
  const end = matching(source, close + 1, "(", ")");
  if (end < 0) return null;
  const [address] = source.slice(close + 2, end).trim().split(/\s/);
  const url = httpUrl(literal(address.replace(/^<(.*)>$/, "$1")));
  if (!url) return { text: literal(source.slice(at, end + 1)), end: end + 1 };
  const words = source.slice(at + 1, close);
  const inside = depth < DEEPEST ? inline(words, { ...drawing, linked: true }, depth + 1) : [words];
  const node = drawing.linked
    ? make(drawing.document, "span", "", ...inside)
    : outwardLink(drawing.document, url, "", ...(words.trim() ? inside : [url]));
  return { node, end: end + 1 };
}

/** Where the bracket opened at `start` closes, escapes passed over; -1 where it does not. */
function matching(source, start, open, close) {
  let depth = 0;
  const end = Math.min(source.length, start + FARTHEST);
  for (let at = start; at < end; at += 1) {
    if (source[at] === "\\") at += 1;
    else if (source[at] === open) depth += 1;
    else if (source[at] === close && --depth === 0) return at;
  }
  return -1;
}

/** The text without its escapes. */
function literal(source) {
  let text = "";
  for (let at = 0; at < source.length; ) {
    const found = escaped(source, at) ?? entity(source, at) ?? { text: source[at], end: at + 1 };
    text += found.text;
    at = found.end;
  }
  return text;
}

/** `unclosed` keeps which marks nothing further on closes, so that no text is searched to its end for each of them. */
function emphasis(source, at, drawing, depth, unclosed) {
  const mark = source[at];
  if (mark !== "*" && mark !== "_") return null;
  const run = runOf(source, at);
  const opens = /\S/.test(source[at + run] ?? "") && !(mark === "_" && WORD.test(source[at - 1] ?? ""));
  for (const size of opens && depth < DEEPEST ? [2, 1] : []) {
    if (size > run || unclosed.has(mark + size)) continue;
    const close = closing(source, at + size, mark, size);
    if (close < 0) {
      unclosed.add(mark + size);
      continue;
    }
    const inside = inline(source.slice(at + size, close), drawing, depth + 1);
    return { node: make(drawing.document, size === 2 ? "strong" : "em", "", ...inside), end: close + size };
  }
  return { text: source.slice(at, at + run), end: at + run };
}

function runOf(source, at) {
  let end = at;
  while (source[end] === source[at]) end += 1;
  return end - at;
}

/** Where `size` marks close what they opened before `start`; -1 where they do not. */
function closing(source, start, mark, size) {
  for (let at = start; at < source.length; at += 1) {
    if (source[at] === "\\") {
      at += 1;
      continue;
    }
    if (source[at] !== mark) continue;
    const run = runOf(source, at);
    const closes = at > start && /\S/.test(source[at - 1]) && !(mark === "_" && WORD.test(source[at + run] ?? ""));
    if (closes && (run === size || run > 2)) return at + run - size;
    at += run - 1;
  }
  return -1;
}
