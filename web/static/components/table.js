// A table that becomes a list of cards where it is narrow; each cell then names its column.

import { html } from "../lib.js";

/**
 * `columns`: [{key, title, cell(row), kind}], `kind` "number" or "wide"; `caption` for screen
 * readers; `rowKey(row)`. A title with `unseen` is for screen readers too. `detail(row)` may return what is shown under a row over its whole width.
 */
export function Table({ columns, rows, rowKey, caption, detail }) {
  return html`
    <table class="table">
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map(({ key, title, kind, unseen }) => html`
        <th scope="col" key=${key} class=${kind ?? ""}><span class=${unseen ? "unseen" : ""}>${title}</span></th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`
        <${Row} key=${rowKey(row)} row=${row} columns=${columns} under=${detail?.(row)} />`)}</tbody>
    </table>`;
}

function Row({ row, columns, under }) {
  return html`
    <tr>${columns.map(({ key, title, cell, kind }) => html`
      <td key=${key} class=${kind ?? ""} data-title=${title}>${cell(row)}</td>`)}</tr>
    ${under && html`<tr class="under"><td colspan=${columns.length}>${under}</td></tr>`}`;
}
