// The questions that were not answered rightly: a list of links, and one of them open above it.

import { Pager } from "../../components/pager.js";
import { Table } from "../../components/table.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { announce } from "../../live.js";
import { go, linkHere } from "../../router.js";
import { percent, say } from "../../words.js";
import { Miss } from "./miss.js";

// An evaluation keeps so many.
const MOST = 200;
const SIZE = 20;

export function Misses({ job, params }) {
  const { misses } = job.result;
  const open = misses.findIndex(({ line }) => String(line) === params.get("miss"));
  const [mended, setMended] = useState(new Set());
  if (misses.length === 0) return html`<p class="notice success"><span class="sign" aria-hidden="true"></span>
    <span>${say("check.no_misses")}</span></p>`;
  const title = say("check.misses", { n: misses.length });
  const page = Math.max(1, Number.parseInt(params.get("misses"), 10) || 1);
  const shown = misses.slice((page - 1) * SIZE, page * SIZE);
  const columns = [
    { key: "question", title: say("check.question"), cell: (miss) => html`
      <a href=${linkHere({ miss: miss.line })} aria-current=${miss === misses[open] ? "true" : undefined}
        dir="auto" class="stored clamped">${miss.question}</a>
      ${mended.has(miss.line) && html`<span class="done">${say("check.mended")}</span>`}` },
    { key: "expected", title: say("check.expected"), cell: (miss) => describeExpected(miss) },
    { key: "came", title: say("check.came"), cell: (miss) => html`
      <span dir="auto" class="stored clamped">${miss.got?.question ?? say("check.nothing")}</span>` },
    { key: "decision", title: say("check.then"), cell: (miss) => describeDecision(miss) },
  ];
  return html`
    <section class="misses" aria-labelledby="misses-title">
      <h2 id="misses-title">${title}</h2>
      ${open >= 0 && html`<${Panel} misses=${misses} open=${open} collection=${job.collection}
        onMended=${(line) => setMended(new Set([...mended, line]))} />`}
      <${Table} columns=${columns} rows=${shown} rowKey=${({ line }) => line} caption=${title}
        shows=${(miss) => [miss, params, mended.has(miss.line)]} />
      ${misses.length > SIZE && html`<${Pager} page=${page} size=${SIZE} total=${misses.length} name="misses" />`}
      ${misses.length >= MOST && html`<p class="meta">${say("check.first_shown", { n: misses.length })}</p>`}
    </section>`;
}

export function describeExpected({ expected }) {
  return expected === null ? say("check.no_answer") : html`<span dir="auto" class="stored clamped">${expected}</span>`;
}

export function describeDecision({ decision, confidence }) {
  const kind = { answer: "wrong", ambiguous: "asked_back", none: "passed" }[decision];
  return say("check.decided", { d: say(`check.${kind}`), p: percent(confidence) });
}

/** The open miss. Its buttons stay where they are, so that "next" keeps the focus. */
function Panel({ misses, open, collection, onMended }) {
  const heading = useRef(null);
  const stepped = useRef(false);
  const title = say("check.miss", { k: open + 1, n: misses.length });
  useEffect(() => {
    if (stepped.current) announce(`${title}: ${misses[open].question}`);
    else heading.current.focus();
    stepped.current = false;
  }, [open]);
  const step = (by) => () => {
    stepped.current = true;
    const next = (open + by + misses.length) % misses.length;
    // The list shows the part with the open one.
    const page = Math.floor(next / SIZE) + 1;
    go(linkHere({ miss: misses[next].line, misses: page > 1 ? page : null }), { replace: true });
  };
  return html`
    <div class="form miss" role="group" aria-labelledby="miss-title">
      <div class="miss-head">
        <h3 id="miss-title" tabindex="-1" ref=${heading}>${title}</h3>
        <div class="actions">
          ${misses.length > 1 && html`
            <button type="button" class="small" onClick=${step(-1)}>${say("check.previous_miss")}</button>
            <button type="button" class="small" onClick=${step(1)}>${say("check.next_miss")}</button>`}
          <a class="button small" href=${linkHere({ miss: null })}>${say("undo.close")}</a>
        </div>
      </div>
      <${Miss} key=${misses[open].line} miss=${misses[open]} collection=${collection} onMended=${onMended} />
    </div>`;
}
