// Two versions of an item that two people changed at once, side by side.

import { differingWords } from "../diff.js";
import { html } from "../lib.js";
import { date, say } from "../words.js";
import { Marked } from "./marked.js";
import { Notice } from "./notice.js";

const asText = (value) => {
  if (Array.isArray(value)) return value.join("\n");
  if (typeof value === "object") return Object.entries(value).map(([k, v]) => `${k}: ${v}`).join("\n");
  return value;
};

const PARTS = ["question", "alternatives", "answer", "metadata"];
const LABELS = {
  question: "item.question", alternatives: "item.alternatives", answer: "item.answer",
  metadata: "item.fields",
};

/** `mine` and `theirs`: items. */
export function Conflict({ mine, theirs, onKeepMine, onTakeTheirs }) {
  const differing = PARTS.filter((part) => asText(mine[part]) !== asText(theirs[part]));
  const marks = Object.fromEntries(differing.map((part) =>
    [part, differingWords([asText(mine[part]), asText(theirs[part])])]));
  return html`
    <${Notice} kind="warning" focus>
      <p>${say("conflict.said", { h: date(theirs.updated_at) })}</p>
      <div class="versions">
        <${Version} title=${say("conflict.mine")} item=${mine} parts=${differing} marks=${marks} side=${0} />
        <${Version} title=${say("conflict.theirs")} item=${theirs} parts=${differing} marks=${marks} side=${1} />
      </div>
      <div class="actions">
        <button type="button" onClick=${onKeepMine}>${say("conflict.keep_mine")}</button>
        <button type="button" onClick=${onTakeTheirs}>${say("conflict.take_theirs")}</button>
      </div>
    <//>`;
}

function Version({ title, item, parts, marks, side }) {
  return html`
    <div><h3>${title}</h3>
      ${parts.map((part) => html`
        <p class="meta">${say(LABELS[part])}</p>
        <p><${Marked} text=${asText(item[part])} words=${marks[part][side]} /></p>`)}
    </div>`;
}
