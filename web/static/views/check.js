// Check: a test file shows how well a collection answers; below it, what in its content needs mending.
// Its address: /?view=check&collection=…&job=<a test>&miss=<line of the file>&misses=<page of them>&found=<page of findings>.

import { refreshCollections, useCollections, useCollectionsError } from "../collections.js";
import { ErrorNotice, Notice } from "../components/notice.js";
import { html, useEffect } from "../lib.js";
import { go, link, linkHere } from "../router.js";
import { hasView, may } from "../session.js";
import { say } from "../words.js";
import { Findings } from "./check/findings.js";
import { Report } from "./check/report.js";
import { useRun } from "./check/runs.js";
import { Ended, Running } from "./check/running.js";
import { TestFile } from "./check/test-file.js";

export default function Check({ params }) {
  const collections = useCollections();
  const chosen = params.get("collection") || (collections?.length === 1 ? collections[0].name : "");
  const run = useRun(chosen, params.get("job"));
  const collection = chosen || run.job?.collection || "";
  const strange = Boolean(chosen && run.job && run.job.collection !== chosen);
  useEffect(() => {
    // Another collection was chosen in the frame: the test in the address is not of it.
    if (strange) go(linkHere({ job: null, miss: null, misses: null }), { replace: true });
  }, [strange]);
  // Deleted, or mistyped: nothing can be tested or found there.
  const gone = Boolean(chosen && collections && !run.job && !collections.some(({ name }) => name === chosen));
  return html`
    <h1 tabindex="-1">${say("check.title")}</h1>
    ${gone && html`<${Notice} kind="warning">${say("check.gone", { c: chosen })}<//>`}
    ${collection && !gone
      ? html`<${Parts} key=${collection} collection=${collection} run=${strange ? {} : run} params=${params} />`
      : html`<${Choose} collections=${collections} error=${gone ? null : run.error} />`}`;
}

function Parts({ collection, run, params }) {
  const { job, previous, error, loading } = run;
  const running = job && ["enqueued", "processing"].includes(job.status);
  const report = job?.status === "succeeded" && job.result;
  return html`
    ${may("editor") && !running && html`<${TestFile} collection=${collection} first=${!report && !loading} />`}
    ${error && html`<${ErrorNotice} error=${error} retry=${run.again} />`}
    ${running && html`<${Running} job=${job} />`}
    ${job && !running && html`<${Ended} job=${job} />`}
    ${!job && !loading && !error && !may("editor") && html`<${Notice}>${say("check.no_test")}<//>`}
    ${report && html`<${Report} key=${job.id} job=${job} previous=${previous} params=${params} />`}
    <${Findings} collection=${collection} params=${params} />`;
}

/** Several collections, or none: one has to be chosen first. */
function Choose({ collections, error }) {
  const unknown = useCollectionsError();
  if (error) return html`<${ErrorNotice} error=${error} retry=${() => location.reload()} />`;
  if (!collections && unknown) return html`<${ErrorNotice} error=${unknown} retry=${refreshCollections} />`;
  if (!collections) return html`<p class="meta" aria-busy="true">${say("check.loading")}</p>`;
  if (collections.length === 0) return html`
    <${Notice}><p>${say("check.nothing_stored")}</p>
      <a href=${link(hasView("upload") ? "upload" : "ask")}>${say("check.begin")}</a><//>`;
  return html`
    <p>${say("check.choose")}</p>
    <ul class="plain">${collections.map(({ name, items }) => html`
      <li key=${name}><a href=${linkHere({ collection: name })}>${name}</a>${" "}
        <span class="meta">${say("check.items", { n: items })}</span></li>`)}</ul>`;
}
