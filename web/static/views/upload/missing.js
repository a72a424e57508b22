// A file whose columns were not found: they are chosen by clicking, from its first rows.

import { ErrorNotice, Notice } from "../../components/notice.js";
import { html } from "../../lib.js";
import { say } from "../../words.js";
import { Columns } from "./columns.js";

/** `error`: a ServiceError. With the columns of the file, they can be chosen. */
export function Refused({ error, reading, onChange, again }) {
  const { header = [], rows = [] } = error.body;
  const table = rows.length > 0 ? rows : [header];
  const width = Math.max(...table.map((row) => row.length));
  const choosable = error.code === "missing_column" && width > 1;
  if (choosable) return html`
    <${Notice} kind="error"><p><strong>${say("upload.choose_columns")}</strong></p>
      ${reading.roles ? html`<p class="meta">${error.message}</p>`
        : html`<p>${say(error.body.suggested ? "upload.columns_suggested" : "upload.columns_unknown")}</p>`}<//>
    <${Choice} table=${table} width=${width} suggested=${error.body.suggested} reading=${reading} onChange=${onChange} />`;
  return html`
    <${ErrorNotice} error=${error} retry=${error.status === 422 ? null : again}>
      ${(error.body.fields ?? []).map(({ error: text }) => html`<p key=${text}>${text}</p>`)}
    <//>`;
}

const asks = (row) => row.some((cell) => cell.includes("?"));

const counts = (cell) => /^\d+$/.test((cell ?? "").trim());

/**
 * A row with a question in it is no row of names. What speaks for names: questions below a row that
 * has none, and a column of numbers below a word.
 */
function looksNamed([first, ...below], suggested) {
  if (asks(first)) return false;
  const numbered = first.some((cell, at) => !counts(cell) && below.every((row) => counts(row[at])));
  return !suggested || suggested.header || below.some(asks) || (numbered && below.length > 0);
}

/** The roles that the texts of the columns suggest; they count from 1. */
function suggestRoles(width, { question_column: question, answer_column: answer } = {}) {
  return Array.from({ length: width }, (_, at) =>
    ({ [question]: "question", [answer]: "answer" })[at + 1] ?? "other");
}

function Choice({ table, width, suggested, reading, onChange }) {
  const named = reading.header ? reading.header === "true" : looksNamed(table, suggested);
  const roles = reading.roles?.length === width ? reading.roles : suggestRoles(width, suggested);
  const names = Array.from({ length: width }, (_, at) =>
    (named && table[0][at]) || say("upload.nameless", { n: at + 1 }));
  const give = (changes) => onChange({ ...reading, header: String(named), roles, ...changes });
  return html`
    <label class="check"><input type="checkbox" checked=${named}
      onChange=${(event) => give({ header: String(event.target.checked) })} />
      ${say("upload.first_row_names")}</label>
    <${Columns} names=${names} roles=${roles} cells=${named ? table.slice(1) : table}
      onChange=${(next) => give({ roles: next })} />
    ${suggested && !reading.roles && html`<button type="button" onClick=${() => give({ roles })}>
      ${say("upload.use_suggested")}</button>`}`;
}
