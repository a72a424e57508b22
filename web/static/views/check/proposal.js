// The lines that a test proposes: what they would change, and a button that puts them to use.

import { get, put, remove } from "../../api.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { Table } from "../../components/table.js";
import { html, useEffect, useState } from "../../lib.js";
import { offerUndo } from "../../undo.js";
import { number, percent, say } from "../../words.js";
import { countKind, KINDS } from "./counts.js";

// With fewer nothing is proposed (services/fitting.py).
const LEAST_QUESTIONS = 20;
const NAMES = ["answer", "none", "constant"];
const pick = (given) => Object.fromEntries(NAMES.map((name) => [name, given[name]]));
const same = (a, b) => NAMES.every((name) => Math.abs(a[name] - b[name]) < 0.0006);
const addressOf = (collection) => `/collections/${encodeURIComponent(collection)}/thresholds`;

/** Return `{now, error, use(values)}`: `now` is null until loaded; null instead of values: the default. */
export function useThresholds(collection) {
  const [state, setState] = useState({ now: null, error: null });
  useEffect(() => {
    get(addressOf(collection)).then((now) => setState({ now, error: null })).catch(() => {
      // The collection may be gone; what was tested stands.
    });
  }, [collection]);
  const set = async (values) => {
    const path = addressOf(collection);
    const now = await (values ? put(path, pick(values)) : remove(path));
    setState({ now, error: null });
  };
  const use = async (values) => {
    const before = state.now;
    try {
      await set(values);
      offerUndo({ text: say("check.applied"), undo: () => set(before.own ? before : null) });
    } catch (error) {
      setState({ now: before, error });
    }
  };
  return { ...state, use };
}

export function Proposal({ job, thresholds }) {
  const { result } = job;
  const { now, error, use } = thresholds;
  if (!now) return null;
  const asked = result.thresholds ?? now;
  return html`
    <section class="proposal" aria-labelledby="proposal-title">
      <h3 id="proposal-title">${say("check.proposal")}</h3>
      ${!same(asked, now) && html`<p>${say("check.line_changed")}</p>`}
      ${result.fitted
        ? html`<${Fitted} result=${result} asked=${asked} now=${now} use=${use} />`
        : html`<p>${say(result.questions < LEAST_QUESTIONS ? "check.too_few" : "check.none_better")}</p>`}
      ${now.own && html`<button type="button" onClick=${() => use(null)}>${say("check.use_default")}</button>`}
      ${error && html`<${ErrorNotice} error=${error} focus />`}
    </section>`;
}

function Fitted({ result, asked, now, use }) {
  const { fitted, fitted_decisions: foreseen } = result;
  if (same(now, fitted)) return html`<p>${say("check.in_use", { p: percent(now.answer) })}</p>`;
  const columns = [
    { key: "kind", title: say("check.became"), cell: (kind) => say(`check.${kind}`) },
    { key: "now", title: say("check.in_test"), kind: "number", cell: (kind) => number(countKind(result.decisions, kind)) },
    { key: "then", title: say("check.with_proposal"), kind: "number", cell: (kind) => number(countKind(foreseen, kind)) },
  ];
  const moved = fitted.constant - asked.constant;
  const [before, after] = [result.decisions, foreseen ?? result.decisions].map((one) => countKind(one, "right"));
  return html`
    <ul class="plain">
      ${asked.answer !== fitted.answer && html`<li>${say("check.line_moves", { from: percent(asked.answer), to: percent(fitted.answer) })}</li>`}
      ${asked.none !== fitted.none && html`<li>${say("check.pass_moves", { from: percent(asked.none), to: percent(fitted.none) })}</li>`}
      ${Math.abs(moved) >= 0.05 && html`<li>${say(moved > 0 ? "check.surer" : "check.less_sure")}</li>`}
    </ul>
    ${foreseen && html`<${Table} columns=${columns} rows=${KINDS} rowKey=${(kind) => kind} caption=${say("check.would_change")} />`}
    ${after < before && html`<${Notice} kind="warning">${say("check.fewer_right", { a: before, b: after })}<//>`}
    <p class="meta">${say("check.foreseen")}</p>
    <button type="button" onClick=${() => use(fitted)}>${say("check.use", { p: percent(fitted.answer) })}</button>`;
}
