// The rejected rows in a table, to be mended in place and sent again.

import { ErrorNotice, Notice } from "../../components/notice.js";
import { Pager } from "../../components/pager.js";
import { Table } from "../../components/table.js";
import { readDraft, useDraft } from "../../drafts.js";
import { html, useEffect, useRef, useState } from "../../lib.js";
import { go, link } from "../../router.js";
import { may } from "../../session.js";
import { number, say } from "../../words.js";
import { makeKey, sendFile } from "./send.js";
import { composeMended, download, findGuilty, useCodes, useRejected } from "./rejected.js";

const SIZE = 50;

export function Mending({ job, params }) {
  const { table, error, again } = useRejected(job);
  return html`
    <section class="mending" aria-labelledby="mending">
      <h2 id="mending" tabindex="-1">${say("jobs.rejected", { n: job.rows.rejected })}</h2>
      <${Downloads} job=${job} />
      ${error && html`<${ErrorNotice} error=${error} retry=${again} />`}
      ${!table && !error && html`<p class="meta" aria-busy="true">${say("upload.loading_rows")}</p>`}
      ${table && html`<${Rows} job=${job} table=${table} params=${params} />`}
    </section>`;
}

function Downloads({ job }) {
  const [error, setError] = useState(null);
  const save = (excel) => download(job, excel).then(() => setError(null), setError);
  return html`
    ${error && html`<${ErrorNotice} error=${error} />`}
    <div class="actions">
      <button type="button" class="small" onClick=${() => save(true)}>${say("upload.download_excel")}</button>
      <button type="button" class="small" onClick=${() => save(false)}>${say("upload.download_csv")}</button>
    </div>`;
}

function Rows({ job, table, params }) {
  const mending = useMending(job, table);
  const page = Math.max(1, Number.parseInt(params.get("page"), 10) || 1);
  useFocusOnPage(page);
  const known = useCodes(job, (page - 1) * SIZE, SIZE);
  if (!known) return html`<p class="meta" aria-busy="true">${say("upload.loading_rows")}</p>`;
  const { codes, offset } = known;
  const rows = table.rows.slice(offset, offset + SIZE).map((row, n) => ({ ...row, place: offset + n, code: codes[n] }));
  const editable = may("editor") && table.roles.includes("question") && table.roles.includes("answer");
  const cell = (at) => (row) => html`<${Cell} row=${row} at=${at} table=${table} mending=${mending} />`;
  const at = (role) => table.roles.indexOf(role);
  const columns = [
    { key: "line", title: say("upload.line_title"), cell: ({ line }) => number(line) },
    { key: "reason", title: say("upload.reason"), kind: "reason-cell", cell: (row) => html`<${Reason} row=${row} mending=${mending} />` },
    ...(editable ? [
      { key: "question", title: say("item.question"), kind: "wide", cell: cell(at("question")) },
      { key: "answer", title: say("item.answer"), kind: "wide", cell: cell(at("answer")) },
      { key: "others", title: say("item.fields"), kind: "wide", cell: (row) => html`
        <${Others} row=${row} table=${table} mending=${mending} />` },
    ] : []),
  ].filter(({ key }) => key !== "others" || hasOthers(rows, table));
  const shows = ({ place, code }) => [
    table, code, columns.length, JSON.stringify(mending.edits[place]), mending.sent[place], Boolean(mending.busy),
  ];
  return html`
    ${editable && html`<p>${say("upload.mend_here")}</p>`}
    <${Table} columns=${columns} rows=${rows} rowKey=${({ place }) => place} shows=${shows}
      caption=${say("upload.rejected_rows")} />
    <${Pager} page=${page} size=${SIZE} total=${table.rows.length} />
    ${editable && html`<${SendMended} mending=${mending} />`}`;
}

/** Begin another page at its top. */
function useFocusOnPage(page) {
  const before = useRef(page);
  useEffect(() => {
    if (before.current !== page) document.getElementById("mending").focus();
    before.current = page;
  }, [page]);
}

const hasOthers = (rows, { roles }) => roles.length > 2 || rows.some(({ cells }) => cells.length > roles.length);

function Reason({ row, mending }) {
  const sent = mending.sent[row.place];
  return html`<span id=${`reason-${row.place}`} class="reason">${row.reason}</span>
    ${sent && html` <a class="sent" href=${link("upload", { job: sent })}>${say("upload.sent")}</a>`}`;
}

/** The cells that are neither question nor answer; open where one of them is guilty. */
function Others({ row, table, mending }) {
  const width = Math.max(table.roles.length, row.cells.length);
  const places = Array.from({ length: width }, (_, at) => at)
    .filter((at) => !["question", "answer"].includes(table.roles[at]));
  const guilty = findGuilty(row.code, row.cells, table.roles);
  return html`
    <details open=${places.includes(guilty)}><summary>${say("upload.other_fields", { n: places.length })}</summary>
      ${places.map((at) => html`<label class="field" key=${at}><span class="meta" dir="auto">${nameCell(table, at)}</span>
        <${Cell} row=${row} at=${at} table=${table} mending=${mending} /></label>`)}
    </details>`;
}

function nameCell({ header, roles }, at) {
  return header[at] || say(at < roles.length ? "upload.nameless" : "upload.extra", { n: at + 1 });
}

function Cell({ row, at, table, mending }) {
  const text = mending.read(row, at);
  const guilty = findGuilty(row.code, row.cells, table.roles) === at;
  const wrong = guilty && text === (row.cells[at] ?? "");
  return html`
    <textarea rows="1" dir="auto" value=${text} class=${wrong ? "guilty" : ""} disabled=${Boolean(mending.sent[row.place]) || mending.busy}
      aria-label=${say("upload.cell", { c: nameCell(table, at), n: number(row.line) })} aria-invalid=${wrong} placeholder=${wrong ? row.reason : ""}
      aria-describedby=${wrong ? `reason-${row.place}` : undefined}
      onInput=${(event) => mending.write(row, at, event.target.value)}></textarea>`;
}

/** What was typed into the cells, and what was sent; kept until the browser forgets it. */
function useMending(job, table) {
  const key = `rejected:${job.id}`;
  const [kept, keep] = useDraft(key, { edits: {}, sent: {} });
  const [state, setState] = useState({});
  // Another tab may have written meanwhile.
  const change = (compose) => keep(compose(readDraft(key) ?? kept));
  const read = ({ place, cells }, at) => kept.edits[place]?.[at] ?? cells[at] ?? "";
  const write = ({ place, cells }, at, text) => {
    change((now) => {
      const { [at]: _, ...others } = now.edits[place] ?? {};
      const mine = text === (cells[at] ?? "") ? others : { ...others, [at]: text };
      const { [place]: __, ...edits } = now.edits;
      return { ...now, edits: Object.keys(mine).length ? { ...edits, [place]: mine } : edits };
    });
    // What was said is about other rows now.
    setState({});
  };
  const places = Object.keys(kept.edits).map(Number).filter((place) => !kept.sent[place] && table.rows[place]);
  const compose = () => composeMended(job, table, places.map((place) => {
    const row = { ...table.rows[place], place };
    const width = Math.max(table.header.length, row.cells.length);
    return Array.from({ length: width }, (_, at) => read(row, at));
  }));
  const send = async (sure) => {
    const { file, name, query } = compose();
    setState({ busy: true });
    try {
      if (!sure) {
        const { job: would } = await sendFile("/upload", file, { name, query: { ...query, dry_run: "true" } });
        if (needsAsking(would)) return setState({ would });
      }
      const { job: next } = await sendFile("/upload", file, { name, query, key: makeKey() });
      change((now) => ({ ...now, sent: { ...now.sent, ...Object.fromEntries(places.map((place) => [place, next.id])) } }));
      return go(link("upload", { job: next.id, from: job.id }));
    } catch (error) {
      return setState({ error });
    }
  };
  return { ...state, edits: kept.edits, sent: kept.sent, count: places.length, read, write, send };
}

/** Whether something would happen that one might not expect of mended rows. */
const needsAsking = ({ rows }) => rows.updated > 0 || rows.unchanged > 0 || rows.rejected > 0;

function SendMended({ mending }) {
  const { count, busy, error, would, send } = mending;
  return html`
    ${error && html`<${ErrorNotice} error=${error}><p>${say("upload.rows_kept")}</p><//>`}
    ${would && html`<${Notice} kind="warning" focus>
      ${["updated", "unchanged", "rejected"].filter((name) => would.rows[name] > 0).map((name) => html`
        <p key=${name}>${say(`upload.mended_${name}`, { n: would.rows[name] })}</p>`)}
      <button type="button" onClick=${() => send(true)}>${say("upload.send_anyway")}</button><//>`}
    <div class=${count > 0 ? "actions mending-end ready" : "actions mending-end"}>
      <button type="button" class="primary" disabled=${count === 0 || busy} onClick=${() => send(false)}>
        ${say(busy ? "upload.sending_mended" : "upload.send_mended", { n: count })}</button>
    </div>`;
}
