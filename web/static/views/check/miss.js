// One miss: what was asked, expected and came; mended here, and asked again at once.

import { get, post } from "../../api.js";
import { decisionText } from "../../components/decision.js";
import { EditItem } from "../../components/item-form.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { link } from "../../router.js";
import { may } from "../../session.js";
import { percent, say } from "../../words.js";
import { addWording, offerUndoOf } from "../../mending.js";
import { describeDecision, describeExpected } from "./misses.js";

export function Miss({ miss, collection, onMended }) {
  const [editing, setEditing] = useState(null);
  const [error, setError] = useState(null);
  const expected = useExpected(miss);
  const [outcome, again] = useOutcome(miss, collection, setError);
  const panel = useRef(null);
  const finish = (text, item, before) => {
    setEditing(null);
    setError(null);
    offerUndoOf(text, item, before, again);
    onMended(miss.line);
    again();
  };
  const join = () => addWording(expected.id, miss.question)
    .then(({ item, before }) => finish(say("mend.joined"), item, before), setError);
  const close = () => {
    setEditing(null);
    panel.current.querySelector("button, a")?.focus();
  };
  return html`
    <${Facts} miss=${miss} expected=${expected} />
    <div class="actions" ref=${panel}>
      ${may("editor") && html`<${Buttons} miss=${miss} expected=${expected} editing=${editing}
        onEdit=${setEditing} onJoin=${join} />`}
      <a class="button" href=${link("ask", { q: miss.question, collection })}>${say("check.show_in_ask")}</a>
    </div>
    ${error && html`<${ErrorNotice} error=${error} focus />`}
    ${editing && html`<${EditItem} key=${editing} id=${editing} title=${say("item.edit")} onClose=${close}
      onSaved=${(item, before) => finish(say("mend.saved"), item, before)} />`}
    ${outcome && html`<${Outcome} miss=${miss} reply=${outcome} />`}`;
}

function Facts({ miss, expected }) {
  const row = (label, text) => html`<div><dt>${label}</dt><dd>${text}</dd></div>`;
  return html`
    <dl class="turn">
      ${row(say("check.question"), html`<span dir="auto" class="stored">${miss.question}</span>`)}
      ${row(say("check.expected"), expected?.question
        ? html`<span dir="auto" class="stored">${expected.question}</span>` : describeExpected(miss))}
      ${row(say("check.came"), html`<span dir="auto" class="stored">${miss.got?.question ?? say("check.nothing")}</span>`)}
      ${row(say("check.then"), describeDecision(miss))}
      ${miss.expected !== null && miss.place !== 1 && row(say("check.place"),
        miss.place === null ? say("check.not_near") : say("check.at_place", { k: miss.place }))}
    </dl>`;
}

function Buttons({ miss, expected, editing, onEdit, onJoin }) {
  const toggle = (id) => onEdit(editing === id ? null : id);
  const edit = (id, text) => html`
    <button type="button" aria-expanded=${editing === id} onClick=${() => toggle(id)}>${text}</button>`;
  const other = miss.got && miss.got.id !== expected?.id;
  return html`
    ${expected?.question && html`<button type="button" class=${editing ? "" : "primary"} onClick=${onJoin}>${say("check.join_expected")}</button>`}
    ${expected?.question && edit(expected.id, say("check.edit_expected"))}
    ${other && edit(miss.got.id, say("check.edit_came"))}`;
}

/** The right item of a miss; null where nothing should be answered, or it is gone. */
function useExpected({ expected_ids: ids = [] }) {
  const [item, setItem] = useState(null);
  useEffect(() => {
    if (ids.length > 0) get(`/items/${ids[0]}`).then(setItem).catch(() => setItem(null));
  }, []);
  return item;
}

/** What the question gets now, and a function that asks it again. */
function useOutcome(miss, collection, onError) {
  const [reply, setReply] = useState(null);
  const again = () => post("/search", { question: miss.question, collection, order: "relevance", log: false })
    .then(setReply, onError);
  return [reply, again];
}

function Outcome({ miss, reply }) {
  const answered = reply.decision === "answer";
  const right = miss.expected === null ? !answered : answered && miss.expected_ids?.includes(reply.best?.id);
  const said = answered
    ? say("outcome.answered", { d: decisionText(reply), t: reply.best.question, p: percent(reply.confidence) })
    : decisionText(reply);
  // Another one each time, so that it takes the focus.
  return html`
    <${Notice} key=${reply.search_id} kind=${right ? "success" : "warning"} focus>
      <p>${say("outcome.after")}: ${said}</p>${!right && html`<p>${say("check.still_missed")}</p>`}<//>`;
}
