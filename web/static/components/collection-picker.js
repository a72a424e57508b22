// Chooses a collection: among those that there are, and, with `free`, by a new name.

import { useCollections } from "../collections.js";
import { html } from "../lib.js";
import { say } from "../words.js";

/** `all` offers all of them together, as an empty text. `free` takes any name. */
export function CollectionPicker({ value, onChange, label, labelUnseen, all = false, free = false }) {
  const names = (useCollections() ?? []).map(({ name }) => name);
  const listed = value && !names.includes(value) ? [value, ...names] : names;
  const change = (event) => onChange(event.target.value);
  return html`
    <label class="tool field"><span class=${labelUnseen ? "unseen" : ""}>${label}</span>
      ${free
        ? html`<input value=${value} list="collections" onInput=${change} maxlength="100"
            pattern="[A-Za-z0-9._\\-]+" autocomplete="off" spellcheck=${false} />
            <datalist id="collections">${names.map((name) => html`<option value=${name} />`)}</datalist>`
        : html`<select value=${value} onChange=${change}>
            ${all && html`<option value="">${say("frame.all_collections")}</option>`}
            ${listed.map((name) => html`<option value=${name}>${name}</option>`)}
          </select>`}
    </label>`;
}
