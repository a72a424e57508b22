// The form of a new key.

import { post } from "../../api.js";
import { useDraft } from "../../drafts.js";
import { html } from "../../lib.js";
import { say } from "../../words.js";
import { Form, LimitField, NO_LIMIT, RoleField, TextField, toCollections } from "./form.js";
import { useSending } from "./loading.js";

const DAYS = [30, 90, 365];
const EMPTY = { name: "", role: "reader", limit: NO_LIMIT, lasts: "never", date: "" };

export function NewKey({ onDone, onClose }) {
  const [draft, write, drop] = useDraft("key", EMPTY);
  const sending = useSending();
  const change = (next) => write({ ...draft, ...next });
  const send = () => sending.send(async () => {
    const { name, role, limit } = draft;
    const key = await post("/keys", { name, role, collections: toCollections(limit), expires_at: findEnd(draft) });
    drop();
    onDone(key);
  });
  return html`
    <${Form} title=${say("settings.new_key")} sending=${sending} sendText=${say("settings.create")} onSend=${send} onClose=${onClose}>
      <${TextField} label=${say("settings.key_for")} name="name" value=${draft.name} onInput=${(name) => change({ name })} sending=${sending} maxlength="100" />
      <${RoleField} value=${draft.role} onChange=${(role) => change({ role })} />
      <${LimitField} value=${draft.limit} onChange=${(limit) => change({ limit })} sending=${sending} />
      <label class="field short"><span>${say("settings.until")}</span>
        <select value=${draft.lasts} onChange=${(event) => change({ lasts: event.target.value })}>
          <option value="never">${say("settings.never")}</option>
          ${DAYS.map((n) => html`<option value=${String(n)}>${say("settings.days", { n })}</option>`)}
          <option value="date">${say("settings.on_date")}</option>
        </select></label>
      ${draft.lasts === "date" && html`<div class="short"><${TextField} label=${say("settings.date")} name="expires_at" type="date"
        value=${draft.date} onInput=${(date) => change({ date })} sending=${sending} /></div>`}
    <//>`;
}

/** Return until when a key is valid, or null; a date counts to its last second where one lives. */
function findEnd({ lasts, date }) {
  if (lasts === "never") return null;
  if (lasts !== "date") return new Date(Date.now() + Number(lasts) * 86_400_000).toISOString();
  const end = new Date(`${date}T23:59:59`);
  // The service says what is wrong with it.
  return Number.isNaN(end.getTime()) ? date : end.toISOString();
}
