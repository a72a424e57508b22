// Items: browse and search them, edit one in place, delete some, take a copy of a collection.
// Its address: /?view=items&collection=…&text=…&page=2&edit=28; `edit=new` writes one.

import { ErrorNotice, Notice } from "../components/notice.js";
import { Pager } from "../components/pager.js";
import { html, useState } from "../lib.js";
import { may } from "../session.js";
import { say } from "../words.js";
import { DeleteCollection } from "./items/delete-collection.js";
import { Editing } from "./items/editing.js";
import { Nothing } from "./items/empty.js";
import { List } from "./items/list.js";
import { PAGE_SIZE, useItems } from "./items/loading.js";
import { Marked } from "./items/marked.js";
import { useMarks } from "./items/marks.js";
import { Outcome } from "./items/outcome.js";
import { Toolbar } from "./items/toolbar.js";

export default function Items({ params }) {
  const items = useItems(params);
  const marks = useMarks(params);
  const [deed, setDeed] = useState(null);
  const { reply, error, waiting, busy } = items;
  const edited = params.get("edit");
  const inList = reply?.results.some(({ id }) => String(id) === edited);
  const done = (what) => {
    setDeed(what);
    items.again();
  };
  return html`
    <div class=${edited ? "items editing" : "items"}>
      <h1 tabindex="-1" class="unseen">${say("items.title")}</h1>
      <${Toolbar} params=${params} total=${reply?.total} />
      ${deed && html`<${Outcome} deed=${deed} onClose=${() => setDeed(null)} />`}
      ${waiting && html`<${Notice} kind="warning">${waiting.error.message}<//>`}
      ${error && html`<${ErrorNotice} error=${error} retry=${items.again} />`}
      ${edited && !inList && reply && html`<${Editing} key=${edited} id=${edited} params=${params} onDone=${done} />`}
      ${reply?.results.length > 0 && html`
        <${Marked} marks=${marks} reply=${reply} params=${params} onDone=${done} />
        <div aria-busy=${busy} class=${busy ? "dimmed" : ""} data-text=${reply.text}>
          <${List} reply=${reply} marks=${marks} params=${params} onDone=${done} />
        </div>
        <div onClick=${items.turned}><${Pager} page=${reply.page} size=${PAGE_SIZE} total=${reply.total} /></div>`}
      ${reply?.results.length === 0 && edited !== "new" && html`<${Nothing} reply=${reply} params=${params} />`}
      ${may("admin") && params.get("collection") && !params.get("text") && !edited && html`
        <${DeleteCollection} name=${params.get("collection")} onDone=${done} />`}
    </div>`;
}

