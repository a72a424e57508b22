// A stored text with some of its words marked.

import { splitByWords } from "../diff.js";
import { html } from "../lib.js";

/** `words`: a Set of differingWords, or null. */
export function Marked({ text, words }) {
  const pieces = words?.size ? splitByWords(text, words) : [{ text, marked: false }];
  return html`<span dir="auto" class="stored">${pieces.map((piece) =>
    piece.marked ? html`<mark>${piece.text}</mark>` : piece.text)}</span>`;
}
