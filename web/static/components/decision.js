// What a bot would do with a question, said before anything else.

import { list, say } from "../words.js";
import { html } from "../lib.js";
import { ConfidenceBar } from "./bars.js";

export function decisionText(reply) {
  const n = Math.min(3, reply.results.length);
  return say(`decision.${reply.decision}`, { n });
}

/** `reply`: what POST /search answered. `differing`: words that tell the first hits apart. */
export function Decision({ reply, differing = [] }) {
  const words = differing.map((set) => [...set].join(" ")).filter(Boolean);
  return html`
    <section class=${`decision ${reply.decision}`} aria-label=${say("decision.label")}>
      <span class="sign" aria-hidden="true"></span>
      <div>
        <p class="verdict">${decisionText(reply)}</p>
        ${reply.decision === "ambiguous" && words.length > 1 && html`
          <p class="meta">${say("decision.differ", { words: list(words) })}</p>`}
      </div>
      ${reply.best && html`
        <${ConfidenceBar} confidence=${reply.confidence} line=${reply.thresholds.answer} />`}
    </section>`;
}
