// How the file was read, and what can be said where it was read wrongly.

import { html, useState } from "../../lib.js";
import { number, say } from "../../words.js";

const DELIMITERS = [[",", "comma"], [";", "semicolon"], ["tab", "tab"], ["|", "pipe"]];
const ENCODINGS = ["utf-8", "windows-1252", "iso-8859-1", "iso-8859-15", "utf-16", "macintosh", "cp850"];
const BOOK = /\.(xls[xmb]?|ods)$/i;
const TEXT = ["csv", undefined];

/** `preview`: of the last check, or null. `onChange(reading)`; other columns are found anew by it. */
export function Reading({ name, preview, reading, onChange, open }) {
  const give = (option, value) => onChange({ ...reading, roles: null, [option]: value || undefined });
  const isBook = BOOK.test(name);
  const isText = !isBook && TEXT.includes(preview?.format);
  return html`
    <details class="reading" open=${open}>
      <summary>${say("upload.reading")}${preview && html`: <span class="meta">${describe(preview)}</span>`}</summary>
      <div class="options">
        ${isText && html`
          <${Choice} word="upload.encoding" value=${reading.encoding} onChange=${(value) => give("encoding", value)}
            options=${ENCODINGS.map((one) => [one, one.toUpperCase()])} />
          <${Delimiter} value=${reading.delimiter} onChange=${(value) => give("delimiter", value)} />`}
        ${isBook && html`<${Sheet} preview=${preview} value=${reading.sheet} onChange=${(value) => give("sheet", value)} />`}
        <${Choice} word="upload.header" value=${reading.header} onChange=${(value) => give("header", value)}
          options=${[["true", say("upload.header_true")], ["false", say("upload.header_false")]]} />
        ${isText && html`<${Check} word="upload.overflow" value=${reading.overflow} on="join"
          onChange=${(value) => give("overflow", value)} />`}
        <${Check} word="upload.spreadsheet_safe" value=${reading.spreadsheet_safe} on="true"
          onChange=${(value) => give("spreadsheet_safe", value)} />
      </div>
    </details>`;
}

function describe({ format, encoding, delimiter, header_line: line, ...rest }) {
  const known = DELIMITERS.find(([sign]) => sign === (delimiter === "\t" ? "tab" : delimiter));
  const parts = [
    format?.toUpperCase(), encoding?.toUpperCase(),
    delimiter && say("upload.separated", { d: known ? say(`upload.delimiter_${known[1]}`) : delimiter }),
    line && say("upload.names_in", { n: number(line) }),
    rest.sheets_not_read?.length && say("upload.not_read", { names: rest.sheets_not_read.join(", ") }),
    rest.left_out && say("upload.left_out", { n: rest.left_out.rows, lines: listLines(rest.left_out) }),
  ];
  return parts.filter(Boolean).join(" · ");
}

/** The first lines are named; more may be left out. */
function listLines({ rows, lines }) {
  return [...lines, ...(rows > lines.length ? ["…"] : [])].join(", ");
}

function Choice({ word, value, options, onChange }) {
  return html`
    <label class="field"><span>${say(word)}</span>
      <select value=${value ?? ""} onChange=${(event) => onChange(event.target.value)}>
        <option value="">${say("upload.found_out")}</option>
        ${options.map(([one, text]) => html`<option value=${one}>${text}</option>`)}
      </select></label>`;
}

function Delimiter({ value, onChange }) {
  const known = DELIMITERS.map(([sign, word]) => [sign, say(`upload.delimiter_${word}`)]);
  const [other, setOther] = useState(Boolean(value) && !known.some(([sign]) => sign === value));
  const choose = (next) => {
    setOther(next === "other");
    if (next !== "other") onChange(next);
  };
  return html`
    <${Choice} word="upload.delimiter" value=${other ? "other" : value} onChange=${choose}
      options=${[...known, ["other", say("upload.delimiter_other")]]} />
    ${other && html`<label class="field"><span>${say("upload.delimiter_which")}</span>
      <input value=${value ?? ""} maxlength="1" onInput=${(event) => onChange(event.target.value)} /></label>`}`;
}

function Sheet({ preview, value, onChange }) {
  return html`
    <label class="field"><span>${say("upload.sheet")}</span>
      <input value=${value ?? ""} list="sheets" autocomplete="off" placeholder=${say("upload.found_out")}
        onChange=${(event) => onChange(event.target.value.trim())} />
      <datalist id="sheets">${(preview?.sheets_not_read ?? []).map((one) => html`<option value=${one} />`)}</datalist></label>`;
}

function Check({ word, value, on, onChange }) {
  return html`
    <label class="check"><input type="checkbox" checked=${value === on}
      onChange=${(event) => onChange(event.target.checked ? on : "")} /> ${say(word)}</label>`;
}
