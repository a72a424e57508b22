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
 * Both may return a promise. Where `commit` fails, `undo()` is called and the bar says why; where
 * `undo` fails, the button stays.
 */
export function offerUndo({ text, undo, commit = () => {} }) {
  finish();
  tell({ text, undo, commit });
}

async function finish(leaving = false) {
  const deed = offered.get();
  offered.set(null);
  try {
    await deed?.commit({ leaving });
  } catch (error) {
    await deed.undo();
    tell({ text: error.message, undo: null, commit: () => {} });
  }
}

async function takeBack(deed) {
  offered.set(null);
  try {
    await deed.undo();
  } catch (error) {
    tell({ ...deed, text: error.message });
  }
}

function tell(deed) {
  offered.set(deed);
  announce(deed.text);
}

/** Ctrl+Z takes back, as ten seconds are few to get to the button by Tab; in a field it is the browser's. */
function pressUndo(event) {
  const deed = offered.get();
  if (!deed?.undo || event.key.toLowerCase() !== "z" || event.shiftKey || !(event.ctrlKey || event.metaKey)) return;
  if (event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea")) return;
  event.preventDefault();
  takeBack(deed);
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
  return html`
    <div class="undo" role="region" aria-label=${say("undo.label")} onMouseEnter=${() => setHeld(true)} onMouseLeave=${() => setHeld(false)}
      onFocusIn=${() => setHeld(true)} onFocusOut=${() => setHeld(false)}>
      <span>${deed.text}</span>
      ${deed.undo && html`<button type="button" onClick=${() => takeBack(deed)}>${say("undo.undo")}</button>`}
      <button type="button" class="quiet" onClick=${() => finish()}>${say("undo.close")}</button>
    </div>`;
}

export function startUndo() {
  addEventListener("pagehide", () => finish(true));
  document.addEventListener("keydown", pressUndo);
  render(html`<${UndoBar} />`, document.getElementById("undo"));
}
