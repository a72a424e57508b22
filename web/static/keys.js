// Keys for the whole page: `/` goes to the box to ask in, `?` lists them. Neither counts inside a
// field, and both can be switched off (WCAG 2.1.4).

import { Dialog } from "./components/dialog.js";
import { createStore, html, render, useState, useStore } from "./lib.js";
import { go, link, present } from "./router.js";
import { say } from "./words.js";

const OFF = "keys-off";
const open = createStore(false);
const ROWS = ["ask", "help", "save", "close", "undo"];

function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false;
  }
}

function keep(off) {
  try {
    localStorage.setItem(OFF, off ? "yes" : "no");
  } catch {
    // The browser keeps nothing.
  }
}

function inField(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}

function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || inField(event.target)) return;
  if (isOff() || document.querySelector("dialog[open]")) return;
  if (event.key === "?") open.set(true);
  else if (event.key === "/") focusAsk();
  else return;
  event.preventDefault();
}

function focusAsk() {
  if (present().view !== "ask") go(link("ask", { collection: present().params.get("collection") }));
  // The view may have to be loaded first.
  const until = Date.now() + 5000;
  const look = () => {
    const box = document.getElementById("question");
    if (box) box.focus();
    else if (Date.now() < until) requestAnimationFrame(look);
  };
  look();
}

export const showKeys = () => open.set(true);

function Keys() {
  const shown = useStore(open);
  const [off, setOff] = useState(isOff);
  if (!shown) return null;
  const change = (event) => {
    setOff(!event.target.checked);
    keep(!event.target.checked);
  };
  return html`
    <${Dialog} title=${say("keys.title")} onClose=${() => open.set(false)}>
      <dl class="keys">
        ${ROWS.map((name) => html`
          <div><dt><kbd>${say(`keys.${name}_key`)}</kbd></dt><dd>${say(`keys.${name}`)}</dd></div>`)}
      </dl>
      <label class="check"><input type="checkbox" checked=${!off} onChange=${change} />
        ${say("keys.on")}</label>
    <//>`;
}

export function startKeys() {
  document.addEventListener("keydown", press);
  render(html`<${Keys} />`, document.getElementById("help"));
}
