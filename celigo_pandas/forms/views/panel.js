// Draws the elements that Python sends (forms/elements.py) and reports what the user does.
// Text goes into the page by textContent and properties only, never as HTML. Nothing is fetched from anywhere.

const DRAW = { box, group, feedback, field, button, table, code, heading, paragraph, link, lamp, meter, progress, notice };
const STOP_TARGET = "celigo_pandas.stop";

function make(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function look(node, base, extra) {
  const wanted = extra ? `${base} ${base}-${extra}` : base;
  if (node.className !== wanted) node.className = wanted;
}

// Children keep their nodes from one drawing to the next, so that focus, scroll and half-typed text survive.
function children(ctx, node, elements) {
  const kept = new Map();
  for (const child of node.children) kept.set(child.celigoKey, child);
  const counts = {};
  let place = node.firstElementChild;
  for (const element of elements) {
    const name = `${element.k}|${element.id ?? ""}|${element.type ?? ""}`;
    counts[name] = (counts[name] ?? 0) + 1;
    const key = `${name}|${counts[name]}`;
    let child = kept.get(key);
    if (child) kept.delete(key);
    else {
      child = make("div");
      child.celigoKey = key;
      child.celigoNew = true;
    }
    if (child !== place) node.insertBefore(child, place);
    else place = place.nextElementSibling;
    const text = JSON.stringify(element);
    if (child.celigoDrawn !== text) {
      child.celigoDrawn = text;
      (DRAW[element.k] ?? paragraph)(ctx, child, element);
      child.celigoNew = false;
    }
  }
  for (const child of kept.values()) child.remove();
}

function box(ctx, node, element) {
  look(node, element.row ? "cp-row" : "cp-box", element.look);
  node.style.marginInlineStart = element.depth ? `${element.depth * 18}px` : "";
  children(ctx, node, element.children);
}

function feedback(ctx, node, element) {
  node.className = "cp-feedback";
  node.setAttribute("role", "status");
  node.setAttribute("aria-live", "polite");
  children(ctx, node, element.children);
}

function group(ctx, node, element) {
  if (node.celigoNew) {
    node.className = "cp-group";
    const details = make("details");
    const summary = make("summary");
    summary.append(make("span", "cp-group-label"), make("span", "cp-count"));
    details.append(summary, make("div", "cp-group-body"));
    details.open = element.open;
    node.append(details);
  }
  const details = node.firstElementChild;
  const [label, count] = details.firstElementChild.children;
  say(label, element.label);
  say(count, element.count ? `${element.count}` : "");
  count.title = element.count ? `${element.count} to mend` : "";
  // What the user folds stays folded, until there is something new to see.
  if (element.count || (element.open && node.celigoOpen === false)) details.open = true;
  node.celigoOpen = element.open;
  children(ctx, details.lastElementChild, element.children);
}

function field(ctx, node, element) {
  const secret = element.type.startsWith("secret") || element.type === "private";
  if (node.celigoNew) buildField(ctx, node, element, secret);
  const { label, input, help, problems, list, replace } = node.celigoParts;
  look(node, "cp-field", element.type === "boolean" ? "boolean" : element.wide ? "wide" : "");
  node.dataset.field = element.id;
  say(label, element.label);
  label.classList.toggle("cp-hidden", element.compact);
  label.classList.toggle("cp-required", element.required);
  input.setAttribute("aria-required", element.required ? "true" : "false");
  say(help, element.help);
  children(ctx, problems, element.problems.map((text) => ({ k: "paragraph", text, look: "problem" })));
  input.setAttribute("aria-invalid", element.problems.length ? "true" : "false");
  input.placeholder = element.placeholder;
  if (element.type === "choice") fillChoices(input, element);
  else input.readOnly = element.read_only;
  if (element.type === "choice" || element.type === "boolean") input.disabled = element.read_only;
  if (list) {
    const shared = element.suggest_from ? ctx.listId(element.suggest_from) : list.id;
    if (input.getAttribute("list") !== shared) input.setAttribute("list", shared);
    fillSuggestions(list, element.suggestions);
  }
  if (element.type === "private") {
    // Python has done with what it was handed: the box is for the next.
    if (node.celigoStored && !element.stored) {
      input.value = "";
      node.celigoHanded = "";
    }
    node.celigoStored = element.stored;
  } else if (secret) {
    const open = !element.stored || node.celigoReplacing === true;
    input.classList.toggle("cp-gone", !open);
    replace.classList.toggle("cp-gone", open);
    if (!element.stored) node.celigoReplacing = false;
  } else if (element.type === "boolean") {
    input.checked = element.value === true;
  } else {
    const value = element.value === null ? "" : String(element.value);
    const other = value !== node.celigoValue;
    // What may hold a secret was refused and not sent back: it stands in this box alone.
    node.celigoValue = element.keeps ? undefined : value;
    if (element.keeps || input.value === value || ctx.owes(node.celigoStamp)) {
      node.celigoMark?.(element.marks);
      return;
    }
    // A field that has the focus keeps what is being typed; it is told the truth when it is left, or when a button
    // (an undo, mostly) changed it while nothing new was typed.
    const focused = document.activeElement === input;
    if (!focused || (other && ctx.pressed() && !node.celigoUnsent())) {
      input.value = value;
      node.celigoTaken?.();
    }
  }
  node.celigoMark?.(element.marks);
}

function buildField(ctx, node, element, secret) {
  const id = ctx.newId();
  const label = make("label", "cp-label");
  const multiline = element.type.endsWith("multiline");
  const editor = element.type === "code" ? codeEditor() : null;
  let input;
  if (editor) input = editor.input;
  else if (element.type === "choice") input = make("select", "cp-input");
  else if (multiline) {
    input = make("textarea", secret ? "cp-input cp-concealed" : "cp-input");
    input.rows = element.wide ? 6 : 3;
  } else {
    input = make("input", "cp-input");
    input.type = element.type === "boolean" ? "checkbox" : element.type === "secret" ? "password" : "text";
    if (element.type === "number") input.inputMode = "decimal";
  }
  input.id = label.htmlFor = id;
  input.autocomplete = secret ? "new-password" : "off";
  input.spellcheck = false;
  const help = make("div", "cp-help");
  const problems = make("div", "cp-problems");
  help.id = `${id}-help`;
  problems.id = `${id}-problems`;
  input.setAttribute("aria-describedby", `${help.id} ${problems.id}`);
  const control = make("div", "cp-control");
  const parts = { label, input, help, problems };
  control.append(editor ? editor.holder : input);
  node.celigoMark = editor?.mark;
  if (element.type === "text") {
    parts.list = make("datalist");
    parts.list.id = `${id}-list`;
    input.setAttribute("list", parts.list.id);
    control.append(parts.list);
  }
  if (secret && element.type !== "private") {
    parts.replace = make("span", "cp-stored");
    const again = make("button", "cp-button cp-button-small", "replace");
    again.type = "button";
    again.setAttribute("aria-label", `Replace ${element.label}`);
    again.onclick = () => {
      node.celigoReplacing = true;
      parts.replace.classList.add("cp-gone");
      input.classList.remove("cp-gone");
      input.focus();
    };
    parts.replace.append(make("span", "cp-dots", "••••••"), again);
    control.append(parts.replace);
  }
  node.append(label, control, help, problems);
  node.celigoParts = parts;
  listen(ctx, node, input, element, secret);
}

function isSecretBox(input) {
  return input.type === "password" ? input.value !== "" : input.classList.contains("cp-concealed") && input.value !== "";
}

function listen(ctx, node, input, element, secret) {
  const id = element.id;
  if (secret) {
    // The value leaves once, in a message, and the box is empty again: it is in no state that is saved.
    const hand = () => {
      const value = input.value;
      if (element.type === "private" ? value === (node.celigoHanded ?? "") : !value) return;
      if (element.type === "private") node.celigoHanded = value;
      else input.value = "";
      node.celigoReplacing = false;
      ctx.send({ event: "secret", id, value });
    };
    input.addEventListener("change", hand);
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && input.tagName !== "TEXTAREA") hand();
    });
    ctx.flush.add(() => { if (input.isConnected && document.activeElement === input && input.value) hand(); });
    return;
  }
  let timer = null;
  let sent = null;
  const value = () => (element.type === "boolean" ? input.checked : input.value);
  const report = () => {
    clearTimeout(timer);
    timer = null;
    if (value() === sent) return;
    sent = value();
    node.celigoStamp = ctx.send({ event: "set", id, value: sent });
  };
  node.celigoUnsent = () => sent !== null && value() !== sent;
  node.celigoTaken = () => { sent = document.activeElement === input ? value() : null; };
  input.addEventListener("focus", () => { sent = value(); });
  input.addEventListener("change", report);
  if (element.live) {
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(report, 300);
    });
  }
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && input.tagName === "INPUT") report();
  });
  input.addEventListener("blur", () => {
    if (timer) report();
    // Untouched, and Python said something else meanwhile (an undo): show that.
    if (!ctx.owes(node.celigoStamp) && value() === sent && node.celigoValue !== undefined) input.value = node.celigoValue;
    sent = null;
  });
  ctx.flush.add(() => { if (input.isConnected && (timer || node.celigoUnsent())) report(); });
}

function fillChoices(select, element) {
  const wanted = JSON.stringify(element.choices);
  if (select.celigoChoices !== wanted) {
    select.celigoChoices = wanted;
    select.replaceChildren(...element.choices.map(([value, label]) => {
      const option = make("option", "", label);
      option.value = value;
      return option;
    }));
  }
}

function fillSuggestions(list, suggestions) {
  const wanted = JSON.stringify(suggestions);
  if (list.celigoList === wanted) return;
  list.celigoList = wanted;
  list.replaceChildren(...suggestions.map((text) => {
    const option = make("option");
    option.value = text;
    return option;
  }));
}

function button(ctx, node, element) {
  if (node.celigoNew) {
    const inner = make("button", "cp-button");
    inner.type = "button";
    inner.onclick = () => {
      for (const flush of ctx.flush) flush();
      // Whether it can be pressed is Python's to say as long as it has not answered what was typed before.
      if (!node.celigoElement.enabled && !ctx.waiting()) return;
      const { action, argument, urgent, copies } = node.celigoElement;
      if (copies !== null) copyText(inner, copies);
      if (urgent) ctx.urgent(action);
      ctx.send({ event: "press", action, argument });
    };
    node.append(inner);
    node.className = "cp-action";
  }
  node.celigoElement = element;
  const inner = node.firstElementChild;
  look(inner, "cp-button", element.tone);
  say(inner, element.label);
  // Not the disabled property: it would lose the focus, and a click right after typing.
  inner.setAttribute("aria-disabled", element.enabled ? "false" : "true");
  inner.dataset.action = element.action;
  if (element.argument !== null) inner.dataset.argument = String(element.argument);
  inner.title = element.title;
  if (element.title) {
    inner.setAttribute("aria-label", element.title.startsWith(element.label) ? element.title
      : `${element.label}: ${element.title}`);
  } else inner.removeAttribute("aria-label");
  if (element.keys) {
    inner.setAttribute("aria-keyshortcuts", element.keys.replace("ctrl", "Control").replace("escape", "Escape"));
    ctx.keys.set(element.keys, inner);
  }
}

function table(ctx, node, element) {
  if (node.celigoNew) {
    node.className = "cp-table-holder";
    node.tabIndex = 0;
    const inner = make("table", "cp-table");
    inner.append(make("caption"), make("thead"), make("tbody"));
    node.append(inner);
    const pick = (target) => {
      const cell = target.closest("td");
      if (!cell || !node.celigoElement.clickable || !node.contains(cell)) return false;
      const row = cell.parentElement;
      ctx.send({ event: "cell", id: node.celigoElement.id, row: row.celigoRow, column: cell.cellIndex });
      return true;
    };
    inner.addEventListener("click", (event) => pick(event.target));
    node.addEventListener("keydown", (event) => moveInTable(event, node, pick));
  }
  node.celigoElement = element;
  node.setAttribute("role", "region");
  node.setAttribute("aria-label", element.caption || element.id);
  const [caption, head, body] = node.firstElementChild.children;
  say(caption, element.caption);
  head.replaceChildren(headRow(element));
  while (body.children.length > element.rows.length) body.lastElementChild.remove();
  element.rows.forEach((row, place) => {
    let line = body.children[place];
    const text = JSON.stringify(row);
    if (!line) body.append((line = make("tr")));
    if (line.celigoDrawn === text) return;
    line.celigoDrawn = text;
    line.celigoRow = row.id;
    line.className = row.look ? `cp-line-${row.look}` : "";
    drawCells(line, row, element);
  });
}

function headRow(element) {
  const line = make("tr");
  for (const name of element.columns) {
    const head = make("th", "", name);
    head.scope = "col";
    line.append(head);
  }
  return line;
}

function drawCells(line, row, element) {
  while (line.children.length > row.cells.length) line.lastElementChild.remove();
  row.cells.forEach((cell, place) => {
    let node = line.children[place];
    if (!node) line.append((node = make("td")));
    node.className = cell.look ? `cp-cell-${cell.look}` : "";
    node.title = cell.title ?? "";
    if (element.clickable) node.tabIndex = -1;
    if (cell.lamp) node.replaceChildren(make("span", `cp-lamp cp-lamp-${cell.lamp}`, cell.t));
    else if (cell.bar === undefined) say(node, cell.t);
    else {
      const bar = make("span", "cp-bar");
      const part = make("span", "cp-bar-part");
      part.style.width = `${Math.max(0, Math.min(1, cell.bar)) * 100}%`;
      bar.append(part);
      node.replaceChildren(bar, make("span", "cp-bar-text", cell.t));
    }
  });
}

const MOVES = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

function moveInTable(event, holder, pick) {
  if (event.target === holder) {
    // The table itself has the focus: step into its first cell. One that only scrolls has nothing to step to.
    const first = holder.querySelector("tbody td[tabindex]");
    if (first && (MOVES[event.key] || event.key === "Enter" || event.key === " ")) {
      first.focus();
      event.preventDefault();
    }
    return;
  }
  if (event.key === "Enter" || event.key === " ") {
    if (pick(event.target)) event.preventDefault();
    return;
  }
  const move = MOVES[event.key];
  const cell = event.target.closest("td");
  if (!move || !cell) return;
  const line = move[0] > 0 ? cell.parentElement.nextElementSibling
    : move[0] < 0 ? cell.parentElement.previousElementSibling : cell.parentElement;
  const next = line?.children[cell.cellIndex + move[1]];
  if (next) {
    next.focus();
    event.preventDefault();
  }
}

function code(ctx, node, element) {
  if (node.celigoNew) {
    node.className = "cp-code";
    const head = make("div", "cp-code-head");
    const copy = make("button", "cp-button cp-button-small", "Copy");
    copy.type = "button";
    const text = make("pre", "cp-code-text");
    text.tabIndex = 0;
    copy.onclick = () => copyText(copy, text.textContent, text);
    head.append(make("span"), copy);
    node.append(head, text);
  }
  const [head, text] = node.children;
  say(head.firstElementChild, element.label);
  head.lastElementChild.setAttribute("aria-label", `Copy ${element.label}`);
  say(text, element.text);
}

async function copyText(button, text, shown) {
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    if (shown) getSelection().selectAllChildren(shown);
    button.textContent = shown ? "Selected" : "Not allowed";
  }
  setTimeout(() => { button.textContent = label; }, 1500);
}

function heading(ctx, node, element) {
  look(node, "cp-heading", element.look);
  if (node.celigoNew) node.append(make("strong"), make("span"));
  say(node.firstElementChild, element.text);
  say(node.lastElementChild, element.detail);
}

function paragraph(ctx, node, element) {
  look(node, "cp-text", element.look);
  say(node, element.text);
}

function link(ctx, node, element) {
  node.className = "cp-text";
  const safe = /^https?:\/\//i.test(element.href);
  const inner = make(safe ? "a" : "span", "", element.label);
  if (safe) {
    inner.href = element.href;
    inner.target = "_blank";
    inner.rel = "noopener noreferrer";
  }
  node.replaceChildren(inner);
}

function lamp(ctx, node, element) {
  look(node, "cp-lamp", element.state);
  say(node, element.label);
}

function meter(ctx, node, element) {
  if (node.celigoNew) {
    node.className = "cp-meter";
    node.append(make("span", "cp-bar"), make("span", "cp-bar-text"));
    node.firstElementChild.append(make("span", "cp-bar-part"));
  }
  const [bar, text] = node.children;
  bar.firstElementChild.style.width = `${Math.max(0, Math.min(1, element.share)) * 100}%`;
  say(text, element.text);
  node.title = element.title;
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", `${element.text}: ${element.title}`);
}

function progress(ctx, node, element) {
  if (node.celigoNew) node.append(make("span"), make("progress"));
  node.className = "cp-progress";
  const [text, bar] = node.children;
  const total = element.total === null ? "" : ` of ${element.total.toLocaleString("en")}`;
  const count = element.done || element.total ? `: ${element.done.toLocaleString("en")}${total}` : " …";
  say(text, `${element.label}${count}`);
  bar.setAttribute("aria-label", element.label);
  if (element.total === null) bar.removeAttribute("value");
  else {
    bar.max = Math.max(1, element.total);
    bar.value = element.done;
  }
}

function notice(ctx, node, element) {
  look(node, "cp-notice", element.level);
  if (node.celigoNew) node.append(make("span"), make("span", "cp-hint"));
  if (element.level === "error") node.setAttribute("role", "alert");
  else node.removeAttribute("role");
  say(node.firstElementChild, element.text);
  say(node.lastElementChild, element.hint);
}

// A click waits for the running cell. Stop must not: where the front end can reach a subshell of the kernel, a comm
// opened there is handled beside the running cell. Elsewhere the click itself is all there is.
function stopper(model) {
  const kernel = model.widget_manager?.kernel;
  if (!kernel?.createComm) return () => {};
  const fresh = () => {
    try {
      const comm = kernel.createComm(STOP_TARGET);
      comm.subshellStarted?.catch?.(() => {}); // a kernel that restarts meanwhile has none
      return comm;
    } catch { return null; }
  };
  let comm = fresh();
  return async (action) => {
    const mine = comm ?? fresh();
    comm = null;
    if (!mine) return;
    await Promise.race([mine.subshellStarted, new Promise((wake) => setTimeout(wake, 300))]);
    mine.open({ form: model.get("form_id"), action });
    comm = fresh();
  };
}

// Calls `gone` once this widget has no kernel any more that answers it. Front ends that show no kernel (VS Code) tell of
// a comm that ended and of one that lives again in the same words: there nothing is said rather than something wrong.
function watch(model, gone) {
  const kernel = model.widget_manager?.kernel;
  if (!kernel?.statusChanged) return () => {};
  const changed = (_, status) => {
    if (["restarting", "autorestarting", "dead", "terminating"].includes(status)) gone();
  };
  kernel.statusChanged.connect(changed);
  return () => kernel.statusChanged.disconnect(changed);
}

// The focus goes on where it was: to the same node that was only moved, to the button or field that stands for it now,
// or to what is at its place.
function keepFocus(root, draw) {
  const stops = () => [...root.querySelectorAll("input, select, textarea, button, summary, [tabindex]")]
    .filter((node) => node.checkVisibility?.() ?? true);
  const before = root.contains(document.activeElement) ? document.activeElement : null;
  const place = before ? stops().indexOf(before) : -1;
  const action = before?.dataset.action;
  const argument = before?.dataset.argument;
  draw();
  if (!before || root.contains(document.activeElement)) return;
  const same = action ? [...root.querySelectorAll("button")].filter((node) => node.dataset.action === action) : [];
  const next = root.contains(before) && (before.checkVisibility?.() ?? true) ? before
    : same.find((node) => node.dataset.argument === argument) ?? (same.length === 1 ? same[0] : null);
  const left = stops();
  (next ?? left[Math.min(Math.max(place, 0), left.length - 1)])?.focus({ preventScroll: true });
}

function render({ model, el }) {
  el.classList.add("celigo-form-root");
  const root = make("div", "cp-form");
  root.setAttribute("role", "form");
  el.append(root);
  // Two forms stand in one page, and the same form twice: an id needs more than a count.
  const view = Math.random().toString(36).slice(2, 10);
  let serial = 0;
  const newId = () => `cp-${view}-${++serial}`;
  // Python answers each message by its stamp; until then what is drawn may be older than what was typed.
  let stamps = 0;
  let answered = 0;
  let event = "";
  const send = (message) => {
    event = message.event;
    model.send({ ...message, stamp: `${view}:${++stamps}` });
    return stamps;
  };
  const owes = (stamp) => (stamp ?? 0) > answered;
  const waiting = () => owes(stamps);
  const pressed = () => !waiting() && event === "press";
  const shared = new Map();
  const listId = (name) => {
    if (!shared.has(name)) {
      const list = make("datalist");
      list.id = `${newId()}-list`;
      shared.set(name, list);
      el.append(list);
    }
    return shared.get(name).id;
  };
  const ctx = { listId, newId, send, owes, waiting, pressed, keys: new Map(), flush: new Set(), urgent: stopper(model) };
  const draw = () => {
    const layout = model.get("tree");
    const [whose, stamp] = (layout.answered ?? "").split(":");
    if (whose === view) answered = Math.max(answered, Number(stamp));
    ctx.keys.clear();
    root.setAttribute("aria-label", layout.label ?? "Form");
    for (const [name, texts] of Object.entries(layout.lists ?? {})) {
      listId(name);
      fillSuggestions(shared.get(name), texts);
    }
    keepFocus(root, () => children(ctx, root, layout.children ?? []));
    for (const inner of root.querySelectorAll("button[aria-keyshortcuts]")) {
      const holder = inner.parentElement.celigoElement;
      if (holder?.keys) ctx.keys.set(holder.keys, inner);
    }
  };
  root.addEventListener("keydown", (event) => {
    const name = `${event.ctrlKey || event.metaKey ? "ctrl+" : ""}${event.shiftKey ? "shift+" : ""}${event.key.toLowerCase()}`;
    const target = ctx.keys.get(name);
    // Half-typed text has its own undo, the box's; what is in no message yet is the browser's alone.
    const typing = ["INPUT", "TEXTAREA"].includes(event.target.tagName) && ["ctrl+z", "ctrl+y"].includes(name)
      && (event.target.closest(".cp-field")?.celigoUnsent?.() || isSecretBox(event.target)
        || event.target.classList.contains("cp-editor-input"));
    for (const flush of target && !typing ? ctx.flush : []) flush();
    const enabled = target && (target.parentElement.celigoElement.enabled || waiting());
    // JupyterLab listens to keys too: inside a form they are the form's. Where it has nothing to save, the notebook is.
    if (name === "ctrl+s" && !enabled) return;
    event.stopPropagation();
    if (target && !typing) {
      event.preventDefault();
      target.click();
    }
  });
  const unwatch = watch(model, () => {
    if (root.inert) return;
    const told = make("div", "cp-notice cp-notice-error cp-gone-kernel");
    told.setAttribute("role", "alert");
    told.append(make("span", "", "The kernel was restarted or is gone: this form does nothing any more."),
      make("span", "cp-hint", "Run the cell that shows it again."));
    root.before(told);
    root.inert = true;
  });
  model.on("change:tree", draw);
  draw();
  return () => {
    unwatch();
    model.off("change:tree", draw);
  };
}

export default { render };
