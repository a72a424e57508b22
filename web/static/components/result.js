// A hit of a search: question, answer, how near it is, what matched, and what can be done with it.

import { html } from "../lib.js";
import { say } from "../words.js";
import { DistanceBar } from "./bars.js";
import { LongText } from "./long-text.js";
import { Marked } from "./marked.js";

/**
 * `marked`: words that tell it from its neighbours. `fieldLink(name, value)`: where one of its other
 * fields leads. `actions`: its buttons; the children are what they open.
 */
export function Result({ hit, place, marked = null, fieldLink, actions, children }) {
  const fields = Object.entries(hit.metadata).filter(([, value]) => value !== "");
  return html`
    <li class="result" data-id=${hit.id}>
      <div class="head">
        <h2><span class="place">${place}</span> <${Marked} text=${hit.question} words=${marked} /></h2>
        <${DistanceBar} distance=${hit.distance} />
      </div>
      <${LongText} text=${hit.answer} />
      <div class="foot"><p class="meta facts"><span>${hit.collection}</span>
        ${fields.map(([name, value]) => html`<span key=${name} dir="auto">${fieldLink
          ? html`<a href=${fieldLink(name, value)}>${name}: ${value}</a>` : `${name}: ${value}`}</span>`)}
        <span>${describeMatch(hit)}</span></p>
      ${actions}</div>
      ${children}
    </li>`;
}

function describeMatch({ matched, matched_text: text }) {
  return say(`matched.${matched}`, { t: text ?? "" });
}
