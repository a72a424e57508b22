// A hit with what can be done about it: edit it, add these words to it, say that it is wrong.

import { EditItem } from "../../components/item-form.js";
import { ErrorNotice } from "../../components/notice.js";
import { Result } from "../../components/result.js";
import { html, useEffect, useState } from "../../lib.js";
import { linkHere } from "../../router.js";
import { may } from "../../session.js";
import { say } from "../../words.js";
import { addWording, offerUndoOf } from "../../mending.js";
import { Wrong } from "./wrong.js";

const withFilter = (name, value) => linkHere({ [`f.${name}`]: value, n: null });

export function Hit({ hit, place, marked, asked, others, params, onMended }) {
  const [open, setOpen] = useState(null);
  const [error, setError] = useState(null);
  const again = () => onMended({ kind: "undone", id: null });
  useEffect(() => {
    setOpen(null);
    setError(null);
  }, [asked]);
  const mended = (deed) => {
    setOpen(null);
    onMended(deed);
  };
  const saved = (item, before) => {
    offerUndoOf(say("mend.saved"), item, before, again);
    mended({ kind: "saved", id: item.id });
  };
  const join = async () => {
    try {
      const { item, before } = await addWording(hit.id, asked);
      offerUndoOf(say("mend.joined"), item, before, again);
      onMended({ kind: "joined", id: item.id });
    } catch (caught) {
      setError(caught);
    }
  };
  const close = () => {
    setOpen(null);
    // The panel had the focus.
    document.querySelector(`[data-id="${hit.id}"] [aria-expanded=true]`)?.focus();
  };
  const buttons = may("editor") && html`<${Buttons} open=${open} onOpen=${setOpen} onJoin=${join}
    hit=${hit} joins=${canJoin(hit, asked)} />`;
  return html`
    <${Result} hit=${hit} place=${place} marked=${marked} fieldLink=${withFilter} actions=${buttons}>
      ${error && html`<${ErrorNotice} error=${error} focus />`}
      ${open === "edit" && html`<${EditItem} id=${hit.id} title=${say("item.edit")} onSaved=${saved} onClose=${close} />`}
      ${open === "wrong" && html`<${Wrong} hit=${hit} asked=${asked} others=${others} params=${params}
        onEdit=${() => setOpen("edit")} onMended=${mended} onClose=${close} />`}
    <//>`;
}

const fold = (text) => text.normalize("NFC").trim().toLowerCase();

/** Return whether the item lacks the asked words, as far as the hit says. */
function canJoin(hit, asked) {
  return fold(hit.question) !== fold(asked) && fold(hit.matched_text ?? "") !== fold(asked);
}

function Buttons({ open, onOpen, onJoin, joins, hit }) {
  const toggle = (name) => onOpen(open === name ? null : name);
  return html`
    <div class="actions" role="group" aria-label=${say("hit.acts", { t: hit.question })}>
      <button type="button" class="small" aria-expanded=${open === "edit"}
        onClick=${() => toggle("edit")}>${say("hit.edit")}</button>
      <button type="button" class="small" aria-expanded=${open === "wrong"}
        onClick=${() => toggle("wrong")}>${say("hit.wrong")}</button>
      ${joins && html`<button type="button" class="small" onClick=${onJoin}>${say("hit.join")}</button>`}
    </div>`;
}
