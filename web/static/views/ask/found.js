// What was found: the decision, what mending did to it (the children), then the hits; where it is ambiguous, the first three in one box.

import { Decision } from "../../components/decision.js";
import { ItemForm } from "../../components/item-form.js";
import { Notice } from "../../components/notice.js";
import { tellApart, writtenWords } from "../../diff.js";
import { html, useEffect, useState } from "../../lib.js";
import { linkHere } from "../../router.js";
import { may } from "../../session.js";
import { say } from "../../words.js";
import { Hit } from "./hit.js";
import { SIZES } from "./search.js";

// Hits whose distances differ by no more than this are close: their words are compared.
const CLOSE = 0.03;
const OFFERED = 3;

export function Found({ reply, busy, params, onMended, children }) {
  const { results, question: asked } = reply;
  const close = countClose(reply, params);
  const questions = results.slice(0, close).map(({ question }) => question);
  const marks = tellApart(questions);
  const differing = questions.map((text, n) => writtenWords(text, marks[n])).filter(Boolean);
  const hit = (one, n) => html`<${Hit} key=${one.id} hit=${one} place=${n + 1} marked=${marks[n]}
    asked=${asked} others=${results.filter(({ id }) => id !== one.id)} params=${params} onMended=${onMended} />`;
  const boxed = reply.decision === "ambiguous" && close > 1 ? close : 0;
  return html`
    <div class=${busy ? "found dimmed" : "found"} aria-busy=${busy} data-asked=${asked}>
      <${Decision} reply=${reply} differing=${boxed ? differing : []} />
      ${children}
      ${reply.decision === "none" && html`<${Write} reply=${reply} params=${params} onMended=${onMended} />`}
      ${(reply.warnings ?? []).map((text) => html`<${Notice} kind="warning" key=${text}>${text}<//>`)}
      ${boxed > 0 && html`<ol class="results boxed" aria-label=${say("found.offered")}>
        ${results.slice(0, boxed).map(hit)}</ol>`}
      ${results.length > boxed && html`<ol class="results" start=${boxed + 1} aria-label=${say("found.label")}>
        ${results.slice(boxed).map((one, n) => hit(one, n + boxed))}</ol>`}
      <${More} shown=${results.length} params=${params} />
    </div>`;
}

/** Return how many of the first hits are so close that one has to look at their words. */
function countClose({ decision, results }, params) {
  if (decision === "none" || params.get("order") === "distance") return 0;
  if (decision === "ambiguous") return Math.min(OFFERED, results.length);
  const [first, second] = results;
  return second && Math.abs(second.distance - first.distance) <= CLOSE ? 2 : 0;
}

/** More hits, or how many there are of them. */
function More({ shown, params }) {
  const size = SIZES.find((one) => one === Number(params.get("n"))) ?? SIZES[0];
  const next = SIZES[SIZES.indexOf(size) + 1];
  if (shown === 0) return null;
  return html`<p class="more"><span class="meta">${say("found.shown", { n: shown })}</span>
    ${shown === size && next && html`<a class="button" href=${linkHere({ n: next })}>${say("found.more")}</a>`}</p>`;
}

/** The way out where nothing answers: to write the answer here. */
function Write({ reply, params, onMended }) {
  const asked = reply.question;
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [asked]);
  if (!may("editor")) return null;
  if (!open) return html`<p><button type="button" onClick=${() => setOpen(true)}>${say("found.write")}</button></p>`;
  const saved = (item) => {
    setOpen(false);
    onMended({ kind: "written", id: item.id });
  };
  return html`<${ItemForm} title=${say("found.write")} initial=${{ question: asked }} onSaved=${saved}
    collection=${params.get("collection") ?? reply.best?.collection} onClose=${() => setOpen(false)} />`;
}
