// A table that becomes a list of cards where it is narrow; each cell then names its column.

import { html, useMemo } from "../lib.js";
import { useGradually } from "./gradual.js";

/**
 * `columns`: [{key, title, cell(row), kind}], `kind` "number" or "wide"; `caption` for screen
 * readers; `rowKey(row)`. A title with `unseen` is for screen readers too. `detail(row)` may return what is shown under a row over its whole width.
 * `shows(row)`: all that the cells of a row depend on; with it, a row is drawn again only when that changed.
 */
export function Table({ columns, rows, rowKey, caption, detail, shows }) {
  const drawn = useGradually(rows, rowKey);
  return html`
    <table class="table" aria-busy=${drawn !== rows}>
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map(({ key, title, kind, unseen }) => html`
        <th scope="col" key=${key} class=${kind ?? ""}><span class=${unseen ? "unseen" : ""}>${title}</span></th>`)}</tr></thead>
      <tbody>${drawn.map((row) => html`
        <${Row} key=${rowKey(row)} row=${row} columns=${columns} under=${detail?.(row)} shown=${shows?.(row)} />`)}</tbody>
    </table>`;
}

function Row({ row, columns, under, shown }) {
  // The library passes over an element that is the same as before.
  const cells = useMemo(() => html`
    <tr>${columns.map(({ key, title, cell, kind }) => html`
      <td key=${key} class=${kind ?? ""} data-title=${title}>${cell(row)}</td>`)}</tr>`, shown ?? [{}]);
  return html`${cells}${under && html`<tr class="under"><td colspan=${columns.length}>${under}</td></tr>`}`;
}
