// What mending did to the answer: before and after, and plainly if it is still not right.

import { decisionText } from "../../components/decision.js";
import { Notice } from "../../components/notice.js";
import { html } from "../../lib.js";
import { percent, say } from "../../words.js";

/** `deed`: {kind, id, before}: `id` is the item that should be the answer. `after`: a reply. */
export function Outcome({ deed, after, onClose }) {
  if (!after) return null;
  const right = after.decision === "answer" && after.best?.id === deed.id;
  const kind = deed.kind === "undone" ? "info" : right ? "success" : "warning";
  return html`
    <div class="outcome"><${Notice} kind=${kind} focus>
      <p><strong>${say(`outcome.${deed.kind}`)}</strong>
        ${kind === "warning" && html` ${say(describeLack(deed, after))}`}</p>
      <dl class="turn">
        ${deed.before && html`<div><dt>${say("outcome.before")}</dt><dd>${describe(deed.before)}</dd></div>`}
        <div><dt>${say("outcome.after")}</dt><dd>${describe(after)}</dd></div>
      </dl>
    <//>
    <button type="button" class="quiet" aria-label=${say("undo.close")} onClick=${onClose}>✕</button></div>`;
}

function describeLack({ id }, after) {
  return after.best?.id === id ? "outcome.unsure" : "outcome.other_first";
}

function describe(reply) {
  const said = decisionText(reply);
  if (reply.decision !== "answer") return said;
  return say("outcome.answered", { d: said, t: reply.best.question, p: percent(reply.confidence) });
}
