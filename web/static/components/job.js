// A job as it is shown everywhere: its state, how far it is, what it did, and a button that ends it.

import { post } from "../api.js";
import { hasEnded } from "../jobs.js";
import { html, useState } from "../lib.js";
import { may } from "../session.js";
import { number, percent, say } from "../words.js";
import { ProgressBar } from "./bars.js";
import { ErrorNotice } from "./notice.js";

const COUNTS = ["inserted", "updated", "unchanged", "rejected", "deleted"];

/** What a job is about: the name of its file, or that the text came without one. */
export function nameJob({ filename, kind }) {
  return filename ?? say(kind === "evaluation" ? "jobs.nameless_test" : "jobs.nameless");
}

/** "succeeded" where rows were rejected is "partial". */
export function judgeJob({ status, rows }) {
  return status === "succeeded" && rows.rejected > 0 ? "partial" : status;
}

export function JobState({ job }) {
  const judged = judgeJob(job);
  return html`<span class=${`state ${judged}`}><span class="sign" aria-hidden="true"></span>
    ${say(`jobs.${judged}`)}</span>`;
}

/** Return in words how long something takes yet. */
export function sayLeft(seconds) {
  if (seconds < 60) return say("jobs.left_seconds", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return say("jobs.left_minutes", { n: Math.ceil(seconds / 60) });
  return say("jobs.left_hours", { n: Math.round(seconds / 3600) });
}

function sayRate(rate) {
  return say("jobs.rate", { r: number(rate < 10 ? Math.round(rate * 10) / 10 : Math.round(rate)) });
}

/** The bar of a job that runs. `onChange(job)` gets it as it is after it was ended by the button. */
export function JobProgress({ job, onChange, label }) {
  const { rows, progress, rows_per_second: rate, eta_seconds: left, waiting } = job;
  const waits = job.status === "enqueued";
  return html`
    <div class="job-progress">
      <${ProgressBar} part=${waits && progress === 0 ? null : progress} label=${label}>
        ${say("jobs.done_of", { n: rows.total, done: number(rows.done), p: percent(progress) })}
        ${rate && !waits ? ` · ${sayRate(rate)}` : ""}${left && !waits ? ` · ${sayLeft(left)}` : ""}<//>
      ${waiting && html`<p class="waiting">${waiting}</p>`}
      <${StopJob} job=${job} onChange=${onChange} />
    </div>`;
}

function StopJob({ job, onChange }) {
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  if (!may("editor") || hasEnded(job)) return null;
  const stop = async () => {
    setBusy(true);
    setError(null);
    try {
      onChange(await post(`/jobs/${job.id}/cancel`));
    } catch (failed) {
      setError(failed);
    }
    setBusy(false);
  };
  return html`
    ${error && html`<${ErrorNotice} error=${error} />`}
    <button type="button" class="small" disabled=${busy} onClick=${stop}
      aria-label=${say("jobs.stop_which", { name: nameJob(job) })}>${say("jobs.stop")}</button>`;
}

/** What an import did, in counts. Those that are nothing are left out, but not all of them. */
export function JobCounts({ rows }) {
  const shown = COUNTS.filter((name) => rows[name] > 0);
  return html`<span class="counts">${(shown.length ? shown : ["inserted"]).map((name) => html`
    <span key=${name} class=${`count ${name}`}>${say(`jobs.count_${name}`, { n: rows[name] })}</span>`)}</span>`;
}
