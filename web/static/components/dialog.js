// A modal dialog, for what can't be undone and for help. Esc closes it.

import { html, useLayoutEffect, useRef } from "../lib.js";
import { say } from "../words.js";

let numbers = 0;

/** `actions`: buttons before the one that closes. */
export function Dialog({ title, onClose, children, actions, closeText }) {
  const dialog = useRef(null);
  const id = useRef(`dialog-${(numbers += 1)}`);
  // Before anybody can type: later, what is typed would go to what lies under it.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`
    <dialog ref=${dialog} aria-labelledby=${id.current} onCancel=${cancel}>
      <h2 id=${id.current}>${title}</h2>
      ${children}
      <div class="actions">${actions}
        <button type="button" onClick=${onClose}>${closeText ?? say("dialog.back")}</button></div>
    </dialog>`;
}
