// Which column is which: a choice above each, and the first rows below.

import { html, useState } from "../../lib.js";
import { say } from "../../words.js";

const ROLES = ["question", "answer", "id", "alternatives", "other"];
// A column has one of these; other ways to ask may stand in several columns.
const SINGLE = ["question", "answer", "id"];
const SHOWN = 3;

/** Return the role of each column of a preview. */
export function readRoles({ columns, question_column: question, answer_column: answer, ...rest }) {
  const others = rest.alternatives_columns ?? [];
  return columns.map((name) => {
    if (name === question) return "question";
    if (name === answer) return "answer";
    if (name === rest.id_column) return "id";
    return others.includes(name) ? "alternatives" : "other";
  });
}

/** Return the rows of a preview as the cells of its columns. */
export function readCells({ columns, rows }, roles) {
  const first = roles.indexOf("alternatives");
  return rows.map((row) => columns.map((name, at) => {
    if (roles[at] === "alternatives") return at === first ? (row.alternatives ?? []).join("\n") : "";
    return roles[at] === "other" ? (row.metadata[name] ?? "") : (row[roles[at]] ?? "");
  }));
}

function giveRole(roles, at, role) {
  return roles.map((old, n) => {
    if (n === at) return role;
    return old === role && SINGLE.includes(role) ? "other" : old;
  });
}

/** `names`: of the columns; `cells`: the first rows. `onChange(roles)`. */
export function Columns({ names, roles, cells, onChange }) {
  const [all, setAll] = useState(false);
  const shown = all ? cells : cells.slice(0, SHOWN);
  return html`
    <div class="sideways" role="region" tabindex="0" aria-label=${say("upload.columns")}>
      <table class="file-columns">
        <caption class="unseen">${say("upload.first_rows")}</caption>
        <thead><tr>${names.map((name, at) => html`
          <th scope="col" key=${at}><span class="stored" dir="auto">${name}</span>
            <select value=${roles[at]} class=${roles[at]} aria-label=${say("upload.column", { c: name })}
              onChange=${(event) => onChange(giveRole(roles, at, event.target.value))}>
              ${ROLES.map((role) => html`<option value=${role}>${say(`upload.role_${role}`)}</option>`)}
            </select></th>`)}</tr></thead>
        <tbody>${shown.map((row, n) => html`
          <tr key=${n}>${names.map((name, at) => html`
            <td key=${at} data-title=${name} class=${row[at] ? "" : "empty"}>
              <span class="stored clamped" dir="auto">${row[at]}</span></td>`)}</tr>`)}</tbody>
      </table>
    </div>
    ${cells.length > SHOWN && html`<button type="button" class="link" aria-expanded=${all}
      onClick=${() => setAll(!all)}>${say(all ? "upload.fewer_rows" : "upload.more_rows", { n: cells.length })}</button>`}`;
}
