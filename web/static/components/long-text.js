// A stored text that shows its first lines, and all of it on a button. Addresses in it are links.

import { html, useLayoutEffect, useRef, useState } from "../lib.js";
import { say } from "../words.js";

// A bracket at the end belongs to the address only if it was opened there.
const ADDRESS = /\bhttps?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>".,;:!?()]|\([^\s<>"()]*\))/g;

/** Return a text as children: links where it has addresses of the web, else text. */
export function withLinks(text) {
  const pieces = [];
  let end = 0;
  for (const found of text.matchAll(ADDRESS)) {
    pieces.push(text.slice(end, found.index));
    pieces.push(html`<a href=${found[0]} rel="noopener noreferrer" target="_blank">${found[0]}</a>`);
    end = found.index + found[0].length;
  }
  pieces.push(text.slice(end));
  return pieces;
}

export function LongText({ text }) {
  const [open, setOpen] = useState(false);
  const [cut, setCut] = useState(false);
  const element = useRef(null);
  useLayoutEffect(() => {
    const { scrollHeight, clientHeight } = element.current;
    setCut(scrollHeight > clientHeight + 1);
  }, [text]);
  return html`
    <div class="long">
      <p class=${open ? "stored" : "stored clamped"} dir="auto" ref=${element}>${withLinks(text)}</p>
      ${(cut || open) && html`<button type="button" class="link" aria-expanded=${open}
        onClick=${() => setOpen(!open)}>${say(open ? "long.less" : "long.all")}</button>`}
    </div>`;
}
