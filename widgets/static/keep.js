// What a reader takes away from an explorer and brings back: a text, a table as a file, paper.

export const escaped = (text) =>
  String(text).replace(/[&<>"']/g, (one) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[one]);

const cell = (value) => (/[",\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value);
export const csv = (rows) => `${rows.map((row) => row.map(cell).join(",")).join("\n")}\n`;

// The buttons below an explorer, the line that says what they did, and the box of a text to copy or to open:
// OPEN is given what is pasted there. `label` and `button` name the box and its button.
export function keeper(root, { label, button, open }) {
  root.insertAdjacentHTML("beforeend", `
    <div class="actions"></div>
    <p class="said" role="status"></p>
    <div class="keep" hidden><label>${label} <textarea rows="8" spellcheck="false"></textarea></label>
      <button type="button">${button}</button></div>`);
  const [actions, said, box] = [".actions", ".said", ".keep"].map((part) => root.querySelector(part));
  const [text, opener] = box.querySelectorAll("textarea, button");
  const say = (words) => { if (said.textContent !== words) said.textContent = words; };

  function show(words) {
    box.hidden = false;
    text.value = words;
    text.focus();
    text.select();
  }

  async function copy(words, done, note = "") {
    try {
      await navigator.clipboard.writeText(words);
      say(`${done} ${note}`);
    } catch {
      // A page that is not trusted with the clipboard shows the text, chosen and ready to copy.
      show(words);
      say(`Press Ctrl+C (Command+C on a Mac) to copy the text below. ${note}`);
    }
  }

  function download(name, rows) {
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(new Blob([csv(rows)], { type: "text/csv" }));
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 10_000);
    say(`Downloaded as ${name}.`);
  }

  function paste(words) {
    show("");
    say(words);
  }

  opener.addEventListener("click", () => { if (open(text.value)) box.hidden = true; });

  function offer(buttons) {
    for (const [words, act] of Object.entries(buttons)) {
      const one = document.createElement("button");
      Object.assign(one, { type: "button", textContent: words });
      one.addEventListener("click", act);
      actions.append(one);
    }
  }
  return { copy, download, offer, paste, say };
}

// Prints one part of a page alone, with everything unfolded and every control as it stands.
export function printAlone(part) {
  const copy = part.cloneNode(true);
  const [now, then] = [part, copy].map((one) => [...one.querySelectorAll("input, select")]);
  now.forEach(({ checked, type, value }, place) => {
    const control = then[place];
    if (control.options) for (const option of control.options) option.toggleAttribute("selected", option.value === value);
    else if (type === "checkbox" || type === "radio") control.toggleAttribute("checked", checked);
    else control.setAttribute("value", value);
  });
  for (const details of copy.querySelectorAll("details")) details.open = true;
  const styles = [...document.querySelectorAll("style")].filter((style) => style.textContent.includes(".explorer"));
  const frame = document.createElement("iframe");
  Object.assign(frame, {
    title: "To print",
    style: "position: fixed; width: 0; height: 0; border: 0",
    srcdoc: `<!doctype html><html lang="en"><meta charset="utf-8">${[...styles, copy].map((one) => one.outerHTML).join("")}</html>`,
    onload() {
      frame.contentWindow.addEventListener("afterprint", () => frame.remove());
      frame.contentWindow.print();
    },
  });
  document.body.append(frame);
}
