// The form of the item that the address names, and what follows when it closes.

import { EditItem, ItemForm } from "../../components/item-form.js";
import { refreshCollections } from "../../collections.js";
import { html } from "../../lib.js";
import { offerUndoOf } from "../../mending.js";
import { go, linkHere } from "../../router.js";
import { may } from "../../session.js";
import { say } from "../../words.js";
import { deleteLater } from "./deleting.js";
import { showTop } from "./loading.js";

/** `id`: of the item, or "new". `item`: as the list has it, where it does. */
export function Editing({ id, item, params, onDone }) {
  if (!may("editor")) return null;
  const close = () => closeForm(id);
  const saved = (now, before) => {
    close();
    refreshCollections();
    if (!before) return onDone({ kind: "written", item: now });
    if (now !== before) offerUndoOf(say("mend.saved"), now, before, () => onDone(null));
    return onDone(null);
  };
  const drop = () => {
    go(linkHere({ edit: null }), { replace: true });
    deleteLater([item], () => onDone(null));
    showTop();
  };
  if (id === "new") return html`
    <${ItemForm} title=${say("items.new")} focus="question" initial=${{}} collection=${params.get("collection") ?? ""}
      onSaved=${saved} onClose=${close} />`;
  return html`
    <${EditItem} id=${id} title=${say("item.edit")} onSaved=${saved} onClose=${close}>
      ${item && html`<button type="button" class="danger aside" onClick=${drop}>${say("items.delete")}</button>`}
    <//>`;
}

/** Close the form, and go back to the row that it was opened from. */
function closeForm(id) {
  go(linkHere({ edit: null }), { replace: true });
  requestAnimationFrame(() => document.querySelector(`[data-edit="${CSS.escape(id)}"]`)?.focus());
}
