// A list without items: why, and what to do next.

import { Notice } from "../../components/notice.js";
import { html } from "../../lib.js";
import { link, linkHere } from "../../router.js";
import { hasView, may } from "../../session.js";
import { say } from "../../words.js";
import { PAGE_SIZE } from "./loading.js";

export function Nothing({ reply, params }) {
  const { text, collection, total } = reply;
  if (total > 0) return html`<${Past} total=${total} />`;
  if (!text) return html`<${Empty} collection=${collection} />`;
  return html`
    <${Notice}>
      <p>${collection ? say("items.nothing_in", { t: text, c: collection }) : say("items.nothing", { t: text })}</p>
      <div class="actions">
        ${collection && html`<a class="button" href=${link("items", { text })}>${say("items.search_all")}</a>`}
        <a class="button" href=${linkHere({ text: null, page: null })}>${say("items.clear")}</a>
      </div>
    <//>`;
}

/** An address of a page after the last. */
function Past({ total }) {
  const last = Math.ceil(total / PAGE_SIZE);
  return html`<${Notice}><p>${say("items.past")}</p>
    <a class="button" href=${linkHere({ page: last > 1 ? last : null })}>${say("items.last_page")}</a><//>`;
}

function Empty({ collection }) {
  const said = collection ? say("items.empty_in", { c: collection }) : say("items.empty");
  if (!may("editor")) return html`<${Notice}><p>${said}</p><//>`;
  return html`
    <section class="card"><h2>${said}</h2>
      <p>${say("items.empty_next")}</p>
      <div class="actions">
        ${hasView("upload") && html`<a class="button primary" href=${link("upload", { collection })}>${say("items.upload")}</a>`}
        <a class=${hasView("upload") ? "button" : "button primary"} href=${linkHere({ edit: "new" })}>${say("items.write_first")}</a>
      </div>
    </section>`;
}
