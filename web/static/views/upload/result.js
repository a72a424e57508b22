// After the file was sent: how far its job is, then what it did, and the rows that it rejected.

import { refreshCollections } from "../../collections.js";
import { JobCounts, JobProgress, JobState, judgeJob, nameJob } from "../../components/job.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { hasEnded, watchJob } from "../../jobs.js";
import { html, useEffect, useState } from "../../lib.js";
import { announce } from "../../live.js";
import { link } from "../../router.js";
import { hasView } from "../../session.js";
import { say } from "../../words.js";
import { Mending } from "./mending.js";

const KINDS = { succeeded: "success", partial: "warning", failed: "error", canceled: "info" };

export function Result({ id, params }) {
  const { job, error, setJob, again } = useJob(id);
  if (!job && error) return html`<${ErrorNotice} error=${error} retry=${error.status === 404 ? null : again}>
    <p><a href=${link("upload")}>${say("upload.another")}</a></p><//>`;
  if (!job) return html`<p class="meta" aria-busy="true">${say("jobs.loading")}</p>`;
  const ended = hasEnded(job);
  return html`
    <p class="file-card"><strong class="stored" dir="auto">${nameJob(job)}</strong>
      <span class="meta">${say("upload.into", { c: job.collection })}</span> <${JobState} job=${job} /></p>
    ${error && html`<${ErrorNotice} error=${error}><p>${say("jobs.stale")}</p><//>`}
    ${!ended && html`<${JobProgress} job=${job} onChange=${setJob} label=${say("upload.processing")} />
      <p class="meta">${say("upload.may_leave")}</p>`}
    ${ended && html`<${Summary} job=${job} from=${params.get("from")} />`}
    ${job.kind === "import" && job.rows.rejected > 0 && ended && html`
      <${Mending} job=${job} params=${params} />`}`;
}

function useJob(id) {
  const [state, setState] = useState({});
  const [tries, setTries] = useState(0);
  useEffect(() => watchJob(id, (job) => setState({ job }), (error) => setState((before) => ({ ...before, error }))),
    [id, tries, state.job?.status === "canceled"]);
  useEffect(() => {
    if (!state.job || !hasEnded(state.job)) return;
    announce(say(`jobs.${judgeJob(state.job)}`));
    refreshCollections();
  }, [state.job?.status]);
  return { ...state, setJob: (job) => setState({ job }), again: () => setTries(tries + 1) };
}

/** `from`: the job whose rejected rows were mended and are these. */
function Summary({ job, from }) {
  const judged = judgeJob(job);
  const taken = job.rows.inserted + job.rows.updated + job.rows.unchanged > 0;
  return html`
    <${Notice} kind=${KINDS[judged]}>
      <p><strong>${say(`upload.end_${judged}`)}</strong></p>
      ${job.error && html`<p>${job.error.error}</p>`}
      <p><${JobCounts} rows=${job.rows} /></p>
      ${judged === "succeeded" && html`<p>${say("jobs.rejected", { n: 0 })}</p>`}
    <//>
    <div class="actions">
      ${taken && html`<a class=${job.rows.rejected ? "button" : "button primary"}
        href=${link("ask", { collection: job.collection })}>${say("upload.ask_now")}</a>`}
      ${from && html`<a class="button" href=${link("upload", { job: from })}>${say("upload.back_to_rows")}</a>`}
      <a class="button" href=${link("upload", { collection: job.collection })}>${say("upload.another")}</a>
      ${hasView("jobs") && html`<a href=${link("jobs")}>${say("upload.all_jobs")}</a>`}
    </div>`;
}
