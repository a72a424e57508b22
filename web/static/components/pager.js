// Which part of a list is shown, with links to the parts beside it.

import { html } from "../lib.js";
import { linkHere } from "../router.js";
import { number, say } from "../words.js";

/** `page` counts from 1; `size` entries each. The address has it under `name`. */
export function Pager({ page, size, total, name = "page" }) {
  const from = (page - 1) * size + 1;
  const to = Math.min(page * size, total);
  if (total === 0) return null;
  return html`
    <nav class="pager" aria-label=${say("pager.label")}>
      ${page > 1 && html`<a class="button" rel="prev"
        href=${linkHere({ [name]: page > 2 ? page - 1 : null })}>${say("pager.previous")}</a>`}
      <span>${say("pager.shown", { from: number(from), to: number(to), n: total })}</span>
      ${to < total && html`<a class="button" rel="next"
        href=${linkHere({ [name]: page + 1 })}>${say("pager.next")}</a>`}
    </nav>`;
}
