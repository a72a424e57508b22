// The pictures of a test. What they show stands in words beside them, and in a table below.

import { useVariables } from "../../components/bars.js";
import { Table } from "../../components/table.js";
import { html } from "../../lib.js";
import { number, percent, say } from "../../words.js";
import { countKind, KINDS, movedPoints, signed } from "./counts.js";

function AsTable({ caption, ...table }) {
  return html`
    <details class="as-table"><summary>${say("check.as_table")}<span class="unseen">: ${caption}</span></summary>
      <${Table} caption=${caption} ...${table} /></details>`;
}

function Part({ kind, share }) {
  const element = useVariables({ "--part": String(share) });
  return html`<span class=${`part ${kind}`} ref=${element}></span>`;
}

/** One bar of four parts: what became of the questions. */
export function Decisions({ result, before }) {
  const { decisions, questions } = result;
  const rightly = decisions.without_answer.passed;
  const shown = KINDS.filter((kind) => countKind(decisions, kind) > 0);
  return html`
    <div class="picture">
      <h3>${say("check.became")}</h3>
      <div class="stack" aria-hidden="true">${shown.map((kind) => html`
        <${Part} key=${kind} kind=${kind} share=${countKind(decisions, kind) / questions} />`)}</div>
      <ul class="legend">${KINDS.map((kind) => html`
        <li key=${kind}><span class=${`swatch part ${kind}`} aria-hidden="true"></span>
          <span>${say(`check.${kind}`)}</span> <b>${number(countKind(decisions, kind))}</b>${" · "}
          ${percent(countKind(decisions, kind) / questions)}${" "}
          <span class="moved">${before && describeMove(kind, result, before)}</span></li>`)}</ul>
      ${rightly > 0 && html`<p class="meta">${say("check.rightly_passed", { n: rightly })}</p>`}
      <${DecisionsTable} decisions=${decisions} />
    </div>`;
}

/** Counts of two files of different size are not compared, but shares are. */
function describeMove(kind, now, before) {
  const [a, b] = [countKind(now.decisions, kind), countKind(before.decisions, kind)];
  return now.questions === before.questions ? signed(a - b) : movedPoints(a / now.questions, b / before.questions);
}

function DecisionsTable({ decisions }) {
  const columns = [
    { key: "kind", title: say("check.became"), cell: (kind) => say(`check.${kind}`) },
    { key: "with", title: say("check.with_answer"), kind: "number", cell: (kind) => number(decisions.with_answer[kind]) },
    { key: "without", title: say("check.without_answer"), kind: "number", cell: (kind) => number(decisions.without_answer[kind]) },
  ];
  return html`<${AsTable} columns=${columns} rows=${KINDS} rowKey=${(kind) => kind} caption=${say("check.became")} />`;
}

/** Tenths of the confidence: how many first answers were right (up) and not (down), and the line. */
export function Strip({ parts, line }) {
  const counted = parts.map((part) => {
    const right = Math.round(part.questions * (part.right ?? 0));
    return { ...part, right, not: part.questions - right };
  });
  const most = Math.max(1, ...counted.flatMap(({ right, not }) => [right, not]));
  const sum = (key) => counted.reduce((total, part) => total + part[key], 0);
  const mark = useVariables({ "--line": String(line) });
  const bars = (key, kind) => html`
    <div class=${`half ${key}`}>${counted.map((part) => html`
      <${Part} key=${part.from} kind=${kind} share=${part[key] / most} />`)}</div>`;
  return html`
    <div class="picture">
      <h3>${say("check.strip")}</h3>
      <div class="strip" ref=${mark} aria-hidden="true">
        <span class=${line > 0.5 ? "label before" : "label"}>${say("bars.line", { p: percent(line) })}</span>
        ${bars("right", "right")}${bars("not", "wrong")}<span class="mark"></span>
        <div class="axis">${[0, 0.25, 0.5, 0.75, 1].map((at) => html`<span key=${at}>${percent(at)}</span>`)}</div>
      </div>
      <ul class="legend">
        <li><span class="swatch part right" aria-hidden="true"></span>
          <span>${say("check.first_right")}</span> <b>${number(sum("right"))}</b></li>
        <li><span class="swatch part wrong" aria-hidden="true"></span>
          <span>${say("check.first_not")}</span> <b>${number(sum("not"))}</b></li>
        <li>${say("bars.line", { p: percent(line) })}</li>
      </ul>
      <${StripTable} parts=${counted} />
    </div>`;
}

function StripTable({ parts }) {
  const columns = [
    { key: "part", title: say("check.confidence"), cell: ({ from, to }) => say("check.from_to", { from: percent(from), to: percent(to) }) },
    { key: "right", title: say("check.first_right"), kind: "number", cell: ({ right }) => number(right) },
    { key: "not", title: say("check.first_not"), kind: "number", cell: ({ not }) => number(not) },
  ];
  return html`<${AsTable} columns=${columns} rows=${parts} rowKey=${({ from }) => from} caption=${say("check.strip")} />`;
}
