// Deeds that wait: the bar says what happened and offers to undo it for ten seconds; then, or on
// leaving the page, the deed is done.

import { createStore, html, render, useEffect, useRef, useState, useStore } from "./lib.js";
import { announce } from "./live.js";
import { say } from "./words.js";

const SECONDS = 10;
const offered = createStore(null);

/**
 * Say `text`, with a button. `undo()` is called on the button; `commit({leaving})` otherwise.
 * While the page is left, send with `keepalive`. An edit that was saved already has no `commit`.
 */
export function offerUndo({ text, undo, commit = () => {} }) {
  finish();
  offered.set({ text, undo, commit });
  announce(text);
}

function finish(leaving = false) {
  const deed = offered.get();
  offered.set(null);
  deed?.commit({ leaving });
}

function UndoBar() {
  const deed = useStore(offered);
  const [held, setHeld] = useState(false);
  const left = useRef(SECONDS);
  useEffect(() => {
    left.current = SECONDS;
    setHeld(false);
  }, [deed]);
  useEffect(() => {
    if (!deed || held) return undefined;
    const timer = setInterval(() => {
      if (document.hidden) return;
      left.current -= 1;
      if (left.current <= 0) finish();
    }, 1000);
    return () => clearInterval(timer);
  }, [deed, held]);
  if (!deed) return null;
  const takeBack = () => {
    offered.set(null);
    deed.undo();
  };
  return html`
    <div class="undo" role="region" aria-label=${say("undo.label")} onMouseEnter=${() => setHeld(true)} onMouseLeave=${() => setHeld(false)}
      onFocusIn=${() => setHeld(true)} onFocusOut=${() => setHeld(false)}>
      <span>${deed.text}</span>
      <button type="button" onClick=${takeBack}>${say("undo.undo")}</button>
      <button type="button" class="quiet" onClick=${() => finish()}>${say("undo.close")}</button>
    </div>`;
}

export function startUndo() {
  addEventListener("pagehide", () => finish(true));
  render(html`<${UndoBar} />`, document.getElementById("undo"));
}
