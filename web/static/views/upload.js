// Upload: a file is chosen, checked and sent; then its job is watched, and rejected rows are mended.
// Its address: /?view=upload&collection=…, and /?view=upload&job=…&page=2.

import { html, useEffect, useRef, useStore } from "../lib.js";
import { say } from "../words.js";
import { draft } from "./upload/draft.js";
import { Choose, Prepare, useHandedOver } from "./upload/prepare.js";
import { Result } from "./upload/result.js";

const STEPS = ["file", "check", "result"];

export default function Upload({ params }) {
  const given = useStore(draft);
  const job = params.get("job");
  useHandedOver();
  const step = job ? 2 : Number(Boolean(given));
  useFocusOnChange(`${step} ${job}`);
  return html`
    <h1 tabindex="-1">${say("upload.title")}</h1>
    <ol class="steps">${STEPS.map((name, n) => html`
      <li key=${name} class=${n < step ? "past" : ""} aria-current=${n === step ? "step" : undefined}>
        <span class="number" aria-hidden="true">${n + 1}</span> ${say(`upload.step_${name}`)}</li>`)}</ol>
    ${job ? html`<${Result} key=${job} id=${job} params=${params} />`
      : given ? html`<${Prepare} key=${given.source} params=${params} />` : html`<${Choose} />`}`;
}

/** Bring the focus to the heading when the next step begins: what had it is gone. */
function useFocusOnChange(step) {
  const before = useRef(step);
  useEffect(() => {
    if (before.current !== step) {
      scrollTo(0, 0);
      document.querySelector("main h1").focus({ preventScroll: true });
    }
    before.current = step;
  }, [step]);
}
