// Jobs: the last ones, newest first, as they go on. Its address: /?view=jobs&collection=…&status=…&page=2.

import { get } from "../api.js";
import { JobCounts, JobProgress, JobState, nameJob } from "../components/job.js";
import { ErrorNotice, Notice } from "../components/notice.js";
import { Pager } from "../components/pager.js";
import { Table } from "../components/table.js";
import { hasEnded, poll } from "../jobs.js";
import { html, useEffect, useState } from "../lib.js";
import { go, link, linkHere } from "../router.js";
import { hasView } from "../session.js";
import { ago, say } from "../words.js";

const SIZE = 20;
const STATUSES = ["enqueued", "processing", "succeeded", "failed", "canceled"];

export default function Jobs({ params }) {
  const status = STATUSES.includes(params.get("status")) ? params.get("status") : "";
  const page = Math.max(1, Number.parseInt(params.get("page"), 10) || 1);
  const list = useJobs({ status, collection: params.get("collection"), page });
  const { answer, error } = list;
  return html`
    <h1 tabindex="-1">${say("jobs.title")}</h1>
    <${StatusFilter} status=${status} />
    ${error && html`<${ErrorNotice} error=${error}>${answer && html`<p>${say("jobs.stale")}</p>`}<//>`}
    ${!answer && !error && html`<p class="meta" aria-busy="true">${say("jobs.loading")}</p>`}
    ${answer && (answer.total === 0
      ? html`<${Nothing} filtered=${Boolean(status || params.get("collection"))} />`
      : html`<${List} jobs=${answer.results} onChange=${list.replace} />
        <${Pager} page=${page} size=${SIZE} total=${answer.total} />`)}`;
}

/** Read the list again and again; `replace(job)` shows one as it is now. */
function useJobs({ status, collection, page }) {
  const [state, setState] = useState({});
  useEffect(() => {
    setState({});
    const query = { status, collection, limit: SIZE, offset: (page - 1) * SIZE };
    return poll({
      read: () => get("/jobs", query),
      onChange: (answer) => setState({ answer }),
      onError: (error) => setState((before) => ({ ...before, error })),
    });
  }, [status, collection, page]);
  const replace = (job) => setState(({ answer, ...rest }) => ({
    ...rest, answer: { ...answer, results: answer.results.map((one) => (one.id === job.id ? job : one)) },
  }));
  return { ...state, replace };
}

function StatusFilter({ status }) {
  const choose = (event) => go(linkHere({ status: event.target.value, page: null }));
  return html`
    <div class="filters"><label class="tool"><span>${say("jobs.status")}</span> <select value=${status} onChange=${choose}>
      <option value="">${say("jobs.all")}</option>
      ${STATUSES.map((one) => html`<option value=${one}>${say(`jobs.${one}`)}</option>`)}
    </select></label></div>`;
}

function Nothing({ filtered }) {
  return html`
    <${Notice}><p>${say(filtered ? "jobs.nothing_so" : "jobs.nothing")}</p>
      ${filtered
        ? html`<a href=${link("jobs")}>${say("jobs.show_all")}</a>`
        : hasView("upload") && html`<a href=${link("upload")}>${say("jobs.upload")}</a>`}<//>`;
}

/** Where one sees all of a job, or null. */
function linkJob({ id, kind, collection }) {
  if (kind === "evaluation") return hasView("check") ? link("check", { job: id, collection }) : null;
  return hasView("upload") ? link("upload", { job: id }) : null;
}

function List({ jobs, onChange }) {
  const columns = [
    { key: "name", title: say("jobs.file"), cell: (job) => html`<${Name} job=${job} />` },
    { key: "collection", title: say("frame.collection"), cell: ({ collection }) => collection },
    { key: "state", title: say("jobs.status"), cell: (job) => html`<${JobState} job=${job} />` },
    { key: "result", title: say("jobs.result"), cell: (job) => html`<${Outcome} job=${job} />` },
    { key: "when", title: say("jobs.when"), cell: (job) => html`<time datetime=${job.created_at}>${ago(job.created_at)}</time>` },
  ];
  const under = (job) => !hasEnded(job) && html`
    <${JobProgress} job=${job} onChange=${onChange} label=${say("jobs.progress", { name: nameJob(job) })} />`;
  return html`<div class="jobs"><${Table} columns=${columns} rows=${jobs} rowKey=${({ id }) => id} caption=${say("jobs.title")} detail=${under} /></div>`;
}

function Name({ job }) {
  const href = linkJob(job);
  const name = html`<span dir="auto">${nameJob(job)}</span>`;
  const mode = job.kind === "evaluation" ? say("jobs.evaluation") : job.mode === "replace" && say("jobs.replaces");
  return html`<span>${href ? html`<a href=${href}>${name}</a>` : name}
    ${mode && html` <span class="meta kind">${mode}</span>`}</span>`;
}

function Outcome({ job }) {
  if (!hasEnded(job)) return html`<span class="meta">${say("jobs.rows", { n: job.rows.total })}</span>`;
  const mendable = job.kind === "import" && job.rows.rejected > 0 && hasView("upload");
  return html`
    <div>${job.error && html`<p class="reason">${job.error.error}</p>`}
      ${job.kind === "import" ? html`<${JobCounts} rows=${job.rows} />` : html`<span class="counts">${say("jobs.rows", { n: job.rows.done })}</span>`}
      ${mendable && html` <a href=${link("upload", { job: job.id })}>${say("jobs.mend")}</a>`}</div>`;
}
