// From which confidence on a search in a collection is answered, or passed.

import { get, put, remove } from "../../api.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { html, useEffect, useState } from "../../lib.js";
import { say } from "../../words.js";
import { Form, TextField } from "./form.js";
import { useSending } from "./loading.js";

export function DecisionLine({ name }) {
  return html`
    <section><h2>${say("settings.line")}</h2>
      <p class="meta">${say("settings.line_what")}</p>
      ${name ? html`<${Line} name=${name} />` : html`<p>${say("settings.line_which")}</p>`}
    </section>`;
}

const toPercent = (part) => String(Math.round(part * 1000) / 10);
const toPart = (text) => Number(text) / 100;

function Line({ name }) {
  const path = `/collections/${encodeURIComponent(name)}/thresholds`;
  const [stored, setStored] = useState(null);
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    get(path).then(setStored).catch(setError);
  };
  useEffect(load, [path]);
  if (error) return html`<${ErrorNotice} error=${error} retry=${load} />`;
  if (!stored) return html`<p class="meta">${say("settings.loading")}</p>`;
  return html`<${LineForm} key=${JSON.stringify(stored)} name=${name} path=${path} stored=${stored} onStored=${setStored} />`;
}

function LineForm({ name, path, stored, onStored }) {
  const [answer, setAnswer] = useState(toPercent(stored.answer));
  const [none, setNone] = useState(toPercent(stored.none));
  const sending = useSending();
  const done = (now) => onStored({ ...now, saved: true });
  const save = () => sending.send(async () =>
    done(await put(path, { answer: toPart(answer), none: toPart(none), constant: stored.constant })));
  const reset = () => sending.send(async () => done(await remove(path)));
  const field = (key, label, value, onInput) => html`<div class="short">
    <${TextField} label=${label} name=${key} value=${value} onInput=${onInput} sending=${sending} type="number" min="0" max="100" step="any" /></div>`;
  return html`
    ${stored.saved && html`<${Notice} kind="success" focus><p>${say("settings.line_saved", { c: name })}</p><//>`}
    <${Form} title=${name} sending=${sending} sendText=${say("item.save")} onSend=${save}>
      <p class="meta">${say(stored.own ? "settings.line_own" : "settings.line_default")}</p>
      <div class="lines">
        ${field("answer", say("settings.answer_from"), answer, setAnswer)}
        ${field("none", say("settings.pass_below"), none, setNone)}
      </div>
      ${stored.own && html`<p><button type="button" class="link" onClick=${reset}>${say("settings.line_reset")}</button></p>`}
    <//>`;
}
