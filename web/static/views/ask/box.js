// The box to ask in. Enter asks; Shift and Enter make a line.

import { html, useLayoutEffect, useRef } from "../../lib.js";
import { say } from "../../words.js";

export function Box({ question, busy }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    // On a phone the keyboard would cover half of the page.
    if (matchMedia("(min-width: 720px)").matches && !question.text) box.current.focus();
  }, []);
  const press = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    question.ask();
  };
  const submit = (event) => {
    event.preventDefault();
    question.ask();
  };
  return html`
    <form class="ask-box" role="search" onSubmit=${submit}>
      <label class="grow"><span class="unseen">${say("ask.question")}</span>
        <textarea id="question" rows="1" dir="auto" maxlength="10000" ref=${box} value=${question.text}
          placeholder=${say("ask.placeholder")} onKeyDown=${press} enterkeyhint="search"
          onInput=${(event) => question.write(event.target.value)}></textarea>
        <span class=${busy ? "thin-bar on" : "thin-bar"} aria-hidden="true"></span></label>
      <button class="primary">${say("ask.ask")}</button>
    </form>`;
}
