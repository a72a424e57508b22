// The fields of an item that are lists: other ways to ask, and other fields.

import { html, useLayoutEffect, useRef } from "../lib.js";
import { say } from "../words.js";

/**
 * Return a list's ref, and a function that lets the next row, which was just added, have the focus.
 * It gets it before anybody can type: later, it would take the focus from another field.
 */
function useFocusAdded(count) {
  const list = useRef(null);
  const awaited = useRef(0);
  useLayoutEffect(() => {
    if (!awaited.current || count < awaited.current) return;
    awaited.current = 0;
    const row = list.current.querySelectorAll(".row.entry")[count - 1];
    row.querySelector("input, textarea").focus();
  });
  return [list, () => { awaited.current = count + 1; }];
}

export function Alternatives({ texts, onChange, errorOf, id }) {
  const [list, focusAdded] = useFocusAdded(texts.length);
  const change = (place, text) => onChange(texts.map((old, n) => (n === place ? text : old)));
  const add = () => {
    focusAdded();
    onChange([...texts, ""]);
  };
  return html`
    <fieldset ref=${list}>
      <legend>${say("item.alternatives")}</legend>
      ${texts.map((text, n) => html`
        <div class="row entry" key=${n}>
          <textarea rows="1" dir="auto" value=${text} id=${`${id}-alternatives.${n}`}
            aria-label=${say("item.alternative", { n: n + 1 })}
            aria-invalid=${Boolean(errorOf(`alternatives.${n}`))}
            onInput=${(event) => change(n, event.target.value)}></textarea>
          <button type="button" class="quiet" aria-label=${say("item.take_away", { t: text })}
            onClick=${() => onChange(texts.filter((_, other) => other !== n))}>✕</button>
        </div>`)}
      <button type="button" class="small" onClick=${add}>${say("item.add_alternative")}</button>
    </fieldset>`;
}

/** `pairs`: [[name, value], …]. `fixed`: names that the item has, which stay as they are. */
export function OtherFields({ pairs, onChange, fixed, known, errorOf, id }) {
  const [list, focusAdded] = useFocusAdded(pairs.length);
  const change = (place, pair) => onChange(pairs.map((old, n) => (n === place ? pair : old)));
  const add = (name) => {
    focusAdded();
    onChange([...pairs, [name, ""]]);
  };
  const missing = known.filter((name) => !pairs.some(([other]) => other === name));
  return html`
    <fieldset ref=${list}>
      <legend>${say("item.fields")}</legend>
      ${pairs.map(([name, value], n) => html`
        <div class="row entry" key=${n}>
          ${fixed.includes(name) || known.includes(name)
            ? html`<label class="field-name" for=${`${id}-metadata.${name}`} dir="auto">${name}</label>`
            : html`<input class="field-name" value=${name} aria-label=${say("item.field_name")}
                placeholder=${say("item.field_name")}
                onInput=${(event) => change(n, [event.target.value, value])} />`}
          <textarea rows="1" dir="auto" value=${value} id=${`${id}-metadata.${name}`}
            aria-label=${name || say("item.field_value")}
            aria-invalid=${Boolean(errorOf(`metadata.${name}`))}
            onInput=${(event) => change(n, [name, event.target.value])}></textarea>
          <button type="button" class="quiet" aria-label=${say("item.take_away", { t: name })}
            onClick=${() => onChange(pairs.filter((_, other) => other !== n))}>✕</button>
        </div>`)}
      <div class="row">
        ${missing.map((name) => html`
          <button type="button" class="small" key=${name} onClick=${() => add(name)}>+ ${name}</button>`)}
        <button type="button" class="small" onClick=${() => add("")}>${say("item.add_field")}</button>
      </div>
    </fieldset>`;
}
