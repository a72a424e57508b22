// Reads and writes CSV as RFC 4180 has it: quotes around fields, doubled inside them.

// So long at a time, in milliseconds: the page stays quick with files of any size.
const STEP_MS = 20;

const rest = () => new Promise((resolve) => setTimeout(resolve));

/** Return the rows of a text, each a list of fields. */
export async function readCsv(text, delimiter) {
  const rows = [];
  let place = text.startsWith("\ufeff") ? 1 : 0;
  let began = performance.now();
  while (place < text.length) {
    const [row, next] = readRow(text, place, delimiter);
    rows.push(row);
    place = next;
    if (performance.now() - began > STEP_MS) {
      await rest();
      began = performance.now();
    }
  }
  return rows;
}

function readRow(text, start, delimiter) {
  const row = [];
  let place = start;
  for (;;) {
    const [field, end] = readField(text, place, delimiter);
    row.push(field);
    if (text[end] === delimiter) {
      place = end + 1;
      continue;
    }
    return [row, end + (text.startsWith("\r\n", end) ? 2 : 1)];
  }
}

function readField(text, start, delimiter) {
  if (text[start] !== '"') {
    let end = start;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
    return [text.slice(start, end), end];
  }
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  if (end === -1) end = text.length;
  return [text.slice(start + 1, end).replaceAll('""', '"'), end + 1];
}

/** Return rows as a CSV with commas. All fields are quoted, so that none is taken for another. */
export function writeCsv(rows) {
  const quote = (field) => `"${field.replaceAll('"', '""')}"`;
  return rows.map((row) => `${row.map(quote).join(",")}\r\n`).join("");
}
