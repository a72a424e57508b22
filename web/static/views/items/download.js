// A copy of a collection as a file: to be uploaded again, or for a spreadsheet.

import { html, useRef } from "../../lib.js";
import { say } from "../../words.js";

const EXCEL = "?delimiter=;&bom=true&spreadsheet_safe=true";

const addressOf = (name) => `/collections/${encodeURIComponent(name)}/export`;

/** The two files, as links. */
export function Copies({ name }) {
  return html`
    <ul class="copies">
      <li><a href=${addressOf(name)} download>${say("items.csv")}</a> <span class="meta">${say("items.csv_what")}</span></li>
      <li><a href=${addressOf(name) + EXCEL} download>${say("items.excel")}</a> <span class="meta">${say("items.excel_what")}</span></li>
    </ul>`;
}

export function Download({ params }) {
  const name = params.get("collection");
  const menu = useRef(null);
  const press = (event) => {
    if (event.key !== "Escape" || !menu.current.open) return;
    menu.current.open = false;
    menu.current.querySelector("summary").focus();
  };
  const leave = (event) => {
    if (!menu.current.contains(event.relatedTarget)) menu.current.open = false;
  };
  return html`
    <details class="menu" ref=${menu} onKeyDown=${press} onFocusOut=${leave}>
      <summary class="button">${say("items.download")}</summary>
      <div class="sheet" tabindex="-1">
        ${name
          ? html`<p>${say("items.whole", { c: name })}</p><${Copies} name=${name} />`
          : html`<p>${say("items.choose_first")}</p>`}
      </div>
    </details>`;
}
