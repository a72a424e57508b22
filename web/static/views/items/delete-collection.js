// Deletes a collection, once its name was typed.

import { remove } from "../../api.js";
import { refreshCollections, useCollections } from "../../collections.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorNotice } from "../../components/notice.js";
import { html, useLayoutEffect, useRef, useState } from "../../lib.js";
import { go, link } from "../../router.js";
import { say } from "../../words.js";
import { Copies } from "./download.js";

export function DeleteCollection({ name, onDone }) {
  const [open, setOpen] = useState(false);
  const found = useCollections()?.find((one) => one.name === name);
  if (!found) return null;
  return html`
    <p class="end"><button type="button" class="danger" onClick=${() => setOpen(true)}>${say("items.drop", { c: name })}</button></p>
    ${open && html`<${Confirm} name=${name} count=${found.items} onDone=${onDone} onClose=${() => setOpen(false)} />`}`;
}

function Confirm({ name, count, onDone, onClose }) {
  const [typed, setTyped] = useState("");
  const [state, setState] = useState({});
  const field = useRef(null);
  useLayoutEffect(() => field.current.focus(), []);
  const drop = async (event) => {
    event.preventDefault();
    if (typed.trim() !== name) return setState({ wrong: true });
    setState({ busy: true });
    try {
      const { deleted } = await remove(`/collections/${encodeURIComponent(name)}`);
      refreshCollections();
      go(link("items"));
      return onDone({ kind: "collection", name, n: deleted });
    } catch (error) {
      return setState({ error });
    }
  };
  return html`
    <${Dialog} title=${say("items.drop", { c: name })} onClose=${onClose} actions=${html`
      <button form="drop" class="danger" disabled=${state.busy}>${say("items.drop_n", { n: count })}</button>`}>
      <p>${say("items.drop_what")}</p>
      <p class="meta">${say("items.copy_before")}</p><${Copies} name=${name} />
      ${state.error && html`<${ErrorNotice} error=${state.error} focus />`}
      <form id="drop" onSubmit=${drop}>
        <label class="field"><span>${say("items.type_name", { n: count, c: name })}</span>
          <input ref=${field} value=${typed} autocomplete="off" autocapitalize="none" spellcheck=${false} aria-invalid=${Boolean(state.wrong)}
            aria-describedby=${state.wrong && "drop-wrong"} onInput=${(event) => setTyped(event.target.value)} /></label>
        ${state.wrong && html`<p class="wrong" id="drop-wrong" role="alert">${say("items.other_name", { c: name })}</p>`}
      </form>
    <//>`;
}
