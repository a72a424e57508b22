// What can be done with the marked items: those of this page and all that were found are said apart.

import { html, useState } from "../../lib.js";
import { may } from "../../session.js";
import { say } from "../../words.js";
import { DeleteMany } from "./delete-many.js";
import { deleteLater, findAll, MOST_UNDONE } from "./deleting.js";
import { showTop } from "./loading.js";

export function Marked({ marks, reply, params, onDone }) {
  const [asked, setAsked] = useState(null);
  if (!may("editor")) return null;
  const count = marks.items.length;
  const here = reply.results.filter(({ id }) => marks.has(id)).length;
  const whole = here === reply.results.length;
  const drop = () => {
    if (count > MOST_UNDONE) return setAsked({ find: async () => marks.items });
    marks.clear();
    deleteLater(marks.items, () => onDone(null));
    return showTop();
  };
  const finish = (deed) => {
    setAsked(null);
    marks.clear();
    onDone(deed);
  };
  return html`
    <div class="marked" role="group" aria-label=${say("items.marks")}>
      <label class="check"><input type="checkbox" checked=${whole} onChange=${() => marks.set(reply.results, !whole)} />
        ${say("items.mark_page", { n: reply.results.length })}</label>
      ${count > 0 && html`
        <span class="meta" role="status">${say("items.marked", { n: count })}${count > here && ` ${say("items.elsewhere", { n: count - here })}`}</span>
        <button type="button" class="small danger" onClick=${drop}>${say("items.delete_marked", { n: count })}</button>
        <button type="button" class="small" onClick=${marks.clear}>${say("items.unmark")}</button>`}
      ${whole && reply.total > reply.results.length && html`
        <button type="button" class="small danger" onClick=${() => setAsked({ find: (signal) => findAll(reply, signal) })}>
          ${say("items.delete_found", { n: reply.total })}</button>`}
      ${asked && html`<${DeleteMany} find=${asked.find} params=${params} onDone=${finish} onClose=${() => setAsked(null)} />`}
    </div>`;
}
