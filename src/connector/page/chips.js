// Which of the events: chips for repositories, branches and labels, each of which can be turned into a NOT.

import { announce, button, el, field, fresh, group, input, told } from "./elements.js";

const KINDS = new Map([
  ["repository", { title: "Repository", hint: "octo/*" }],
  ["branch", { title: "Branch", hint: "release/*" }],
  ["label", { title: "Label", hint: "bug" }],
]);
const LONGEST = 200;

/** The chips of a subscription; `value()` is the contract's CHIPS. */
export function chipChoice(kinds, wanted, changed) {
  const offered = [...KINDS.keys()].filter((kind) => kinds.includes(kind) || wanted?.[kind]?.length > 0);
  const chips = offered.flatMap((kind) => (wanted?.[kind] ?? []).map(({ glob, not }) => ({ kind, glob, not: Boolean(not) })));
  let all = wanted?.all ?? true;

  const list = el("ul", "chips");
  list.setAttribute("aria-label", "Conditions");
  const sum = el("p", "chips-sum");
  const fault = told("alert");
  const { element: adder, entry } = adding(offered, fault, (chip) => {
    if (chips.some(({ kind, glob }) => kind === chip.kind && glob === chip.glob)) return `${chip.glob} is there already.`;
    chips.push(chip);
    redraw();
    return null;
  });
  const { element: mode, show: showMode } = modeChoice(all, (now) => {
    all = now;
    redraw();
  });

  function redraw(focus = null) {
    list.replaceChildren(...chips.map((chip, index) => drawn(chip, index)));
    list.hidden = chips.length === 0;
    showMode(new Set(chips.map(({ kind }) => kind)).size > 1);
    sum.textContent = sentence(value());
    announce(sum.textContent);
    focus?.();
    changed();
  }

  function drawn(chip, index) {
    const name = `${KINDS.get(chip.kind).title.toLowerCase()} ${chip.glob}`;
    const not = button("not", "chip-not", () => {
      chip.not = !chip.not;
      redraw(() => list.children[index].querySelector(".chip-not").focus());
    });
    not.setAttribute("aria-pressed", String(chip.not));
    not.setAttribute("aria-label", `not ${name}`);
    const remove = button("×", "chip-remove", () => {
      chips.splice(index, 1);
      const next = Math.min(index, chips.length - 1);
      redraw(() => (chips.length > 0 ? list.children[next].querySelector(".chip-remove") : entry).focus());
    });
    remove.setAttribute("aria-label", `Remove ${name}`);
    const words = el("span", "chip-words", el("span", "chip-kind", KINDS.get(chip.kind).title), " ", el("span", "chip-glob", chip.glob));
    return el("li", chip.not ? "chip chip-out" : "chip", not, words, remove);
  }

  function value() {
    const made = { all, repository: [], branch: [], label: [] };
    for (const { kind, glob, not } of chips) made[kind].push({ glob, not });
    return made;
  }

  list.hidden = chips.length === 0;
  list.replaceChildren(...chips.map(drawn));
  showMode(new Set(chips.map(({ kind }) => kind)).size > 1);
  sum.textContent = sentence(value());
  const hint = el("p", "hint", "A * stands for anything: octo/* is every repository of octo.");
  return { element: group("Only some of it", hint, adder, fault.place, list, mode, sum), value, empty: offered.length === 0 };
}

function adding(offered, fault, add) {
  const select = el("select");
  for (const kind of offered) select.append(Object.assign(el("option", "", KINDS.get(kind).title), { value: kind }));
  const entry = input("text", { autocomplete: "off", spellcheck: false, maxLength: LONGEST });
  entry.placeholder = KINDS.get(offered[0])?.hint ?? "";
  select.addEventListener("change", () => {
    entry.placeholder = KINDS.get(select.value).hint;
  });
  const commit = () => {
    fault.clear();
    const glob = entry.value.trim();
    const refused = glob === "" ? "Write what it is called first." : add({ kind: select.value, glob, not: false });
    if (refused) fault.say("warning", refused);
    else entry.value = "";
    entry.focus();
  };
  // Return adds the condition; it must not send the whole form.
  entry.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    commit();
  });
  return { entry, element: el("div", "chips-add", field("Condition", select), field("Called", entry), button("Add", "quiet", commit)) };
}

function modeChoice(all, changed) {
  const name = fresh("mode");
  const choice = (value, words) => {
    const entry = input("radio", { name, checked: all === value });
    entry.addEventListener("change", () => changed(value));
    return el("label", "choice choice-small", entry, el("span", "", words));
  };
  const element = group("How conditions of different kinds go together", choice(true, "All must hold"), choice(false, "Any is enough"));
  element.classList.add("group-small");
  return {
    element,
    show(is) {
      element.hidden = !is;
    },
  };
}

function sentence(chips) {
  const words = chipWords(chips);
  return words ? `Only ${words}.` : "Nothing is left out.";
}

/** CHIPS in words; empty where nothing is left out. */
export function chipWords(chips) {
  const parts = [...KINDS.keys()].flatMap((kind) => {
    const of = chips?.[kind] ?? [];
    const those = (not) => of.filter((chip) => Boolean(chip.not) === not).map(({ glob }) => glob);
    const [within, without] = [those(false).join(" or "), those(true).join(" or ")];
    if (!within && !without) return [];
    const name = KINDS.get(kind).title.toLowerCase();
    if (!without) return [`${name} ${within}`];
    return [within ? `${name} ${within} but not ${without}` : `${name} not ${without}`];
  });
  return parts.join(chips?.all ? ", and " : ", or ");
}
