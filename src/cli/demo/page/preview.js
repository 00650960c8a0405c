// The page to try a template on. It asks the demo that served it what a payload and a template make, and draws that.

import { renderPost } from "./card.js";
import { make, notice } from "./parts.js";
import { colored, weighed } from "./posted.js";

/** How long the reader must have stopped writing, in milliseconds. */
const PAUSE = 200;
const GONE = "The demo has stopped. Start it again: cargo run --release -- demo";
/** The first sample that is shown. */
const FIRST = "github/pull_request";

const part = (id) => document.getElementById(id);

/** The sample that was chosen, as the demo tells of it. */
let chosen = null;
/** Answers that come late, after a newer question, are not shown. */
let asked = 0;
let waiting = null;

await menu();
part("sample").addEventListener("change", () => begin(part("sample").value));
part("reset").addEventListener("click", () => begin(part("sample").value));
for (const id of ["payload", "template"]) part(id).addEventListener("input", soon);

/** All samples, by provider; the address may name one: /preview#github/push.tag */
async function menu() {
  const samples = await reply("preview/samples");
  if (!samples) return;
  const groups = new Map();
  for (const { provider, name } of samples) {
    const group = groups.get(provider) ?? make(document, "optgroup");
    group.label = provider;
    const option = make(document, "option", "", name.replaceAll("_", " ").replace(".", ": "));
    option.value = `${provider}/${name}`;
    group.append(option);
    groups.set(provider, group);
  }
  part("sample").replaceChildren(...groups.values());
  const known = (wanted) => samples.some(({ provider, name }) => `${provider}/${name}` === wanted);
  const wanted = decodeURIComponent(location.hash.slice(1));
  const first = [wanted, FIRST].find(known) ?? part("sample").value;
  part("sample").value = first;
  await begin(first);
}

/** Begins anew with a sample and the template that its event gets. */
async function begin(sample) {
  const start = await reply(`preview/samples/${sample.split("/").map(encodeURIComponent).join("/")}`);
  if (!start) return;
  chosen = start;
  history.replaceState(null, "", `#${sample}`);
  part("payload").value = start.payload;
  part("template").value = start.template;
  part("name").textContent = start.name;
  part("name").title = `The template that the event ${start.event} of ${start.provider} gets`;
  for (const id of ["payload", "template", "looks"]) part(id).scrollTo(0, 0);
  await render();
}

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(render, PAUSE);
}

async function render() {
  clearTimeout(waiting);
  if (!chosen) return;
  const number = ++asked;
  const question = {
    provider: chosen.provider,
    event: chosen.event,
    payload: part("payload").value,
    template: part("template").value,
  };
  const answer = await reply("preview/render", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(question),
  });
  if (answer && number === asked) show(answer);
}

/** What the demo answers; null, and the page says so, where it does not. */
async function reply(address, options = {}) {
  const response = await fetch(address, options).catch(() => null);
  const answer = await response?.json().catch(() => null);
  const why = response ? `The demo refused: ${answer?.error ?? response.status}` : GONE;
  const went = response?.ok && answer;
  part("gone").textContent = went ? "" : why;
  part("gone").hidden = Boolean(went);
  return went ? answer : null;
}

function show(answer) {
  const { body, problems, notes, payload_problems: inPayload } = answer;
  part("payload-problems").replaceChildren(...inPayload.map((text) => problem(text, "payload")));
  part("problems").replaceChildren(...problems.map((text) => problem(text, "template")), ...notes.map(note));
  part("payload").setAttribute("aria-invalid", String(inPayload.length > 0));
  part("template").setAttribute("aria-invalid", String(problems.length > 0));
  part("stale").hidden = Boolean(body) && !answer.fallback;
  part("stale").textContent = body ? "The template failed, so this plain card would go out." : "The last card that could be made.";
  part("looks").classList.toggle("looks-stale", !body);
  if (body) draw(answer);
}

function draw({ body, bytes, shortened }) {
  for (const id of ["light", "dark"]) part(id).replaceChildren(drawn(body));
  part("size").replaceChildren(...weighed(bytes, document), ...(shortened ? ["(shortened to fit)"] : []));
  part("json").replaceChildren(...colored(JSON.stringify(body, null, 2), document));
}

function drawn(body) {
  try {
    return renderPost(body, { document });
  } catch (fault) {
    return notice(document, `This page could not draw the card (${fault.message}).`);
  }
}

function note(text) {
  const made = problem(text, "template");
  made.classList.add("problem-note");
  return made;
}

/** A mistake and its line; where its place is in the text above it, its words are a button that leads there. */
function problem(text, id) {
  const [words, ...excerpt] = text.split("\n");
  const place = /^template:(\d+):(\d+):|\bline (\d+), column (\d+)/.exec(words);
  // A line of a partial is not in the text that stands here.
  const isHere = place && !/template `partials\//.test(words);
  const said = make(document, isHere ? "button" : "span", "problem-words", words);
  if (isHere) {
    const [line, column] = [place[1] ?? place[3], place[2] ?? place[4]].map(Number);
    said.type = "button";
    said.title = `Go to line ${line}`;
    said.addEventListener("click", () => go(part(id), line, column));
  }
  const made = make(document, "div", "problem", said);
  if (excerpt.length > 0) {
    const line = make(document, "pre", "problem-excerpt", excerpt.join("\n"));
    line.tabIndex = 0;
    line.setAttribute("role", "region");
    line.setAttribute("aria-label", "The line with the mistake");
    made.append(line);
  }
  return made;
}

/** Puts the cursor at a place, which columns of whole characters tell. */
function go(area, line, column) {
  const lines = area.value.split("\n");
  const before = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  const within = [...(lines[line - 1] ?? "")].slice(0, column - 1).join("").length;
  area.focus();
  area.setSelectionRange(before + within, before + within);
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (line - 4) * height);
}
