// One finding: what it is about, and its items side by side to mend them.

import { remove, request } from "../../api.js";
import { EditItem } from "../../components/item-form.js";
import { ErrorNotice } from "../../components/notice.js";
import { Marked } from "../../components/marked.js";
import { tellApart } from "../../diff.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { may } from "../../session.js";
import { offerUndo } from "../../undo.js";
import { say } from "../../words.js";
import { offerUndoOf } from "../../mending.js";
import { Compared } from "./compared.js";

// So many questions name a finding.
const NAMED = 2;

export function Finding({ finding, settled, again, onGone, onHide, onSettle }) {
  const { kind, severity, items } = finding;
  const [open, setOpen] = useState(false);
  const marks = tellApart(items.map(({ question }) => question));
  const settle = (on) => {
    onSettle(on);
    if (on) offerUndo({ text: say("check.settled"), undo: () => onSettle(false) });
    onGone();
  };
  return html`
    <li class="finding">
      <div class="head">
        <div><p class="facts-line"><span class=${`severity ${severity}`}>${say(`check.${severity}`)}</span>
            <strong>${say(`check.kind_${kind}`)}</strong></p>
          ${items.slice(0, NAMED).map(({ id, question }, n) => html`
            <p key=${id}><${Marked} text=${question} words=${marks[n]} /></p>`)}
          ${items.length > NAMED && html`<p class="meta">${say("check.and_more", { n: items.length - NAMED })}</p>`}</div>
        <button type="button" aria-expanded=${open} onClick=${() => setOpen(!open)}>
          ${say(items.length > 1 ? "check.compare" : "check.open")}
          <span class="unseen">: ${items[0].question}</span></button>
      </div>
      ${open && html`<${Panel} finding=${finding} settled=${settled} again=${again} onGone=${onGone} onHide=${onHide}
        onSettle=${settle} />`}
    </li>`;
}

function Panel({ finding, settled, again, onGone, onHide, onSettle }) {
  const { items, error: unread, load } = useItems(finding);
  const [editing, setEditing] = useState(null);
  const [error, setError] = useState(null);
  const panel = useRef(null);
  const saved = (item, before) => {
    setEditing(null);
    offerUndoOf(say("mend.saved"), item, before, again);
    again();
    load();
  };
  const close = () => {
    const button = panel.current.querySelector("[aria-expanded=true]");
    setEditing(null);
    button?.focus();
  };
  const hideWhile = (deed) => {
    deleteLater({ ...deed, again, onHide });
    onGone();
  };
  const join = (into, from) => joinItems(into, from).then(hideWhile, setError);
  if (unread) return html`<${ErrorNotice} error=${unread} retry=${load} />`;
  if (!items) return html`<p class="meta" aria-busy="true">${say("item.loading")}</p>`;
  return html`
    <div class="panel" ref=${panel}>
      <p>${say(`check.advice_${finding.kind}`)}</p>
      <${Compared} items=${items} joins=${finding.kind !== "same_question"} editing=${editing}
        onEdit=${(id) => setEditing(editing === id ? null : id)} onJoin=${join}
        onDelete=${(one) => hideWhile({ text: say("check.deleted"), one })} />
      ${error && html`<${ErrorNotice} error=${error} focus />`}
      ${editing && html`<${EditItem} key=${editing} id=${editing} title=${say("item.edit")} onSaved=${saved} onClose=${close} />`}
      ${may("editor") && html`<div class="actions settle">
        <button type="button" onClick=${() => onSettle(!settled)}>${say(settled ? "check.not_fine" : "check.fine")}</button>
        <span class="meta">${say("check.fine_where")}</span></div>`}
    </div>`;
}

/** The items of a finding whole, each with its ETag: `{items: [{item, etag}], error, load()}`. */
function useItems(finding) {
  const [state, setState] = useState({});
  const load = () => {
    setState({});
    Promise.all(finding.items.map(({ id }) => request("GET", `/items/${id}`)))
      .then((all) => setState({ items: all.map(({ data, etag }) => ({ item: data, etag })) }))
      .catch((error) => setState({ error }));
  };
  useEffect(load, []);
  return { ...state, load };
}

/** Give one item's ways to ask to another; return the deed that then deletes it. */
async function joinItems({ item: into, etag }, from) {
  const own = [into.question, ...into.alternatives];
  const more = [from.item.question, ...from.item.alternatives].filter((text) => !own.includes(text));
  const give = (alternatives, known) => request("PATCH", `/items/${into.id}`,
    { body: { alternatives }, headers: { "If-Match": known } });
  const given = await give([...into.alternatives, ...more], etag);
  const takeBack = () => give(into.alternatives, given.etag);
  return { text: say("check.joined"), one: from, takeBack };
}

/** Delete an item unless it is undone; the finding is hidden meanwhile. */
function deleteLater({ text, one, takeBack = () => {}, again, onHide }) {
  const undo = async () => {
    await takeBack();
    onHide(false);
  };
  const commit = async ({ leaving }) => {
    await remove(`/items/${one.item.id}`, { headers: { "If-Match": one.etag }, keepalive: leaving });
    again();
  };
  onHide(true);
  offerUndo({ text, undo, commit });
}
