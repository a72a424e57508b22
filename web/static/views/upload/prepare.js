// Before the file is sent: choose it, see what will be taken, say where it goes.

import { ProgressBar } from "../../components/bars.js";
import { sayLeft } from "../../components/job.js";
import { ErrorNotice, Notice } from "../../components/notice.js";
import { takeOver } from "../../handover.js";
import { html, useEffect, useState, useStore } from "../../lib.js";
import { announce } from "../../live.js";
import { bytes, percent, say } from "../../words.js";
import { isReady, useCheck } from "./check.js";
import {
  CHECKED_BYTES, cancel, change, choose, composeQuery, draft, drop, hasChanged, send, transfer,
} from "./draft.js";
import { Refused } from "./missing.js";
import { Preview, sayCounts } from "./preview.js";
import { Reading } from "./reading.js";
import { ReplaceDialog, Target, useTarget } from "./target.js";

export function Choose() {
  const [over, setOver] = useState(false);
  const drag = (event) => {
    event.preventDefault();
    setOver(true);
  };
  const land = (event) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer.files[0]) choose(event.dataTransfer.files[0]);
  };
  return html`
    <section class=${over ? "drop over" : "drop"} onDragOver=${drag} onDragLeave=${() => setOver(false)} onDrop=${land}>
      <p><strong>${say("upload.drop")}</strong></p>
      <label class="button primary file">${say("upload.choose")}
        <input type="file" onChange=${(event) => event.target.files[0] && choose(event.target.files[0])} /></label>
      <p class="meta">${say("upload.formats")}</p>
    </section>`;
}

/** Take a file that was dropped anywhere on the page, but not while another is sent. */
export function useHandedOver() {
  const sending = Boolean(useStore(transfer)?.sending);
  useEffect(() => {
    const take = () => {
      const file = sending ? null : takeOver();
      if (file) choose(file);
    };
    take();
    addEventListener("drop", take);
    return () => removeEventListener("drop", take);
  }, [sending]);
}

export function Prepare({ params }) {
  const given = useStore(draft);
  const sent = useStore(transfer);
  const [collection, setCollection, names] = useTarget(given.name, params);
  const [wanted, setWanted] = useState(given.size <= CHECKED_BYTES);
  const sending = Boolean(sent?.sending);
  const check = useCheck(given, collection, wanted && names !== null && !sending);
  // Also before it was begun: what is shown then is of no file, or of the one before.
  const awaited = wanted && !sending && given.file && isReady(given, collection) && !check.fresh;
  const setReading = (reading) => change({ reading });
  useAnnounced(check);
  return html`
    <${FileCard} given=${given} sending=${sending} />
    ${given.file === null && html`<${Notice} kind="error">${say("upload.unreadable")}<//>`}
    ${check.busy && html`<${Checking} part=${check.part} />`}
    <fieldset class=${check.busy ? "checked dimmed" : "checked"} disabled=${sending} aria-busy=${Boolean(awaited)}>
      <legend class="unseen">${say("upload.step_check")}</legend>
      ${check.error && html`<${Refused} error=${check.error} reading=${given.reading} onChange=${setReading} again=${check.again} />`}
      ${check.reply && html`<${Preview} reply=${check.reply} reading=${given.reading} onChange=${setReading} />`}
      ${!wanted && html`<${Large} onCheck=${() => setWanted(true)} />`}
      <${Reading} name=${given.name} preview=${check.reply?.preview} reading=${given.reading} onChange=${setReading}
        open=${Boolean(check.error)} />
      <${Target} collection=${collection} onCollection=${setCollection} names=${names} mode=${given.mode}
        onMode=${(mode) => change({ mode })} />
    </fieldset>
    ${sending
      ? html`<${Sending} state=${sent} size=${given.size} />`
      : html`<${Send} given=${given} check=${check} collection=${collection} wanted=${wanted} error=${sent?.error} />`}`;
}

/** Say to a screen reader what a check found. */
function useAnnounced({ reply, error }) {
  useEffect(() => {
    if (reply) announce(sayCounts(reply.job.rows));
    else if (error) announce(error.message);
  }, [reply, error]);
}

function FileCard({ given, sending }) {
  return html`
    <p class="file-card"><strong class="stored" dir="auto">${given.name}</strong>
      <span class="meta">${bytes(given.size)}</span>
      ${!sending && html`<label class="button small file">${say("upload.change")}
        <input type="file" onChange=${(event) => event.target.files[0] && choose(event.target.files[0])} /></label>
      <button type="button" class="quiet small" onClick=${drop}>${say("upload.take_away")}</button>`}</p>`;
}

function Checking({ part }) {
  const whole = part === 1;
  return html`<${ProgressBar} part=${whole ? null : part}
    label=${say(whole ? "upload.reading_now" : "upload.sending_to_check")} />`;
}

function Large({ onCheck }) {
  return html`
    <${Notice}><p>${say("upload.large")}</p>
      <button type="button" onClick=${onCheck}>${say("upload.check")}</button><//>`;
}

/** The button that sends, what is missing before it can, and what went wrong the last time. */
function Send({ given, check, collection, wanted, error }) {
  const [asking, setAsking] = useState(false);
  const [stale, setStale] = useState(false);
  const rows = check.fresh ? check.reply?.job.rows : null;
  const checked = !wanted && given.mode !== "replace";
  const able = given.file && isReady(given, collection) && (rows || checked);
  const begin = () => {
    setAsking(false);
    setStale(false);
    send(composeQuery(given, collection));
  };
  const click = async () => {
    if (await hasChanged(given)) setStale(true);
    else if (rows?.deleted > 0) setAsking(true);
    else begin();
  };
  return html`
    ${stale && html`<${Stale} given=${given} onSend=${() => (rows?.deleted > 0 ? setAsking(true) : begin())} />`}
    ${error && html`<${ErrorNotice} error=${error}><p>${say("upload.kept")}</p><//>`}
    ${!wanted && given.mode === "replace" && html`<p>${say("upload.check_first")}</p>`}
    ${given.reading.roles && !isReady({ ...given }, "x") && html`<p>${say("upload.both_columns")}</p>`}
    <div class="actions"><button type="button" class="primary" disabled=${!able} onClick=${click}>
      ${nameSending(rows, checked, error)}</button></div>
    ${asking && html`<${ReplaceDialog} collection=${collection} n=${rows.deleted} onReplace=${begin}
      onClose=${() => setAsking(false)} />`}`;
}

function nameSending(rows, checked, error) {
  if (error) return say("upload.send_again");
  if (rows) {
    const n = rows.total - rows.rejected;
    return n > 0 ? say("upload.send_rows", { n }) : say("upload.send_to_mend", { n: rows.rejected });
  }
  return say(checked ? "upload.send_unchecked" : "upload.send");
}

/** The file on the disk is not what was checked any more. */
function Stale({ given, onSend }) {
  return html`
    <${Notice} kind="warning" focus><p>${say("upload.stale")}</p>
      <div class="actions"><label class="button file">${say("upload.choose_again")}
        <input type="file" onChange=${(event) => event.target.files[0] && choose(event.target.files[0])} /></label>
      ${given.file !== given.source && html`<button type="button" onClick=${onSend}>${say("upload.send_checked")}</button>`}
      </div><//>`;
}

function Sending({ state, size }) {
  const { part, began } = state;
  const passed = (performance.now() - began) / 1000;
  const left = part > 0.01 ? Math.ceil((passed / part) * (1 - part)) : null;
  const whole = part === 1;
  return html`
    <div class="sending">
      <${ProgressBar} part=${part} label=${say("upload.transfer")}>
        ${say("upload.transferred", { p: percent(part ?? 0), size: bytes(size) })}
        ${left !== null && !whole && html` · ${sayLeft(left)}`}<//>
      <${ProgressBar} part=${whole ? null : 0} label=${say(whole ? "upload.storing" : "upload.processing")} />
      <p class="meta">${say("upload.stay")}</p>
      <button type="button" onClick=${cancel}>${say("upload.cancel")}</button>
    </div>`;
}
