// What a test found: figures and the difference to the one before, pictures, proposal and misses.

import { html } from "../../lib.js";
import { may } from "../../session.js";
import { ago, percent, say } from "../../words.js";
import { movedPoints } from "./counts.js";
import { Misses } from "./misses.js";
import { Decisions, Strip } from "./pictures.js";
import { Proposal, useThresholds } from "./proposal.js";
import { Rejected } from "./running.js";

export function Report({ job, previous, params }) {
  const { result } = job;
  const before = previous?.result ?? null;
  const thresholds = useThresholds(job.collection);
  const line = result.thresholds?.answer ?? thresholds.now?.answer ?? null;
  return html`
    <section class="report" aria-labelledby="report-title">
      <h2 id="report-title">${say("check.headline", { collection: job.collection, n: result.questions })}</h2>
      <p class="meta">${describeRun(job, previous)}</p>
      <dl class="figures">
        <${Figure} name="first" now=${result.first} before=${before?.first} />
        <${Figure} name="among_three" now=${result.among_three} before=${before?.among_three} />
        <${Figure} name="right_answers" now=${result.right_among_answered} before=${before?.right_among_answered} />
      </dl>
      <${Decisions} result=${result} before=${before} />
      ${line !== null && html`<${Strip} parts=${result.reliability} line=${line} />`}
      ${result.since_last && html`<${Changes} since=${result.since_last} />`}
      ${job.rows.rejected > 0 && html`<${Rejected} job=${job} />`}
      ${may("editor") && html`<${Proposal} job=${job} thresholds=${thresholds} />`}
    </section>
    <${Misses} job=${job} params=${params} />`;
}

function describeRun(job, previous) {
  const said = [job.filename, ago(job.finished_at)];
  if (previous) said.push(say("check.compared", { d: ago(previous.finished_at) }));
  const since = job.result.since_last;
  if (previous && since.same_questions < job.result.questions) said.push(say("check.same", { n: since.same_questions }));
  return said.filter(Boolean).join(" · ");
}

function Figure({ name, now, before }) {
  if (now === null) return null;
  const moved = before === null || before === undefined ? "" : movedPoints(now, before);
  return html`<div><dt>${say(`check.${name}`)}</dt><dd>${percent(now)} <span class="moved">${moved}</span></dd></div>`;
}

function Changes({ since }) {
  const { better, worse } = since;
  if (better.length + worse.length === 0) return null;
  const lines = (changes) => changes.map(({ question, was, is }) => html`
    <li><span dir="auto" class="stored">${question}</span>${" "}
      <span class="meta">${say(`check.${was}`)} → ${say(`check.${is}`)}</span></li>`);
  return html`
    <details><summary>${say("check.better", { n: better.length })} · ${say("check.worse", { n: worse.length })}</summary>
      ${worse.length > 0 && html`<h3>${say("check.worse", { n: worse.length })}</h3><ul>${lines(worse)}</ul>`}
      ${better.length > 0 && html`<h3>${say("check.better", { n: better.length })}</h3><ul>${lines(better)}</ul>`}
    </details>`;
}
