// Where the rows go: into which collection, and what becomes of what it holds.

import { useCollections } from "../../collections.js";
import { Dialog } from "../../components/dialog.js";
import { html, useEffect, useState } from "../../lib.js";
import { go, linkHere } from "../../router.js";
import { session } from "../../session.js";
import { say } from "../../words.js";
import { isName } from "./check.js";

const MODES = ["upsert", "append", "replace"];
const NEW = "\n";

/** Return a name for a collection by that of a file; "" if nothing of it can be taken. */
function proposeName(filename) {
  const stem = filename.replace(/(\.[a-z0-9]{1,5})+$/i, "").normalize("NFD").replace(/\p{M}/gu, "");
  return stem.toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[-._]+|[-._]+$/g, "").slice(0, 100);
}

function propose(filename, names) {
  const proposed = proposeName(filename);
  if (names.includes(proposed) || (names.length === 0 && proposed)) return proposed;
  const begun = names.filter((name) => proposed.startsWith(`${name.toLowerCase()}-`));
  if (begun.length === 1) return begun[0];
  return names.length === 1 ? names[0] : (proposed || "default");
}

/** Return `[collection, setCollection, names]`; the address keeps it. `names` is null at first. */
export function useTarget(filename, params) {
  const held = useCollections()?.map(({ name }) => name) ?? null;
  const names = session.collections ?? held;
  const asked = params.get("collection");
  const [typed, setTyped] = useState(null);
  const choose = (name) => {
    setTyped(name);
    go(linkHere({ collection: isName(name) ? name : null }), { replace: true });
  };
  // The collection of the frame was chosen.
  useEffect(() => {
    if (asked) setTyped(asked);
  }, [asked]);
  return [typed ?? asked ?? (names ? propose(filename, names) : ""), choose, names];
}

export function Target({ collection, onCollection, names, mode, onMode }) {
  return html`
    <div class="target">
      <${Collection} value=${collection} onChange=${onCollection} names=${names ?? []} />
      <fieldset class="modes"><legend>${say("upload.mode")}</legend>
        ${MODES.map((one) => html`
          <label class="check" key=${one}><input type="radio" name="mode" value=${one} checked=${mode === one}
            onChange=${() => onMode(one)} /><span>${say(`upload.mode_${one}`)}
            <span class="meta">${say(`upload.mode_${one}_what`)}</span></span></label>`)}
      </fieldset>
    </div>`;
}

function Collection({ value, onChange, names }) {
  const [fresh, setFresh] = useState(false);
  const isNew = fresh || !names.includes(value);
  const choose = (event) => {
    setFresh(event.target.value === NEW);
    onChange(event.target.value === NEW ? "" : event.target.value);
  };
  const wrong = isNew && !isName(value);
  return html`
    <div>
      ${(names.length > 0) && html`<label class="field"><span>${say("upload.collection")}</span>
        <select value=${isNew ? NEW : value} onChange=${choose}>
          ${names.map((name) => html`<option value=${name}>${name}</option>`)}
          ${(!session.collections || isNew) && html`<option value=${NEW}>${say("upload.new_collection")}</option>`}
        </select></label>`}
      ${isNew && html`<label class="field"><span>${say("upload.collection_name")}</span>
        <input value=${value} maxlength="100" autocomplete="off" spellcheck=${false} aria-invalid=${wrong}
          aria-describedby=${wrong ? "collection-wrong" : undefined}
          onInput=${(event) => onChange(event.target.value)} /></label>
        ${wrong && html`<p class="wrong" id="collection-wrong">${say("upload.collection_wrong")}</p>`}`}
    </div>`;
}

/** Asks before items are deleted. `n`: how many. */
export function ReplaceDialog({ collection, n, onReplace, onClose }) {
  const copy = `/collections/${encodeURIComponent(collection)}/export`;
  return html`
    <${Dialog} title=${say("upload.replace_title", { c: collection })} onClose=${onClose} actions=${html`
      <button type="button" class="danger" onClick=${onReplace}>${say("upload.replace_do", { n })}</button>
      <a class="button" href=${copy} download>${say("upload.replace_copy")}</a>`}>
      <p>${say("upload.replace_said", { n })}</p>
    <//>`;
}
