// The parts of which the forms of the settings are made.

import { useCollections } from "../../collections.js";
import { ErrorNotice } from "../../components/notice.js";
import { html, useLayoutEffect, useRef, useState } from "../../lib.js";
import { say } from "../../words.js";

const ROLES = ["reader", "editor", "admin"];

/**
 * `onSend()` on Enter and on its button; `onClose()` on Esc. The first field gets the focus. Without
 * `onClose` the form stands always, and is not what one came for.
 */
export function Form({ title, sending, sendText, onSend, onClose, children }) {
  const element = useRef(null);
  useLayoutEffect(() => {
    if (onClose) element.current.querySelector("input:not([hidden])")?.focus();
  }, []);
  const submit = (event) => {
    event.preventDefault();
    onSend();
  };
  const press = (event) => {
    if (event.key !== "Escape" || !onClose) return;
    event.preventDefault();
    onClose();
  };
  return html`
    <form class="form" ref=${element} onSubmit=${submit} onKeyDown=${press} aria-label=${title} novalidate>
      <h3>${title}</h3>
      ${sending.error && html`<${ErrorNotice} error=${sending.error} focus />`}
      ${children}
      <div class="actions">
        <button class=${onClose ? "primary" : ""} disabled=${sending.busy}>${sendText}</button>
        ${onClose && html`<button type="button" onClick=${onClose}>${say("item.close")}</button>`}
      </div>
    </form>`;
}

/** What the service says against a field, or null. */
export function errorOf(sending, name) {
  return sending.error?.body.fields?.find(({ field }) => field.split(".")[0] === name)?.error ?? null;
}

export function TextField({ label, name, value, onInput, sending, hint, ...given }) {
  const wrong = errorOf(sending, name);
  return html`
    <label class="field"><span>${label}</span>
      <input name=${name} value=${value} onInput=${(event) => onInput(event.target.value)} aria-invalid=${Boolean(wrong)}
        aria-describedby=${`about-${name}`} autocomplete="off" ...${given} />
      <span class=${wrong ? "wrong" : "meta"} id=${`about-${name}`}>${wrong ?? hint}</span></label>`;
}

/** A password, which is kept nowhere: not as a draft either. */
export function PasswordField({ label, value, onInput, sending }) {
  const [shown, setShown] = useState(false);
  return html`
    <${TextField} label=${label} name="password" value=${value} onInput=${onInput} sending=${sending} autocomplete="new-password"
      type=${shown ? "text" : "password"} hint=${say("settings.password_rule")} spellcheck=${false} autocapitalize="none" />
    <label class="check"><input type="checkbox" checked=${shown} onChange=${() => setShown(!shown)} /> ${say("settings.show")}</label>`;
}

export function RoleField({ value, onChange }) {
  return html`
    <fieldset><legend>${say("settings.role")}</legend>
      ${ROLES.map((role) => html`
        <label class="check" key=${role}><input type="radio" name="role" checked=${value === role}
          onChange=${() => onChange(role)} /> ${say(`settings.${role}`)}</label>`)}
      <p class="meta">${say("settings.role_stays")}</p>
    </fieldset>`;
}

/** `value`: {all, chosen: [names], others: "a, b"}; `toCollections` makes what the service takes of it. */
export function LimitField({ value, onChange, sending }) {
  const names = (useCollections() ?? []).map(({ name }) => name);
  const change = (next) => onChange({ ...value, ...next });
  const toggle = (name) => change({
    chosen: value.chosen.includes(name) ? value.chosen.filter((one) => one !== name) : [...value.chosen, name],
  });
  return html`
    <fieldset><legend>${say("settings.where")}</legend>
      <label class="check"><input type="radio" name="limit" checked=${value.all} onChange=${() => change({ all: true })} /> ${say("settings.all")}</label>
      <label class="check"><input type="radio" name="limit" checked=${!value.all} onChange=${() => change({ all: false })} /> ${say("settings.only")}</label>
      ${!value.all && html`<div class="listed">
        ${names.map((name) => html`<label class="check" key=${name}>
          <input type="checkbox" checked=${value.chosen.includes(name)} onChange=${() => toggle(name)} /> ${name}</label>`)}
        <${TextField} label=${say("settings.others")} name="collections" value=${value.others} sending=${sending}
          onInput=${(others) => change({ others })} autocapitalize="none" spellcheck=${false} />
      </div>`}
    </fieldset>`;
}

export const NO_LIMIT = { all: true, chosen: [], others: "" };

/** Return the names that a limit allows, or null for all. */
export function toCollections({ all, chosen, others }) {
  if (all) return null;
  return [...new Set([...chosen, ...others.split(",").map((name) => name.trim()).filter(Boolean)])];
}

/** Say where somebody may look. */
export function describeLimit(collections) {
  return collections === null ? say("settings.everywhere") : collections.join(", ");
}
