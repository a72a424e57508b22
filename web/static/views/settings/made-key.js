// A key that was just made, shown this once: it stays until one says that it is kept.

import { createStore, html, useLayoutEffect, useRef, useState } from "../../lib.js";
import { say } from "../../words.js";

/** The key that is not yet said to be kept, also while another view is shown; or null. */
export const made = createStore(null);

// Reloading the page would lose it.
addEventListener("beforeunload", (event) => {
  if (made.get()) event.preventDefault();
});

export function MadeKey({ made: key }) {
  const [said, setSaid] = useState("");
  const title = useRef(null);
  const field = useRef(null);
  useLayoutEffect(() => title.current.focus(), [key]);
  const copy = async () => {
    field.current.select();
    // Browsers have no clipboard for pages that came over plain HTTP from elsewhere.
    const copied = await navigator.clipboard?.writeText(key.key).then(() => true, () => false);
    setSaid(say(copied ? "settings.copied" : "settings.copy_yourself"));
  };
  return html`
    <div class="made" role="group" aria-labelledby="made">
      <h3 id="made" tabindex="-1" ref=${title}>${say("settings.made", { k: key.name })}</h3>
      <p>${say("settings.once")}</p>
      <div class="secret">
        <textarea readonly rows="1" value=${key.key} ref=${field} aria-label=${say("settings.key")} spellcheck=${false}
          onFocus=${(event) => event.target.select()}></textarea>
        <button type="button" class="primary" onClick=${copy}>${say("settings.copy")}</button>
      </div>
      <p class="meta" role="status">${said}</p>
      <button type="button" onClick=${() => made.set(null)}>${say("settings.kept")}</button>
    </div>`;
}
