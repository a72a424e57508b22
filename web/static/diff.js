// Which words tell texts apart that are almost the same.

const WORD = /[\p{L}\p{N}]+/gu;

const fold = (word) => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const wordsOf = (text) => new Set((text.match(WORD) ?? []).map(fold));

/** Return for each text the words that not all of the texts have, folded, in a Set. */
export function differingWords(texts) {
  const sets = texts.map(wordsOf);
  return sets.map((own) => new Set([...own].filter((word) => !sets.every((set) => set.has(word)))));
}

/** The same, or empty sets where the texts share less than half of their words: all would differ. */
export function tellApart(texts) {
  const differing = differingWords(texts);
  const alike = texts.every((text, n) => differing[n].size * 2 <= wordsOf(text).size);
  return alike ? differing : texts.map(() => new Set());
}

/** Return the words of a set as a text writes them. */
export function writtenWords(text, words) {
  return splitByWords(text, words).filter(({ marked }) => marked).map((piece) => piece.text).join(" ");
}

/** Return a text in pieces `{text, marked}`: the words of the set, and what is between them. */
export function splitByWords(text, marked) {
  const pieces = [];
  let end = 0;
  for (const found of text.matchAll(WORD)) {
    if (!marked.has(fold(found[0]))) continue;
    if (found.index > end) pieces.push({ text: text.slice(end, found.index), marked: false });
    pieces.push({ text: found[0], marked: true });
    end = found.index + found[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), marked: false });
  return pieces;
}
