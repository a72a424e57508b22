// A test that runs, and one that ended: what it waits for, why it failed, what could not be asked.

import { get, post } from "../../api.js";
import { ProgressBar } from "../../components/bars.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { Table } from "../../components/table.js";
import { html, useEffect, useState } from "../../lib.js";
import { linkHere } from "../../router.js";
import { may } from "../../session.js";
import { say } from "../../words.js";

const SHOWN = 20;

export function Running({ job }) {
  const [error, setError] = useState(null);
  const cancel = () => post(`/jobs/${job.id}/cancel`).catch(setError);
  const label = say("check.running", { file: job.filename ?? say("check.a_file") });
  return html`
    <${ProgressBar} part=${job.status === "enqueued" ? null : job.progress} label=${label}>
      ${say("check.asked", { done: job.rows.done, n: job.rows.total })}${job.waiting && html`<br />${job.waiting}`}<//>
    ${error && html`<${ErrorNotice} error=${error} focus />`}
    ${may("editor") && html`<button type="button" onClick=${cancel}>${say("check.cancel")}</button>`}`;
}

export function Ended({ job }) {
  return html`
    ${job.status === "failed" && html`
      <${Notice} kind="error"><p>${say("check.failed")} ${job.error?.error}</p><//>`}
    ${job.status === "canceled" && html`
      <${Notice}><p>${say("check.canceled")}</p>
        <a href=${linkHere({ job: null, miss: null })}>${say("check.see_last")}</a><//>`}
    ${job.status === "failed" && job.rows.rejected > 0 && html`<${Rejected} job=${job} open />`}`;
}

/** The rows of the file that could not be asked, and why. */
export function Rejected({ job, open = false }) {
  const [rows, setRows] = useState([]);
  const n = job.rows.rejected;
  useEffect(() => {
    get(`/jobs/${job.id}/errors`, { limit: SHOWN }).then(({ results }) => setRows(results)).catch(() => {});
  }, [job.id]);
  const columns = [
    { key: "line", title: say("check.line"), cell: (row) => row.line },
    { key: "why", title: say("check.why"), cell: (row) => row.error },
  ];
  return html`
    <details class="rejected" open=${open}><summary>${say("check.rejected", { n })}</summary>
      <${Table} columns=${columns} rows=${rows} rowKey=${({ line }) => line} caption=${say("check.rejected", { n })} />
      ${n > rows.length && html`<p class="meta">${say("check.first_shown", { n: rows.length })}</p>`}
    </details>`;
}
