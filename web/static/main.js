// Starts the page. How it is made, for whoever adds to it:
//
// A VIEW is a module views/<name>.js whose default export is a component: it gets `params`
// (URLSearchParams of the address) and draws an <h1 tabindex="-1"> first. Add one line to VIEWS in
// web/pages.py, with the least role that sees it; the server draws the link, the module is loaded
// when it is needed. Its styles are css/<name>.css, which apply only while it is shown (styles.js);
// what another view needs too goes to css/components.css.
//
// A WORD is one entry in words.pt.json and one in words.en.json, in the section of its view; get it
// by `say("section.key", {n: 3})` (words.js; also number, percent, decimal, date, ago). No text
// stands in a module: tests/web/page/test_words.py looks.
//
// WHAT IS THERE. lib.js: html, hooks, stores. session.js: who looks, `may("editor")`. router.js:
// useAddress, go, link, linkHere. api.js: get, post, put, patch, remove, request. drafts.js:
// useDraft, so that no typed word is lost. undo.js: offerUndo. live.js: announce. jobs.js: watchJob,
// poll. collections.js: useCollections, refreshCollections after a write. mending.js: adds a wording to an
// item, offers to undo an edit. diff.js, handover.js.
//
// COMPONENTS (components/): notice.js (Notice, ErrorNotice), bars.js (DistanceBar, ConfidenceBar,
// ProgressBar), decision.js, result.js (a hit of a search), item-form.js (question, other ways to
// ask, answer, other fields; saves with If-Match and shows both versions on a conflict), table.js (becomes
// cards when narrow), job.js (state, progress and counts of a job), pager.js,
// collection-picker.js, dialog.js, long-text.js, marked.js, gradual.js (draws a long list in pieces).
//
// THE REST. components/item-fields.js and conflict.js are parts of the form. A view that is larger than
// a file has its parts in views/<name>/, which are loaded with it. bench/screenshots.py takes the
// pictures of each view; tests/web/page/ tries them, and test_access.py asks axe about each.
//
// RULES. Stored texts are children of html`…`, never markup. No style="…": set a width by
// `useVariables({"--part": "0.5"})`, which returns a ref (bars.js). A control has a label; a state has a word.
// A file has at most 300 lines.

import { dropOldDrafts } from "./drafts.js";
import { startFrame } from "./frame.js";
import { startDrops } from "./handover.js";
import { startKeys } from "./keys.js";
import { startRouter } from "./router.js";
import { startUndo } from "./undo.js";

startRouter();
startFrame();
// After the first view is there.
setTimeout(() => {
  startUndo();
  startKeys();
  startDrops();
  dropOldDrafts();
});
