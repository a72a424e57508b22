// Asks before what can't be undone; its button names the deed.

import { Dialog } from "../../components/dialog.js";
import { ErrorNotice } from "../../components/notice.js";
import { html } from "../../lib.js";
import { useSending } from "./loading.js";

/** `act()` does it, and may throw a ServiceError. */
export function Confirm({ title, text, button, act, onClose }) {
  const sending = useSending();
  return html`
    <${Dialog} title=${title} onClose=${onClose} actions=${html`
      <button type="button" class="danger" disabled=${sending.busy} onClick=${() => sending.send(act)}>${button}</button>`}>
      <p>${text}</p>
      ${sending.error && html`<${ErrorNotice} error=${sending.error} focus />`}
    <//>`;
}
