// Items side by side, each with what can be done about it; where it is narrow, one below the other.

import { LongText } from "../../components/long-text.js";
import { Marked } from "../../components/marked.js";
import { tellApart } from "../../diff.js";
import { html } from "../../lib.js";
import { may } from "../../session.js";
import { say } from "../../words.js";

const letterOf = (n) => String.fromCharCode(65 + n);

/**
 * `items`: [{item, etag}]. `joins`: whether one may become a way to ask of the first.
 * `onEdit(id)`, `onJoin(first, other)`, `onDelete(one)`.
 */
export function Compared({ items, joins, editing, onEdit, onJoin, onDelete }) {
  const questions = tellApart(items.map(({ item }) => item.question));
  const answers = tellApart(items.map(({ item }) => item.answer));
  const several = items.length > 1;
  return html`
    <div class="versions">${items.map((one, n) => html`
      <section key=${one.item.id} aria-label=${say("check.item_named", { a: letterOf(n), t: one.item.question })}>
        ${several && html`<h3>${letterOf(n)}</h3>`}
        <p><strong><${Marked} text=${one.item.question} words=${questions[n]} /></strong></p>
        <${Ways} texts=${one.item.alternatives} />
        ${answers[n].size > 0
          ? html`<p><${Marked} text=${one.item.answer} words=${answers[n]} /></p>`
          : html`<${LongText} text=${one.item.answer} />`}
        <${Fields} metadata=${one.item.metadata} />
        ${may("editor") && html`<div class="actions">
          <button type="button" aria-expanded=${editing === one.item.id} onClick=${() => onEdit(one.item.id)}>
            ${say("check.edit_it", { a: several ? letterOf(n) : "" })}</button>
          <button type="button" class="danger" onClick=${() => onDelete(one)}>
            ${say("check.delete_it", { a: several ? letterOf(n) : "" })}</button>
          ${joins && n > 0 && html`<button type="button" onClick=${() => onJoin(items[0], one)}>
            ${say("check.join_it", { a: letterOf(n), b: letterOf(0) })}</button>`}
        </div>
        ${joins && n > 0 && one.item.answer !== items[0].item.answer && html`
          <p class="meta">${say("check.join_loses", { a: letterOf(n) })}</p>`}`}
      </section>`)}</div>`;
}

function Ways({ texts }) {
  if (texts.length === 0) return null;
  return html`
    <p class="meta">${say("item.alternatives")}:</p>
    <ul class="ways-list">${texts.map((text) => html`<li dir="auto" class="stored">${text}</li>`)}</ul>`;
}

function Fields({ metadata }) {
  const pairs = Object.entries(metadata).filter(([, value]) => value !== "");
  if (pairs.length === 0) return null;
  return html`<p class="meta facts">${pairs.map(([name, value]) => html`<span key=${name} dir="auto">${name}: ${value}</span>`)}</p>`;
}
