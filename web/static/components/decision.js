// What a bot would do with a question, said before anything else.

import { html } from "../lib.js";
import { say } from "../words.js";
import { ConfidenceBar } from "./bars.js";

export function decisionText(reply) {
  const n = Math.min(3, reply.results.length);
  return say(`decision.${reply.decision}`, { n });
}

/** `reply`: what POST /search answered. `differing`: texts that tell the first hits apart. */
export function Decision({ reply, differing = [] }) {
  return html`
    <section class=${`decision ${reply.decision}`} aria-label=${say("decision.label")}>
      <span class="sign" aria-hidden="true"></span>
      <div>
        <p class="verdict">${decisionText(reply)}</p>
        ${reply.decision === "answer" && html`<p class="stored" dir="auto">${reply.best.question}</p>`}
        ${differing.length > 1 && html`<p class="meta">${say("decision.differ")} ${differing.map((words, n) =>
          html`${n > 0 && " / "}<strong>${words}</strong>`)}</p>`}
      </div>
      ${reply.best && html`
        <${ConfidenceBar} confidence=${reply.confidence} line=${reply.thresholds.answer} />`}
    </section>`;
}
