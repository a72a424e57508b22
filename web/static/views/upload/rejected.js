// The rejected rows of a job: read as the service gives them, to be mended and sent again.

import { get, request } from "../../api.js";
import { useEffect, useState } from "../../lib.js";
import { say } from "../../words.js";
import { readCsv, writeCsv } from "./csv.js";
import { nameColumns } from "./draft.js";

// Line and reason are the last two cells.
const NOTES = 2;
const AS_CSV = { headers: { Accept: "text/csv" } };

/** Return `{header, roles, rows: [{cells, line, reason}]}` of a job that has ended. */
async function readRejected(job, signal) {
  const { data } = await request("GET", `/jobs/${job.id}/errors`, { ...AS_CSV, query: { delimiter: "," }, signal });
  const [names, ...found] = await readCsv(data, ",");
  const header = names.slice(0, -NOTES);
  const rows = found.map((cells) => ({
    cells: cells.slice(0, -NOTES), line: Number(cells.at(-NOTES)), reason: cells.at(-1),
  }));
  return { header, roles: findRoles(job.file, header), rows };
}

/** The rows of a file without names have names only where they have a role. */
function findRoles(file, header) {
  const bare = file.header_line === null && file.columns?.every((name, at) => name === String(at + 1));
  const named = {
    question: bare ? "question" : file.question_column, answer: bare ? "answer" : file.answer_column,
    id: bare ? "id" : file.id_column,
  };
  return header.map((name) => {
    const role = Object.keys(named).find((one) => named[one] !== null && named[one] === name);
    return role ?? (file.alternatives_columns?.includes(name) ? "alternatives" : "other");
  });
}

export function useRejected(job) {
  const [state, setState] = useState({});
  const [tries, setTries] = useState(0);
  useEffect(() => {
    const ending = new AbortController();
    setState({});
    readRejected(job, ending.signal)
      .then((table) => ending.signal.aborted || setState({ table }))
      .catch((error) => ending.signal.aborted || setState({ error }));
    return () => ending.abort();
  }, [job.id, tries]);
  return { ...state, again: () => setTries(tries + 1) };
}

/**
 * Return `{offset, codes}` of a part of the rows; the codes say which cell is guilty. The part before
 * stays until they are there; null before the first.
 */
export function useCodes(job, offset, limit) {
  const [known, setKnown] = useState(null);
  useEffect(() => {
    const ending = new AbortController();
    const take = (codes) => ending.signal.aborted || setKnown({ offset, codes });
    get(`/jobs/${job.id}/errors`, { limit, offset }, { signal: ending.signal })
      .then(({ results }) => take(results.map(({ code }) => code)))
      // Without them, no cell is marked.
      .catch(() => take([]));
    return () => ending.abort();
  }, [job.id, offset, limit]);
  return known;
}

/** Return the place of the cell that a row was rejected for; -1 if it can't be told. */
export function findGuilty(code, cells, roles) {
  const at = (role) => roles.indexOf(role);
  const [question, answer] = [at("question"), at("answer")];
  const longest = cells.reduce((best, cell, n) => (cell.length > cells[best].length ? n : best), 0);
  const places = {
    empty_question: question, empty_answer: answer, duplicate_id: at("id"),
    too_few_fields: cells[question]?.trim() ? answer : question, too_many_fields: roles.length,
    malformed_quotes: 0, field_too_long: longest,
    // A control character, or half of a pair.
    invalid_character: cells.findIndex((cell) => /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd]|\p{Cs}/u.test(cell)),
  };
  return places[code] ?? -1;
}

/** Return a file of mended rows and the options by which it is read with the same columns. */
export function composeMended(job, { header, roles }, rows) {
  const name = `${(job.filename ?? "").replace(/(\.[a-z0-9]{1,5})+$/i, "")}-${say("upload.mended_name")}.csv`;
  const file = new Blob([writeCsv([header, ...rows])], { type: "text/csv" });
  // With mode=replace, they would be all that stays.
  const mode = job.mode === "append" ? "append" : "upsert";
  const query = {
    collection: job.collection, mode, header: "true", delimiter: ",", encoding: "utf-8", ...nameColumns(roles),
  };
  return { name: name.replace(/^-/, ""), file, query };
}

/** Save the rejected rows as a file; `excel`: as European Excel opens it, without formulas. */
export async function download(job, excel) {
  const query = excel ? { delimiter: ";", spreadsheet_safe: "true" } : {};
  const { data } = await request("GET", `/jobs/${job.id}/errors`, { ...AS_CSV, query });
  const address = URL.createObjectURL(new Blob(["\ufeff", data], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = `${say("upload.rejected_name")}${excel ? "-spreadsheet-safe" : ""}-${job.id.slice(0, 8)}.csv`;
  anchor.click();
  // The download has begun by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
