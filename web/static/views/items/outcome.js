// What was done, where the list alone does not show it.

import { Notice } from "../../components/notice.js";
import { html } from "../../lib.js";
import { link, linkHere } from "../../router.js";
import { say } from "../../words.js";

/** `deed`: {kind: "written", item}, {kind: "collection", name, n} or {kind: "many", n, kept, left}. */
export function Outcome({ deed, onClose }) {
  const whole = deed.kind !== "many" || (deed.kept.length === 0 && deed.left === 0);
  return html`
    <div class="outcome"><${Notice} key=${JSON.stringify(deed)} kind=${whole ? "success" : "warning"} focus>
      ${deed.kind === "written" && html`<${Written} item=${deed.item} />`}
      ${deed.kind === "collection" && html`<p>${say("items.dropped", { c: deed.name, n: deed.n })}</p>`}
      ${deed.kind === "many" && html`<${Many} deed=${deed} />`}
    <//>
    <button type="button" class="quiet" aria-label=${say("undo.close")} onClick=${onClose}>✕</button></div>`;
}

function Written({ item }) {
  return html`<p>${say("items.written", { t: item.question })}</p>
    <p><a href=${linkHere({ edit: item.id })}>${say("items.open")}</a>${" · "}
      <a href=${link("ask", { q: item.question, collection: item.collection })}>${say("items.try")}</a></p>`;
}

function Many({ deed }) {
  const changed = deed.kept.filter(({ error }) => error.status === 412);
  const failed = deed.kept.find(({ error }) => error.status !== 412);
  return html`<p>${say("items.deleted", { n: deed.n })}</p>
    ${changed.length > 0 && html`<p>${say("items.changed_since", { n: changed.length })}</p>`}
    ${failed && html`<p>${failed.error.message}</p>`}
    ${deed.left > 0 && html`<p>${say("items.stopped", { n: deed.left })}</p>`}`;
}
