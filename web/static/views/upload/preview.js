// What the check of a file found: counts, columns, first rows, rejected rows, doubtful content.

import { Notice } from "../../components/notice.js";
import { html, useState } from "../../lib.js";
import { number, say } from "../../words.js";
import { Columns, readCells, readRoles } from "./columns.js";

const SHOWN = 3;
const MOST_SHOWN = 100;
const MOST_SHEETS = 5;

export function Preview({ reply, reading, onChange }) {
  const { job, preview, check } = reply;
  const found = readRoles(preview);
  const roles = reading.roles ?? found;
  const give = (next) => onChange({ ...reading, roles: next, header: reading.header ?? hasNames(preview) });
  return html`
    <${Counts} rows=${job.rows} />
    ${job.error && html`<${Notice} kind="warning">${job.error.error}<//>`}
    <${Sheets} names=${preview.sheets_not_read} reading=${reading} onChange=${onChange} />
    <${Columns} names=${nameColumns(preview)} roles=${roles} cells=${readCells(preview, found)} onChange=${give} />
    <${Rejected} errors=${preview.errors} total=${job.rows.rejected} />
    <${Findings} check=${check} />`;
}

/** "true" or "false" for `header`; nothing where the names stand in no line of the file. */
function hasNames({ columns, header_line: line }) {
  if (line !== null) return "true";
  return columns.every((name, at) => name === String(at + 1)) ? "false" : undefined;
}

const nameColumns = (preview) => (hasNames(preview) === "false"
  ? preview.columns.map((_, at) => say("upload.nameless", { n: at + 1 })) : preview.columns);

const listCounts = (rows) => ["inserted", "updated", "unchanged", "rejected", "deleted"]
  .filter((name) => rows[name] > 0 || name === "inserted");

/** Return in words what an upload would do. */
export function sayCounts(rows) {
  const parts = listCounts(rows).map((name) => say(`upload.would_${name}`, { n: rows[name] }));
  return `${say("upload.rows", { n: rows.total })}: ${parts.join(", ")}`;
}

function Counts({ rows }) {
  return html`
    <p class="counts"><strong>${say("upload.rows", { n: rows.total })}</strong>
      ${listCounts(rows).map((name) => html`<span key=${name} class=${`count ${name}`}>
        ${say(`upload.would_${name}`, { n: rows[name] })}</span>`)}</p>`;
}

/** The sheets of a workbook that are left out, unless one was chosen. */
function Sheets({ names = [], reading, onChange }) {
  if (!names?.length || reading.sheet) return null;
  return html`
    <${Notice}>
      <p>${say("upload.sheets_left", { n: names.length, names: names.join(", ") })}</p>
      <div class="actions">${names.slice(0, MOST_SHEETS).map((name) => html`
        <button type="button" class="small" key=${name} onClick=${() => onChange({ ...reading, roles: null, sheet: name })}>
          ${say("upload.read_sheet", { t: name })}</button>`)}</div>
    <//>`;
}

function Rejected({ errors, total }) {
  const [all, setAll] = useState(false);
  if (total === 0) return null;
  const shown = errors.slice(0, all ? MOST_SHOWN : SHOWN);
  return html`
    <${Notice} kind="warning">
      <p><strong>${say("upload.rejected", { n: total })}</strong> ${say("upload.mend_later")}</p>
      <ul class="plain">${shown.map(({ line, error }, n) => html`
        <li key=${n}>${say("upload.line", { n: number(line) })}: ${error}</li>`)}</ul>
      ${errors.length > SHOWN && html`<button type="button" class="link" aria-expanded=${all}
        onClick=${() => setAll(!all)}>${say(all ? "long.less" : "upload.more_rejected", {
          n: Math.min(errors.length, MOST_SHOWN) - SHOWN })}</button>`}
    <//>`;
}

function Findings({ check }) {
  if (check.results.length === 0) return null;
  const byMessage = new Map();
  for (const { message, items } of check.results) {
    byMessage.set(message, [...(byMessage.get(message) ?? []), items]);
  }
  return html`
    <details class="findings"><summary>${say("upload.findings", { n: check.total })}</summary>
      ${[...byMessage].map(([message, groups]) => html`
        <div key=${message}><p>${message}</p>
          <ul class="plain">${groups.slice(0, 10).map((items, n) => html`
            <li key=${n}>${items.map(({ line, question }, at) => html`${at > 0 && " · "}<span>
              ${say("upload.line", { n: number(line) })}: <span dir="auto">${question}</span></span>`)}</li>`)}</ul>
          ${groups.length > 10 && html`<p class="meta">${say("upload.more_findings", { n: groups.length - 10 })}</p>`}
        </div>`)}
    </details>`;
}
