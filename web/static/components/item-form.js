// The form of an item: writes a new one, or changes one that is there. What is typed is kept as a
// draft until it was saved. A change that somebody else made meanwhile is shown beside one's own.

import { get, patch, post, request } from "../api.js";
import { useCollections } from "../collections.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { readDraft, writeDraft } from "../drafts.js";
import { hasView, session } from "../session.js";
import { link } from "../router.js";
import { say } from "../words.js";
import { CollectionPicker } from "./collection-picker.js";
import { Conflict } from "./conflict.js";
import { Alternatives, OtherFields } from "./item-fields.js";
import { ErrorNotice, Notice } from "./notice.js";

const EMPTY = { question: "", alternatives: [], answer: "", metadata: {} };
const PARTS = ["question", "alternatives", "answer", "metadata"];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** What of an item the form shows; other fields as pairs, so that a name can be typed. */
const toValues = (item) => ({
  question: item.question, alternatives: item.alternatives, answer: item.answer,
  pairs: Object.entries(item.metadata),
});

const toItem = (values) => ({
  question: values.question,
  alternatives: values.alternatives.filter((text) => text.trim() !== ""),
  answer: values.answer,
  metadata: Object.fromEntries(values.pairs.filter(([name]) => name.trim() !== "")),
});

/** Load an item and change it. Further properties as of ItemForm. */
export function EditItem({ id, onClose, ...given }) {
  const [state, setState] = useState({});
  const load = () => {
    setState({});
    request("GET", `/items/${id}`)
      .then(({ data, etag }) => setState({ item: data, etag }))
      .catch((error) => {
        // Somebody deleted it: what was typed is still shown, and can be written anew.
        const base = error.status === 404 && readDraft(`item:${id}`)?.base;
        setState(base ? { item: base } : { error });
      });
  };
  useEffect(load, [id]);
  if (state.error) return html`<${ErrorNotice} error=${state.error} retry=${load} />`;
  if (!state.item) return html`<p class="meta" aria-busy="true">${say("item.loading")}</p>`;
  return html`<${ItemForm} item=${state.item} etag=${state.etag} onClose=${onClose} ...${given} />`;
}

/**
 * `item` with its `etag` is changed; without them a new one is written, which starts with `initial`.
 * `onSaved(item, before)` gets what is stored now, and what was (null for a new one). `focus` names
 * the field that gets it: "question" or "answer". `title` stands above.
 */
export function ItemForm({
  item = null, etag = null, initial = EMPTY, collection = "", title, focus = "answer",
  onSaved, onClose, children,
}) {
  const form = useItemForm({ item, etag, initial, collection, onSaved });
  const known = useColumns(item?.collection ?? form.collection);
  const element = useRef(null);
  const id = item ? `item-${item.id}` : "item-new";
  // Before anybody can type: an effect after the painting would take the focus from another field.
  useLayoutEffect(() => element.current.querySelector(`[name=${focus}]`)?.focus(), []);
  const press = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.save();
    else if (event.key === "Escape") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const submit = (event) => {
    event.preventDefault();
    form.save();
  };
  return html`
    <form class="form item-form" ref=${element} onKeyDown=${press} onSubmit=${submit} novalidate
      aria-label=${title ?? say(item ? "item.edit" : "item.new")}>
      ${title && html`<h2>${title}</h2>`}
      ${form.restored && html`<${Notice}>${say("item.restored")}
        <button type="button" class="link" onClick=${form.reset}>${say("item.forget")}</button><//>`}
      <${Problem} form=${form} item=${item} id=${id} />
      <${Fields} form=${form} item=${item} known=${known} id=${id} />
      <div class="actions">
        <button class="primary" disabled=${form.saving}>${say(form.saving ? "item.saving" : "item.save")}</button>
        <button type="button" onClick=${onClose}>${say("item.close")}</button>
        ${children}
      </div>
    </form>`;
}

function Fields({ form, item, known, id }) {
  const { values, write, errorOf } = form;
  const wrong = (name) => errorOf(name) && html`<p class="wrong" id=${`${id}-${name}-wrong`}>${errorOf(name)}</p>`;
  const text = (name, rows) => html`
    <label class="field"><span>${say(`item.${name}`)}</span>
      <textarea name=${name} id=${`${id}-${name}`} rows=${rows} dir="auto" class=${name} value=${values[name]}
        aria-invalid=${Boolean(errorOf(name))} aria-describedby=${errorOf(name) && `${id}-${name}-wrong`}
        onInput=${(event) => write({ [name]: event.target.value })}></textarea></label>${wrong(name)}`;
  return html`
    ${!item && html`<div class="field"><${CollectionPicker} free value=${form.collection}
      label=${say("frame.collection")} onChange=${form.setCollection} />${wrong("collection")}</div>`}
    ${text("question", 1)}
    <${Alternatives} texts=${values.alternatives} onChange=${(alternatives) => write({ alternatives })}
      errorOf=${errorOf} id=${id} />
    ${text("answer", 6)}
    <${OtherFields} pairs=${values.pairs} onChange=${(pairs) => write({ pairs })} known=${known}
      fixed=${Object.keys(item?.metadata ?? {})} errorOf=${errorOf} id=${id} />`;
}

function Problem({ form, item, id }) {
  const { error, conflict } = form;
  if (conflict) return html`<${Conflict} mine=${toItem(form.values)} theirs=${conflict}
    onKeepMine=${form.save} onTakeTheirs=${form.reset} />`;
  if (!error) return null;
  if (error.status === 404 && item) return html`
    <${Notice} kind="error" focus><p>${say("item.gone")}</p>
      <button type="button" onClick=${form.createAgain}>${say("item.create_again")}</button><//>`;
  const twin = error.status === 409 && error.body.id;
  return html`
    <${ErrorNotice} error=${error} focus>
      ${twin && hasView("items") && html`<a href=${link("items", { edit: twin })}>${say("item.see_twin")}</a>`}
      ${(error.body.fields ?? []).map(({ field, error: text }) => html`
        <p><a href=${`#${id}-${field}`} onClick=${(event) => focusField(event, `${id}-${field}`)}>
          ${labelOf(field)}</a>: ${text}</p>`)}
    <//>`;
}

function labelOf(field) {
  const [name, rest] = field.split(/\.(.*)/);
  if (name === "alternatives") return say("item.alternatives");
  if (name === "metadata") return rest ?? say("item.fields");
  return name === "collection" ? say("frame.collection") : say(`item.${name}`);
}

function focusField(event, id) {
  event.preventDefault();
  document.getElementById(id)?.focus();
}

/** The names of a collection's other fields; a new one, or one whose name is being typed, has none. */
function useColumns(collection) {
  const [names, setNames] = useState([]);
  const isThere = Boolean(useCollections()?.some(({ name }) => name === collection));
  useEffect(() => {
    setNames([]);
    if (!isThere) return undefined;
    const end = new AbortController();
    const timer = setTimeout(() => {
      get(`/collections/${encodeURIComponent(collection)}`, null, { signal: end.signal })
        .then(({ columns }) => setNames(columns.map(({ name }) => name)))
        // It is gone, or the service is away: one can do without them.
        .catch(() => {});
    }, 200);
    return () => {
      clearTimeout(timer);
      end.abort();
    };
  }, [collection, isThere]);
  return names;
}

/** The state of the form: what is typed, on what it is based, and what saving it gave. */
function useItemForm({ item, etag, initial, collection: first, onSaved }) {
  const key = item ? `item:${item.id}` : `new:${initial.question}`;
  const start = useMemo(() => ({
    values: toValues(item ?? { ...EMPTY, ...initial }), base: item, etag, collection: first || session.collections?.[0] || "default",
  }), []);
  const draft = useMemo(() => readDraft(key), []);
  const [state, setState] = useState(draft ?? start);
  const [restored, setRestored] = useState(Boolean(draft));
  const [outcome, setOutcome] = useState({});
  const change = (changes) => {
    const next = { ...state, ...changes };
    setState(next);
    writeDraft(key, next);
  };
  const finish = (saved, before) => {
    writeDraft(key, null);
    onSaved(saved, before);
  };
  const save = async () => {
    if (outcome.saving) return;
    setOutcome({ saving: true });
    try {
      const typed = toItem(state.values);
      if (state.base) finish(await patchItem(state, typed), state.base);
      else finish(await post("/items", { ...typed, collection: state.collection }), null);
    } catch (error) {
      if (error.status === 412) change({ base: error.body.item, etag: error.etag });
      setOutcome(error.status === 412 ? { conflict: error.body.item } : { error });
    }
  };
  const reset = () => {
    writeDraft(key, null);
    const now = state.base ?? null;
    setState(outcome.conflict ? { ...state, values: toValues(now) } : start);
    setRestored(false);
    setOutcome({});
  };
  return {
    values: state.values, collection: state.collection, restored, ...outcome, save, reset,
    write: (changes) => change({ values: { ...state.values, ...changes } }),
    setCollection: (collection) => change({ collection }),
    createAgain: () => createAgain(state, finish, setOutcome),
    errorOf: (name) => outcome.error?.body.fields?.find(({ field }) => field === name)?.error,
  };
}

/** Send what was changed; return the item as it is then. */
async function patchItem({ base, etag }, typed) {
  const changed = Object.fromEntries(
    PARTS.filter((part) => !same(base[part], typed[part])).map((part) => [part, typed[part]]));
  if (Object.keys(changed).length === 0) return base;
  return patch(`/items/${base.id}`, changed, etag ? { headers: { "If-Match": etag } } : {});
}

async function createAgain({ base, values }, finish, setOutcome) {
  try {
    finish(await post("/items", { ...toItem(values), collection: base.collection }), null);
  } catch (error) {
    setOutcome({ error });
  }
}
