// Takes a test file: questions, and what is expected of each. It can be sent again as it was.

import { get, request, ServiceError } from "../../api.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { html, useState } from "../../lib.js";
import { go, linkHere } from "../../router.js";
import { session } from "../../session.js";
import { say } from "../../words.js";

// By collection, as long as the page is open: what was sent last, with its columns.
const sent = new Map();

export function TestFile({ collection, first }) {
  const { busy, problem, send } = useSending(collection);
  const [over, setOver] = useState(false);
  const last = sent.get(collection);
  const drop = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  };
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const choose = (event) => {
    if (event.target.files[0]) send(event.target.files[0]);
    // So that the same file can be chosen once more.
    event.target.value = "";
  };
  return html`
    <section class=${over ? "card test-file over" : "card test-file"} aria-label=${say("check.test")}
      onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${drop}>
      ${first && html`<h2>${say("check.what")}</h2><p>${say("check.what_is")}</p>`}
      <div class="actions">
        ${last && html`<button type="button" class="primary" disabled=${busy}
          onClick=${() => send(last.file, last.columns)}>${say("check.repeat", { file: last.file.name })}</button>`}
        <label class=${last ? "button file" : "button primary file"}>${say(first ? "check.pick" : "check.pick_another")}
          <input type="file" onChange=${choose} disabled=${busy} /></label>
        <${Template} collection=${collection} />
        <span class="meta drop-hint">${say(busy ? "check.sending" : "check.drop")}</span>
      </div>
      ${problem && html`<${Problem} key=${problem.turn} ...${problem} onColumns=${(columns) => send(problem.file, columns)} />`}
    </section>`;
}

/** Return `{busy, problem, send(file, columns)}`; what was sent is shown by the address. */
function useSending(collection) {
  const [state, setState] = useState({ busy: false, problem: null });
  const send = async (given, columns = {}) => {
    setState({ busy: true, problem: null });
    let file = given;
    try {
      file = await copy(given);
      const body = new FormData();
      body.append("file", file, file.name);
      const { data } = await request("POST", "/evaluate", { query: { collection, ...columns }, raw: body });
      sent.set(collection, { file, columns });
      setState({ busy: false, problem: null });
      go(linkHere({ collection, job: data.job.id, miss: null, misses: null }));
    } catch (error) {
      setState({ busy: false, problem: { error, file, turn: Date.now() } });
    }
  };
  return { ...state, send };
}

/** Return a file whose bytes stay as they are now. Throws a ServiceError. */
async function copy(file) {
  try {
    return new File([await file.arrayBuffer()], file.name, { type: file.type });
  } catch {
    throw new ServiceError(0, { error: say("check.unreadable", { file: file.name }), code: "unreadable" });
  }
}

function Problem({ error, onColumns }) {
  const header = error.code === "missing_column" ? (error.body.header ?? []) : [];
  if (header.length < 2) return html`<${ErrorNotice} error=${error} focus />`;
  return html`
    <${Notice} kind="error" focus><p>${say("check.which_columns")}</p><${Columns} header=${header} onColumns=${onColumns} /><//>`;
}

/** Lets one say which columns are meant; a column without a name of its own goes by its place. */
function Columns({ header, onColumns }) {
  const [question, setQuestion] = useState(0);
  const [expected, setExpected] = useState(1);
  const nameOf = (n) => {
    const alone = header.filter((name) => name === header[n]).length === 1;
    return alone && /\D/.test(header[n]) ? header[n] : String(n + 1);
  };
  const submit = (event) => {
    event.preventDefault();
    onColumns({ question_column: nameOf(question), expected_column: nameOf(expected) });
  };
  const choice = (label, value, set) => html`
    <label class="field"><span>${label}</span>
      <select value=${value} onChange=${(event) => set(Number(event.target.value))}>
        ${header.map((name, n) => html`<option value=${n}>${name || say("check.column", { n: n + 1 })}</option>`)}
      </select></label>`;
  return html`
    <form class="columns" onSubmit=${submit}>
      ${choice(say("check.question"), question, setQuestion)}
      ${choice(say("check.expected"), expected, setExpected)}
      <button disabled=${question === expected}>${say("check.use_columns")}</button>
    </form>`;
}

/** A file to begin with: three questions of which the collection knows two. */
function Template({ collection }) {
  const [error, setError] = useState(null);
  const load = async () => {
    try {
      const { results } = await get("/items", { collection, limit: 2 });
      download(writeTemplate(results), say("check.template_name"));
    } catch (caught) {
      setError(caught);
    }
  };
  return html`
    <button type="button" onClick=${load}>${say("check.template")}</button>
    ${error && html`<${ErrorNotice} error=${error} focus />`}`;
}

function writeTemplate(items) {
  const [a, b = a] = items.map(({ question }) => question);
  const known = a === undefined ? [] : [[a, a], [b, b]];
  const rows = [["question", "expected"], ...known, [say("check.template_unknown"), "none"]];
  const quote = (text) => `"${text.replaceAll('"', '""')}"`;
  // Excel takes the comma of a number for no delimiter.
  const between = session.language === "pt" ? ";" : ",";
  return rows.map((row) => row.map(quote).join(between)).join("\r\n");
}

function download(text, name) {
  // The mark at the start tells Excel the encoding.
  const address = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }));
  const anchor = document.createElement("a");
  anchor.href = address;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
