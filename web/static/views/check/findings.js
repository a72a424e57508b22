// What the check of a collection's content found, the worst first.

import { get } from "../../api.js";
import { refreshCollections } from "../../collections.js";
import { useGradually } from "../../components/gradual.js";
import { Pager } from "../../components/pager.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { number, say } from "../../words.js";
import { Finding } from "./finding.js";
import { markOf, readSettled, writeSettled } from "./settled.js";

const SIZE = 50;
const KINDS = ["same_question", "empty_answer", "near_duplicate", "not_first", "mergeable", "cut_off_answer"];

export function Findings({ collection, params }) {
  const page = Math.max(1, Number.parseInt(params.get("found"), 10) || 1);
  const { report, error, waiting, busy, again } = useCheck(collection, page);
  const title = useRef(null);
  return html`
    <section class=${busy ? "findings dimmed" : "findings"} aria-labelledby="findings-title" aria-busy=${busy}>
      <h2 id="findings-title" tabindex="-1" ref=${title}>${report
        ? say("check.to_mend", { n: report.total }) : say("check.content")}</h2>
      ${waiting > 0 && html`<p class="meta">${say("check.check_waits", { n: waiting })}</p>`}
      ${busy && !report && !error && html`<p class="meta">${say("check.reading")}</p>`}
      ${error && html`<${ErrorNotice} error=${error} retry=${again} />`}
      ${report && html`<${Found} report=${report} collection=${collection} page=${page} again=${again}
        onGone=${() => title.current?.focus()} />`}
    </section>`;
}

/** Return `{report, error, waiting, busy, again()}`; what was found stays until it is known anew. */
function useCheck(collection, page) {
  const [state, setState] = useState({ busy: true });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const end = new AbortController();
    const update = (changes) => end.signal.aborted || setState((old) => ({ ...old, ...changes }));
    const query = { limit: SIZE, offset: (page - 1) * SIZE };
    const options = { signal: end.signal, onWait: (waiting) => update({ waiting }) };
    update({ busy: true, error: null });
    get(`/collections/${encodeURIComponent(collection)}/check`, query, options)
      .then((report) => update({ report, error: null, busy: false, waiting: 0 }))
      .catch((error) => update({ error, busy: false, waiting: 0 }));
    return () => end.abort();
  }, [collection, page, turn]);
  const again = () => {
    refreshCollections();
    setTurn((old) => old + 1);
  };
  return { ...state, again };
}

function Found({ report, collection, page, again, onGone }) {
  const [hidden, setHidden] = useState(new Set());
  const [settled, setSettled] = useState(() => readSettled(collection));
  const [showing, setShowing] = useState(false);
  // Told again, so that what was deleted and brought back is not hidden.
  useEffect(() => setHidden(new Set()), [report]);
  const settle = (mark, on) => {
    const marks = readSettled(collection);
    if (on) marks.add(mark);
    else marks.delete(mark);
    writeSettled(collection, marks);
    setSettled(marks);
  };
  const hide = (mark, on) => setHidden((old) => new Set(on ? [...old, mark] : [...old].filter((one) => one !== mark)));
  const marked = report.results.map((finding) => ({ finding, mark: markOf(finding) }));
  const aside = marked.filter(({ mark }) => settled.has(mark)).length;
  const all = marked.filter(({ mark }) => !hidden.has(mark) && (showing || !settled.has(mark)));
  const shown = useGradually(all, ({ mark }) => mark);
  return html`
    ${report.warnings?.map((text) => html`<${Notice} kind="warning" key=${text}>${text}<//>`)}
    ${report.total === 0 && html`<${Notice} kind="success">${say("check.all_fine", { n: report.checked })}<//>`}
    ${report.total > 0 && html`<p class="meta">${describeCounts(report)}</p>`}
    ${report.checked < report.items && html`<p class="meta">${say("check.newest", { n: report.checked, m: number(report.items) })}</p>`}
    ${aside > 0 && html`<p class="meta">${say("check.aside", { n: aside })}${" "}
      <button type="button" class="link" aria-expanded=${showing} onClick=${() => setShowing(!showing)}>
        ${say(showing ? "check.hide_aside" : "check.show_aside")}</button></p>`}
    <ul class="found-list">${shown.map(({ finding, mark }) => html`
      <${Finding} key=${mark} finding=${finding} settled=${settled.has(mark)} again=${again} onGone=${onGone}
        onHide=${(on) => hide(mark, on)} onSettle=${(on) => settle(mark, on)} />`)}</ul>
    ${report.total > SIZE && html`<${Pager} page=${page} size=${SIZE} total=${report.total} name="found" />`}`;
}

function describeCounts({ counts }) {
  return KINDS.filter((kind) => counts[kind] > 0)
    .map((kind) => `${number(counts[kind])} × ${say(`check.kind_${kind}`)}`).join(" · ");
}
