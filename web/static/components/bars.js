// Bars beside numbers. They are decoration: what they show stands in words beside them.

import { html, useLayoutEffect, useRef } from "../lib.js";
import { decimal, percent, say } from "../words.js";

// From this distance on, a bar is empty; the same scale in every list.
const FAR = 0.4;

/** Return a ref that sets a variable of CSS; the policy of the page forbids style="…". */
export function useVariables(variables) {
  const element = useRef(null);
  useLayoutEffect(() => {
    for (const [name, value] of Object.entries(variables)) {
      element.current?.style.setProperty(name, value);
    }
  });
  return element;
}

function Bar({ part, line = null, kind = "" }) {
  const element = useVariables({ "--part": String(part), "--line": String(line ?? 0) });
  return html`
    <span class=${`bar ${kind}`} ref=${element} aria-hidden="true">
      <span class="fill"></span>${line !== null && html`<span class="tick"></span>`}
    </span>`;
}

export function DistanceBar({ distance }) {
  const part = Math.min(1, Math.max(0, 1 - distance / FAR));
  return html`
    <span class="measure"><span>${say("bars.distance", { d: decimal(distance) })}</span>
      <${Bar} part=${part} /></span>`;
}

/** `line`: from this confidence on, the decision is to answer. */
export function ConfidenceBar({ confidence, line }) {
  return html`
    <span class="measure"><span>${say("bars.confidence", { p: percent(confidence) })}</span>
      <${Bar} part=${confidence} line=${line} kind="confidence" />
      <span class="meta">${say("bars.line", { p: percent(line) })}</span></span>`;
}

/** `part`: 0 to 1, or null where it is not known. `label` names what goes on. */
export function ProgressBar({ part, label, children }) {
  return html`
    <div class="progress">
      <label><span>${label}</span>
        <progress max="1" value=${part === null ? undefined : part}></progress></label>
      ${children && html`<span class="meta">${children}</span>`}
    </div>`;
}
