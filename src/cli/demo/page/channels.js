// The channels of the page: which messages each holds, which one is shown, what is unread and where the reader is.

import { make } from "./parts.js";

/** What a channel keeps on the page; older messages go. */
const KEPT = 300;
/** Within this many pixels of the end, the reader counts as being at the end. */
const NEAR = 48;

export class Channels {
  #document;
  #parts;
  #channels = new Map();
  #shown = "General";
  #chosen = false;
  #following = true;
  #below = 0;
  #top = 0;

  /** `parts`: the elements `rail`, `name`, `scroller`, `empty` and `newer`. */
  constructor(document, parts) {
    this.#document = document;
    this.#parts = parts;
    parts.scroller.addEventListener("scroll", () => this.#scrolled());
    parts.scroller.addEventListener("toggle", () => this.#settled(), { capture: true });
    parts.newer.addEventListener("click", () => this.#toEnd());
    new ResizeObserver(() => this.#following && this.#toEnd("instant")).observe(parts.scroller);
    this.show(this.#shown);
  }

  /** Puts a message at the end of its channel. */
  add(name, item) {
    const channel = this.#channel(name);
    const untouched = !this.#chosen && this.#channel(this.#shown).list.childElementCount === 0;
    channel.list.append(item);
    if (channel.list.childElementCount > KEPT) channel.list.firstElementChild.remove();
    if (name !== this.#shown && untouched) return this.show(name);
    if (name !== this.#shown) channel.unread += 1;
    else if (this.#following) this.#toEnd();
    else this.#below += 1;
    this.#refresh();
  }

  /** Shows a channel from its end. */
  show(name) {
    this.#shown = name;
    const channel = this.#channel(name);
    channel.unread = 0;
    for (const [other, { list }] of this.#channels) list.hidden = other !== name;
    this.#parts.name.textContent = name;
    this.#refresh();
    this.#toEnd("instant");
  }

  /** Forgets every message; the channels stay. */
  clear() {
    for (const channel of this.#channels.values()) {
      channel.list.replaceChildren();
      channel.unread = 0;
    }
    this.#below = 0;
    this.#following = true;
    this.#refresh();
  }

  #channel(name) {
    const known = this.#channels.get(name);
    if (known) return known;
    const list = make(this.#document, "ol", "messages");
    list.hidden = name !== this.#shown;
    const label = make(this.#document, "span", "channel-label", name);
    const count = make(this.#document, "span", "unread");
    const button = make(this.#document, "button", "channel-button", label, count);
    button.type = "button";
    button.addEventListener("click", () => {
      this.#chosen = true;
      this.show(name);
    });
    const channel = { list, button, count, unread: 0 };
    this.#channels.set(name, channel);
    this.#parts.scroller.append(list);
    this.#parts.rail.append(make(this.#document, "li", "", button));
    return channel;
  }

  #refresh() {
    const { empty, newer } = this.#parts;
    for (const [name, { button, count, unread }] of this.#channels) {
      if (name === this.#shown) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      button.classList.toggle("channel-unread", unread > 0);
      count.replaceChildren(...(unread > 0 ? [String(unread), make(this.#document, "span", "hidden-label", " unread")] : []));
    }
    empty.hidden = this.#channels.get(this.#shown).list.childElementCount > 0;
    newer.hidden = this.#below === 0;
    newer.textContent = `${this.#below} new`;
  }

  /** Only going up stops following: on the way down a gentle scroll is still under way. */
  #scrolled() {
    const { scroller } = this.#parts;
    if (this.#atEnd()) this.#arrived();
    else if (scroller.scrollTop < this.#top) this.#following = false;
    this.#top = scroller.scrollTop;
  }

  /** A disclosure that opens makes the channel longer: whoever reads it is not at the end any more. */
  #settled() {
    this.#following = this.#atEnd();
  }

  #atEnd() {
    const { scroller } = this.#parts;
    return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop < NEAR;
  }

  #arrived() {
    this.#following = true;
    if (this.#below === 0) return;
    this.#below = 0;
    this.#refresh();
  }

  #toEnd(behavior = "smooth") {
    const { scroller } = this.#parts;
    this.#arrived();
    this.#top = 0;
    const gentle = behavior === "smooth" && !this.#document.defaultView.matchMedia("(prefers-reduced-motion: reduce)").matches;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: gentle ? "smooth" : "instant" });
  }
}
