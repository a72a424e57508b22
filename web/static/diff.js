// Which words tell texts apart that are almost the same.

const WORD = /[\p{L}\p{N}]+/gu;

const fold = (word) => word.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

const wordsOf = (text) => new Set((text.match(WORD) ?? []).map(fold));

/** Return for each text the words that not all of the texts have. */
export function differingWords(texts) {
  const sets = texts.map(wordsOf);
  return sets.map((own) => new Set([...own].filter((word) => !sets.every((set) => set.has(word)))));
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
