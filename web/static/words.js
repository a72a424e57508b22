// Every text of the page, in the language of the shell: words.pt.json and words.en.json.
//
// say("ask.confidence", { p: percent(0.91) }). A text that depends on a number has forms:
// {"=0": …, "one": …, "other": …}, chosen by the value that is named `n`. Numbers are written as
// the language does; give texts where a number is to be written otherwise.

import { addressOf, session } from "./session.js";

// The browser's region for the page's language, such as en-GB, so that dates are as people know them.
const own = navigator.languages.find((name) => name.split("-")[0] === session.language);
export const locale = own ?? (session.language === "pt" ? "pt-BR" : "en");

const answer = await fetch(addressOf(`words.${session.language}.json`));
const words = await answer.json();
const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);
const percents = new Intl.NumberFormat(locale, { style: "percent" });
const distances = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 2, maximumFractionDigits: 2,
});
const times = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const days = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

function find(key) {
  return key.split(".").reduce((inside, name) => inside?.[name], words);
}

function choose(forms, n) {
  return (n === 0 && forms["=0"]) || forms[plurals.select(n)] || forms.other;
}

/** Return a text. Raises an Error for a key that has none. */
export function say(key, values = {}) {
  const found = find(key);
  if (found === undefined) throw new Error(`no text: ${key}`);
  const text = typeof found === "string" ? found : choose(found, values.n);
  return text.replace(/\{(\w+)\}/g, (_, name) => write(values[name]));
}

function write(value) {
  return typeof value === "number" ? numbers.format(value) : String(value);
}

export const number = (value) => numbers.format(value);
export const percent = (value) => percents.format(value);
export const decimal = (value) => distances.format(value);
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** Return a size in bytes as people read it: 84 kB. */
export function bytes(size) {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, size)) / 3)));
  const shown = new Intl.NumberFormat(locale, {
    style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: step > 1 ? 1 : 0,
  });
  return shown.format(size / 1000 ** step);
}

export const time = (moment) => times.format(new Date(moment));
export const date = (moment) => dates.format(new Date(moment));

/** Return how long ago something was, by days up to a week, and its date after that. */
export function ago(moment) {
  const then = new Date(moment);
  const passed = Math.round((midnight(new Date()) - midnight(then)) / 86_400_000);
  if (passed === 0) return time(then);
  return passed > 0 && passed < 7 ? days.format(-passed, "day") : date(then);
}

function midnight(moment) {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}
