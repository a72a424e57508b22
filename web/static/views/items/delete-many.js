// Deletes more items than an undo could wait for: says how many before, and how far it is meanwhile.

import { refreshCollections } from "../../collections.js";
import { ProgressBar } from "../../components/bars.js";
import { Dialog } from "../../components/dialog.js";
import { ErrorNotice } from "../../components/notice.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { number, say } from "../../words.js";
import { deleteAll } from "./deleting.js";
import { Copies } from "./download.js";

/** `find(signal)` returns the items. `onDone(deed)` is called when they were deleted. */
export function DeleteMany({ find, params, onDone, onClose }) {
  const [state, setState] = useState({});
  const end = useRef(new AbortController());
  const { items, done, error } = state;
  useEffect(() => {
    find(end.current.signal).then((found) => setState({ items: found })).catch((caught) => setState({ error: caught }));
    return () => end.current.abort();
  }, []);
  useWarning(done !== undefined);
  const start = async () => {
    setState({ items, done: 0 });
    let tried = 0;
    const onProgress = (count) => {
      tried = count;
      setState({ items, done: count });
    };
    const kept = await deleteAll(items, { onProgress, signal: end.current.signal });
    refreshCollections();
    onDone({ kind: "many", n: tried - kept.length, kept, left: items.length - tried });
  };
  const stop = () => (done === undefined ? onClose() : end.current.abort());
  const actions = items && done === undefined && html`
    <button type="button" class="danger" onClick=${start}>${say("items.delete_n", { n: items.length })}</button>`;
  return html`
    <${Dialog} title=${items ? say("items.delete_many", { n: items.length }) : say("items.counting")} onClose=${stop}
      actions=${actions} closeText=${done === undefined ? undefined : say("items.stop")}>
      ${error && html`<${ErrorNotice} error=${error} />`}
      ${items && done === undefined && html`<p>${say("items.no_undo")}</p>
        ${params.get("collection") && html`<p class="meta">${say("items.copy_before")}</p><${Copies} name=${params.get("collection")} />`}`}
      ${done !== undefined && html`<${ProgressBar} part=${done / items.length} label=${say("items.deleting")}>
        ${say("items.done_of", { done: number(done), n: items.length })}<//>`}
    <//>`;
}

/** Let the browser ask before the page is left while something goes on. */
function useWarning(on) {
  useEffect(() => {
    if (!on) return undefined;
    const warn = (event) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [on]);
}
