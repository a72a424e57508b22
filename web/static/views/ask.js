// Ask: one box; first what a bot would do, then the hits.

import { html } from "../lib.js";
import { say } from "../words.js";

export default function Ask() {
  return html`<h1 tabindex="-1">${say("ask.title")}</h1>`;
}
