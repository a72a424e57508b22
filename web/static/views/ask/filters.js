// Which items are asked: by their other fields, and in which order they are shown.

import { get } from "../../api.js";
import { refreshCollections, useCollectionsError } from "../../collections.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { html, useEffect, useState } from "../../lib.js";
import { go, linkHere } from "../../router.js";
import { say } from "../../words.js";
import { readFilter } from "./search.js";

// The fields of so many collections are offered together.
const MOST_COLLECTIONS = 20;

export function Filters({ params, collections }) {
  const [adding, setAdding] = useState(false);
  const chosen = Object.entries(readFilter(params))
    .flatMap(([name, values]) => [values].flat().map((value) => ({ name, value })));
  const without = ({ name, value }) => linkHere({
    [`f.${name}`]: params.getAll(`f.${name}`).filter((other) => other !== value), n: null,
  });
  const add = (name, value) => {
    setAdding(false);
    go(linkHere({ [`f.${name}`]: [...new Set([...params.getAll(`f.${name}`), value])], n: null }));
  };
  const order = (event) => go(linkHere({ order: event.target.value === "distance" ? "distance" : null }));
  return html`
    <div class="filters">
      <ul aria-label=${say("filters.label")}>${chosen.map((one) => html`
        <li key=${`${one.name}=${one.value}`}><a class="chip" href=${without(one)}
          aria-label=${say("filters.take_away", { name: one.name, value: one.value })}>
          <span dir="auto">${one.name}: ${one.value}</span> <span aria-hidden="true">✕</span></a></li>`)}
      </ul>
      <button type="button" class="small" aria-expanded=${adding}
        onClick=${() => setAdding(!adding)}>${say("filters.add")}</button>
      <label class="order"><span>${say("filters.order")}</span> <select onChange=${order}
        value=${params.get("order") === "distance" ? "distance" : "relevance"}>
        <option value="relevance">${say("filters.relevance")}</option>
        <option value="distance">${say("filters.distance")}</option></select></label>
    </div>
    ${adding && html`<${Adding} chosen=${params.get("collection")} collections=${collections}
      onAdd=${add} onClose=${() => setAdding(false)} />`}`;
}

function Adding({ chosen, collections, ...given }) {
  const columns = useColumns(chosen, collections);
  const error = useCollectionsError();
  if (!columns && error) return html`<${ErrorNotice} error=${error} retry=${refreshCollections} />`;
  if (!columns) return html`<p class="meta" aria-busy="true">${say("filters.loading")}</p>`;
  if (columns.length === 0) return html`<${Notice}>${say("filters.nothing")}<//>`;
  return html`<${AddFilter} columns=${columns} ...${given} />`;
}

function AddFilter({ columns, onAdd, onClose }) {
  const [name, setName] = useState(columns[0].name);
  const [value, setValue] = useState("");
  const column = columns.find((one) => one.name === name);
  const few = column.values <= column.common.length;
  const submit = (event) => {
    event.preventDefault();
    const given = few ? (value || column.common[0]) : value;
    if (given) onAdd(name, given);
  };
  const press = (event) => event.key === "Escape" && onClose();
  const change = (event) => setValue(event.target.value);
  const choose = (event) => {
    setName(event.target.value);
    setValue("");
  };
  return html`
    <form class="form filter-form" onSubmit=${submit} onKeyDown=${press}>
      <label class="field"><span>${say("filters.field")}</span>
        <select value=${name} onChange=${choose}>${columns.map((one) => html`
          <option value=${one.name}>${one.name}</option>`)}</select></label>
      <label class="field"><span>${say("filters.value")}</span>
        ${few
          ? html`<select value=${value || column.common[0]} onChange=${change}>${column.common.map((one) => html`
              <option value=${one}>${one}</option>`)}</select>`
          : html`<input value=${value} onInput=${change} list="filter-values" autocomplete="off" />
              <datalist id="filter-values">${column.common.map((one) => html`<option value=${one} />`)}</datalist>`}
      </label>
      <button>${say("filters.use")}</button>
    </form>`;
}

/** The other fields of the chosen collection, or of all: [{name, values, common}]; null at first. */
function useColumns(chosen, collections) {
  const [columns, setColumns] = useState(null);
  // The address may choose one that is gone.
  const names = collections?.map(({ name }) => name).filter((name) => !chosen || name === chosen);
  const asked = names?.slice(0, MOST_COLLECTIONS);
  useEffect(() => {
    if (!asked) return undefined;
    const end = new AbortController();
    const load = (name) => get(`/collections/${encodeURIComponent(name)}`, null, { signal: end.signal })
      .then((one) => one.columns).catch(() => []);
    Promise.all(asked.map(load)).then((all) => end.signal.aborted || setColumns(merge(all.flat())));
    return () => end.abort();
  }, [asked?.join()]);
  return columns;
}

function merge(columns) {
  const merged = new Map();
  for (const { name, values, common } of columns) {
    const before = merged.get(name) ?? { name, values: 0, common: [] };
    const all = [...new Set([...before.common, ...common])];
    const more = before.values - before.common.length + values - common.length;
    merged.set(name, { name, common: all, values: all.length + more });
  }
  return [...merged.values()].filter(({ common }) => common.length > 0);
}
