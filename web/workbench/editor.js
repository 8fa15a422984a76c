// An editor in the place of a text field, which stays what is sent.
//
// It lives in a shadow root: there its styles are a style sheet that a script made, and no element, so that pages need not
// allow styles of their own.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { languages } from "./languages.js";

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--code-comment)" },
  { tag: [tags.propertyName, tags.heading], color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-text)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-atom)" },
]);

const theme = EditorView.theme({
  "&": { backgroundColor: "var(--code-ground)", color: "var(--ink)", fontSize: "0.875rem" },
  "&.cm-focused": { outline: "3px solid var(--focus)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", maxHeight: "70vh", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--code-ground)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--code-line)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "var(--code-selection)",
  },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)" },
  ".cm-diagnostic": { whiteSpace: "pre-wrap" },
});

const listeners = [];
let edited;

export function onEdit(listener) {
  listeners.push(listener);
}

/** Puts an editor in the place of a text field. */
export function edit(field) {
  const host = document.createElement("div");
  host.className = "editor";
  field.after(host);
  const root = host.attachShadow({ mode: "open" });
  const label = field.labels[0];
  const isToml = field.dataset.editor === "toml";
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(),
        isToml ? lintGutter() : [],
        history(),
        drawSelection(),
        indentOnInput(),
        bracketMatching(),
        highlightActiveLine(),
        EditorView.lineWrapping,
        languages[field.dataset.editor].extension,
        syntaxHighlighting(colours),
        theme,
        // Tab moves on, as everywhere else on a page.
        keymap.of([...defaultKeymap, ...historyKeymap, ...lintKeymap]),
        EditorView.contentAttributes.of({ "aria-label": label.textContent.trim(), tabindex: "0", spellcheck: "false", autocapitalize: "none" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          field.value = update.state.doc.toString();
          for (const listener of listeners) listener();
        }),
      ],
    }),
  });
  field.hidden = true;
  label.addEventListener("click", (event) => {
    event.preventDefault();
    view.focus();
  });
  if (isToml) edited = view;
}

/** Marks in the editor what the page says of its text. */
export function showDiagnostics() {
  if (!edited) return;
  const length = edited.state.doc.length;
  const found = [...document.querySelectorAll("#trial [data-from]")].map(({ dataset }) => ({
    from: Math.min(Number(dataset.from), length),
    to: Math.min(Number(dataset.to), length),
    severity: dataset.severity,
    message: dataset.message,
  }));
  edited.dispatch(setDiagnostics(edited.state, found));
}
