// Above the list: what is searched, how many items there are, a new one, a copy of all.

import { html, useDebounced, useEffect, useRef, useState } from "../../lib.js";
import { go, linkHere } from "../../router.js";
import { may } from "../../session.js";
import { say } from "../../words.js";
import { Download } from "./download.js";

const REST_MS = 250;
// Longer texts are not put into the address, which servers limit.
const LONGEST = 500;

export function Toolbar({ params, total }) {
  const search = useText(params);
  const submit = (event) => {
    event.preventDefault();
    search.settle();
  };
  return html`
    <div class="toolbar">
      <form role="search" onSubmit=${submit}>
        <label><span class="unseen">${say("items.search")}</span>
          <input type="search" dir="auto" value=${search.text} placeholder=${say("items.search")} maxlength=${LONGEST}
            autocomplete="off" enterkeyhint="search" onInput=${(event) => search.write(event.target.value)} /></label>
      </form>
      <span class="meta count" role="status">${total !== undefined && say("items.count", { n: total })}</span>
      ${may("editor") && html`<a class="button" href=${linkHere({ edit: "new" })} data-edit="new">${say("items.add")}</a>`}
      <${Download} params=${params} />
    </div>`;
}

/** The text that is typed, which the address has 250 ms after the last key. */
function useText(params) {
  const given = params.get("text") ?? "";
  const [text, setText] = useState(given);
  const settled = useRef(given);
  const put = (next, replace) => {
    settled.current = next;
    go(linkHere({ text: next, page: null, edit: null }), { replace });
  };
  const rest = useDebounced((next) => put(next, true), REST_MS);
  useEffect(() => {
    if (given === settled.current) return;
    settled.current = given;
    rest.cancel();
    setText(given);
  }, [given]);
  const write = (next) => {
    setText(next);
    rest(next);
  };
  const settle = () => {
    rest.cancel();
    put(text, false);
  };
  return { text, write, settle };
}
