// The list of items, and the form of the one that is edited under its row.

import { LongText } from "../../components/long-text.js";
import { Table } from "../../components/table.js";
import { html } from "../../lib.js";
import { linkHere } from "../../router.js";
import { may } from "../../session.js";
import { ago, say } from "../../words.js";
import { Editing } from "./editing.js";

export function List({ reply, marks, params, onDone }) {
  const edited = params.get("edit");
  const detail = (item) => String(item.id) === edited && html`
    <${Editing} key=${edited} id=${item.id} item=${item} params=${params} onDone=${onDone} />`;
  const shows = (item) => [item, params, reply.collection, marks.has(item.id)];
  return html`
    <${Table} columns=${listColumns(marks, edited, !reply.collection)} shows=${shows} rows=${reply.results} rowKey=${({ id }) => id}
      caption=${say("items.caption")} detail=${detail} />`;
}

function listColumns(marks, edited, showsCollection) {
  const columns = [
    { key: "question", title: say("item.question"), kind: "wide question", cell: (item) => html`<${Question} item=${item} />` },
    { key: "answer", title: say("item.answer"), kind: "wide", cell: (item) => html`<${Answer} item=${item} />` },
    showsCollection && { key: "collection", title: say("frame.collection"), kind: "brief", cell: ({ collection }) => collection },
    { key: "changed", title: say("items.changed"), kind: "brief", cell: (item) => ago(item.updated_at) },
  ];
  if (may("editor")) {
    columns.unshift({ key: "mark", title: say("items.mark"), unseen: true, kind: "wide mark", cell: (item) => html`<${Mark} item=${item} marks=${marks} />` });
    columns.push({ key: "edit", title: say("items.act"), unseen: true, kind: "wide act", cell: (item) => html`<${Edit} item=${item} open=${String(item.id) === edited} />` });
  }
  return columns.filter(Boolean);
}

function Question({ item }) {
  return html`
    <span class="stored" dir="auto">${item.question}</span>
    ${item.alternatives.length > 0 && html`<p class="meta">${say("items.ways", { n: item.alternatives.length })}</p>`}`;
}

function Answer({ item }) {
  const fields = Object.entries(item.metadata).filter(([, value]) => value !== "");
  return html`
    <${LongText} text=${item.answer} />
    ${fields.length > 0 && html`<p class="meta facts">${fields.map(([name, value]) => html`
      <span key=${name} dir="auto">${name}: ${value}</span>`)}</p>`}`;
}

function Mark({ item, marks }) {
  return html`<label class="check"><input type="checkbox" checked=${marks.has(item.id)}
    aria-label=${say("items.mark_one", { t: item.question })}
    onChange=${(event) => marks.set([item], event.target.checked)} /></label>`;
}

function Edit({ item, open }) {
  return html`<a class="button small" href=${linkHere({ edit: open ? null : item.id })} data-edit=${item.id}
    aria-label=${say(open ? "items.close_one" : "items.edit_one", { t: item.question })}>${say(open ? "item.close" : "hit.edit")}</a>`;
}
