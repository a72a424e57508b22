// "This is wrong", and three ways out: mend this answer, say which item is right, write a new one.

import { get } from "../../api.js";
import { ItemForm } from "../../components/item-form.js";
import { ErrorNotice } from "../../components/notice.js";
import { html, useDebounced, useEffect, useLayoutEffect, useRef, useState } from "../../lib.js";
import { say } from "../../words.js";
import { addWording, offerUndoOf, takeWording } from "../../mending.js";

const SHOWN = 8;
const fold = (text) => text.normalize("NFC").trim().toLowerCase();

export function Wrong({ hit, asked, others, params, onEdit, onMended, onClose }) {
  const [writing, setWriting] = useState(false);
  const panel = useRef(null);
  useLayoutEffect(() => panel.current?.focus(), []);
  const press = (event) => event.key === "Escape" && !event.defaultPrevented && onClose();
  const written = (item) => onMended({ kind: "written", id: item.id });
  if (writing) return html`<${ItemForm} title=${say("found.write")} initial=${{ question: asked }}
    collection=${hit.collection} onSaved=${written} onClose=${() => setWriting(false)} />`;
  return html`
    <section class="form wrong-panel" ref=${panel} tabindex="-1" onKeyDown=${press} aria-label=${say("wrong.title")}>
      <h2>${say("wrong.title")}</h2>
      <div class="actions ways">
        <button type="button" onClick=${onEdit}>${say("wrong.mend")}</button>
        <button type="button" onClick=${() => setWriting(true)}>${say("wrong.write")}</button>
      </div>
      <${ChooseRight} hit=${hit} asked=${asked} others=${others} params=${params} onMended=${onMended}
        onClose=${onClose} />
    </section>`;
}

function ChooseRight({ hit, asked, others, params, onMended, onClose }) {
  const [text, setText] = useState("");
  const [picked, setPicked] = useState(null);
  const [error, setError] = useState(null);
  const has = hit.matched === "alternative" && fold(hit.matched_text) === fold(asked);
  const [take, setTake] = useState(has);
  const listed = useItems(text, others, params.get("collection"), hit.id);
  const again = () => onMended({ kind: "undone", id: null });
  const save = async () => {
    try {
      const { item, before } = await addWording(picked, asked);
      if (take) await takeWording(hit.id, asked);
      offerUndoOf(say("mend.joined"), item, before, again);
      onMended({ kind: "joined", id: item.id });
    } catch (caught) {
      setError(caught);
    }
  };
  return html`
    <fieldset>
      <legend>${say("wrong.choose")}</legend>
      <p class="meta">${say("wrong.gains", { t: asked })}</p>
      <input type="search" value=${text} placeholder=${say("wrong.search")} aria-label=${say("wrong.search")}
        onInput=${(event) => setText(event.target.value)} />
      ${listed.length === 0 && html`<p class="meta">${say("wrong.nothing")}</p>`}
      ${listed.map((one) => html`
        <label class="choice" key=${one.id}>
          <input type="radio" name=${`right-${hit.id}`} checked=${picked === one.id}
            onChange=${() => setPicked(one.id)} />
          <span><b dir="auto" class="stored">${one.question}</b>
            <span class="meta clamped" dir="auto">${one.answer}</span></span></label>`)}
      ${has && html`<label class="check"><input type="checkbox" checked=${take}
        onChange=${() => setTake(!take)} /> ${say("wrong.take", { t: hit.question })}</label>`}
      ${error && html`<${ErrorNotice} error=${error} focus />`}
      <div class="actions">
        ${picked !== null && html`<button type="button" class="primary" onClick=${save}>${say("item.save")}</button>`}
        <button type="button" onClick=${onClose}>${say("item.close")}</button>
      </div>
    </fieldset>`;
}

/** The other hits, or the items that have a text. */
function useItems(text, others, collection, but) {
  const [found, setFound] = useState(null);
  const load = useDebounced(async (asked) => {
    const { results } = await get("/items", { text: asked, collection, limit: SHOWN })
      .catch(() => ({ results: [] }));
    setFound(results.filter(({ id }) => id !== but));
  }, 250);
  useEffect(() => {
    if (text.trim()) load(text.trim());
    else {
      load.cancel();
      setFound(null);
    }
  }, [text]);
  return found ?? others.slice(0, SHOWN);
}
