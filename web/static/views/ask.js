// Ask: one box; first what a bot would do, then the hits, each of which can be mended on the spot.
// Its address: /?q=…&collection=…&f.<field>=<value>&order=distance&n=20.

import { useCollections } from "../collections.js";
import { ErrorNotice, Notice } from "../components/notice.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { say } from "../words.js";
import { Box } from "./ask/box.js";
import { Examples, Greeting } from "./ask/empty.js";
import { Filters } from "./ask/filters.js";
import { Found } from "./ask/found.js";
import { Outcome } from "./ask/outcome.js";
import { useQuestion, useSearch } from "./ask/search.js";

export default function Ask({ params }) {
  const collections = useCollections();
  const question = useQuestion(params);
  const search = useSearch(params, question.asked);
  const [deed, setDeed] = useDeed(question.asked);
  const mended = (done) => {
    setDeed({ ...done, before: search.reply });
    search.again();
  };
  if (collections?.length === 0) return html`<h1 tabindex="-1">${say("ask.welcome")}</h1><${Greeting} />`;
  const idle = !question.asked.trim();
  return html`
    <h1 tabindex="-1" class="unseen">${say("ask.title")}</h1>
    <${Box} question=${question} busy=${search.busy} />
    <${Filters} params=${params} collections=${collections} />
    ${idle && html`<${Examples} params=${params} />`}
    ${!idle && search.waiting && html`<${Notice} kind="warning">
      ${search.waiting.error.message} ${say("ask.again_in", { n: search.waiting.seconds })}<//>`}
    ${!idle && search.error && html`<${ErrorNotice} error=${search.error} retry=${search.again} />`}
    ${!idle && search.reply && html`
      <${Found} reply=${search.reply} busy=${search.busy} params=${params} onMended=${mended}>
        ${deed && !search.busy && html`<${Outcome} deed=${deed} after=${search.reply}
          onClose=${() => setDeed(null)} />`}
      <//>`}`;
}

/** What was mended for the present question; another question forgets it. */
function useDeed(asked) {
  const [deed, setDeed] = useState(null);
  const mendedFor = useRef(asked);
  useEffect(() => {
    if (mendedFor.current !== asked) setDeed(null);
    mendedFor.current = asked;
  }, [asked]);
  return [deed, setDeed];
}
