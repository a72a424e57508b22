// A service without items greets with two things to do; a box without a question, with examples.

import { get, post } from "../../api.js";
import { refreshCollections } from "../../collections.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { ProgressBar } from "../../components/bars.js";
import { handOver } from "../../handover.js";
import { jobEnd } from "../../jobs.js";
import { html, useEffect, useState } from "../../lib.js";
import { go, link, linkHere } from "../../router.js";
import { addressOf, hasView, may, session } from "../../session.js";
import { say } from "../../words.js";

const EXAMPLES = 3;
const SAMPLE = "sample/faq_pt.csv";

export function Greeting() {
  if (!may("editor")) return html`<${Notice}>${say("empty.reader")}<//>`;
  return html`<div class="cards">
    ${hasView("upload") && html`<${DropCard} />`}
    ${session.collections === null && html`<${SampleCard} />`}
  </div>`;
}

function DropCard() {
  const [over, setOver] = useState(false);
  const take = (file) => {
    if (!file) return;
    handOver(file);
    go(link("upload"));
  };
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  return html`
    <section class=${over ? "card over" : "card"} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      <h2>${say("empty.drop")}</h2><p>${say("empty.formats")}</p>
      <label class="button primary file">${say("empty.choose")}
        <input type="file" onChange=${(event) => take(event.target.files[0])} /></label>
    </section>`;
}

function SampleCard() {
  const [state, setState] = useState({});
  const load = async () => {
    setState({ part: null, busy: true });
    try {
      const file = await (await fetch(addressOf(SAMPLE))).blob();
      const { job } = await post("/upload?collection=exemplo", undefined, {
        raw: new File([file], "faq_pt.csv"), headers: { "Content-Type": "text/csv; charset=utf-8" },
      });
      await jobEnd(job.id, ({ progress }) => setState({ part: progress, busy: true }));
      await refreshCollections();
    } catch (error) {
      setState({ error });
    }
  };
  return html`
    <section class="card"><h2>${say("empty.sample")}</h2><p>${say("empty.sample_what")}</p>
      ${state.error && html`<${ErrorNotice} error=${state.error} retry=${load} writes />`}
      ${state.busy
        ? html`<${ProgressBar} part=${state.part} label=${say("empty.loading")} />`
        : html`<button type="button" class=${hasView("upload") ? "" : "primary"} onClick=${load}>${say("empty.load")}</button>`}
    </section>`;
}

export function Examples({ params }) {
  const [items, setItems] = useState([]);
  const collection = params.get("collection");
  useEffect(() => {
    get("/items", { collection, limit: EXAMPLES })
      .then(({ results }) => setItems(results)).catch(() => setItems([]));
  }, [collection]);
  if (items.length === 0) return null;
  return html`
    <section class="examples"><h2>${say("empty.examples")}</h2>
      <ul>${items.map(({ id, question }) => html`
        <li key=${id}><a href=${linkHere({ q: question })} dir="auto">${question}</a></li>`)}</ul>
    </section>`;
}
