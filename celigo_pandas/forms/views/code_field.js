// A box for JavaScript: the text that is typed, over the same text in colours, beside the numbers of its lines.
// Text goes into the page by textContent only, here too.

const CODE_WORDS = "async await break case catch class const continue debugger default delete do else export extends false "
  + "finally for from function if import in instanceof let new null of return static super switch this throw true try "
  + "typeof undefined var void while with yield";
const CODE_PARTS = [
  ["note", String.raw`\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)`],
  ["text", String.raw`"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|` + "`(?:\\\\[\\s\\S]|[^`\\\\])*(?:`|$)"],
  ["word", `\\b(?:${CODE_WORDS.replaceAll(" ", "|")})\\b`],
  ["number", String.raw`\b\d[\w.]*`],
  ["call", String.raw`[A-Za-z_$][\w$]*(?=\s*\()`],
  ["name", String.raw`[A-Za-z_$][\w$]*`],
];
const CODE_TOKENS = new RegExp(CODE_PARTS.map(([kind, pattern]) => `(?<${kind}>${pattern})`).join("|"), "g");

function codeSpans(text) {
  const spans = [];
  let end = 0;
  for (const match of text.matchAll(CODE_TOKENS)) {
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    if (kind === "name") continue;
    if (match.index > end) spans.push(text.slice(end, match.index));
    const span = document.createElement("span");
    span.className = `cp-js-${kind}`;
    span.textContent = match[0];
    spans.push(span);
    end = match.index + match[0].length;
  }
  spans.push(text.slice(end));
  return spans;
}

// Returns the box, the textarea in it, and what paints it anew: marks are [line, text], drawn at the line's number.
function codeEditor() {
  const holder = document.createElement("div");
  const gutter = document.createElement("div");
  const stack = document.createElement("div");
  const colours = document.createElement("pre");
  const input = document.createElement("textarea");
  holder.className = "cp-editor";
  gutter.className = "cp-gutter";
  gutter.setAttribute("aria-hidden", "true");
  stack.className = "cp-editor-stack";
  colours.setAttribute("aria-hidden", "true");
  input.className = "cp-editor-input";
  input.wrap = "off";
  stack.append(colours, input);
  holder.append(gutter, stack);
  let marks = new Map();
  const paint = () => {
    colours.replaceChildren(...codeSpans(input.value), "\n");
    const count = input.value.split("\n").length;
    while (gutter.children.length > count) gutter.lastElementChild.remove();
    while (gutter.children.length < count) gutter.append(document.createElement("div"));
    [...gutter.children].forEach((line, place) => {
      const said = marks.get(place + 1) ?? "";
      line.textContent = `${place + 1}`;
      line.className = said ? "cp-gutter-marked" : "";
      line.title = said;
    });
  };
  input.addEventListener("input", paint);
  const mark = (listed) => {
    marks = new Map();
    for (const [line, text] of listed) marks.set(line, marks.has(line) ? `${marks.get(line)}\n${text}` : text);
    paint();
  };
  return { holder, input, mark };
}
