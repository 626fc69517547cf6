// Small things about elements, messages and words.

export const byId = (id) => document.getElementById(id);

/** Makes an element. Text is only ever set as text. */
export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== null));
  return made;
}

/** A name that somebody chose: its direction is its own, and ends with it. */
export const named = (text) => element("bdi", {}, text);

/** A message as a sentence. */
export function sentence(text) {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?:]$/.test(first) ? first : `${first}.`;
}

/** A moment, given in seconds since 1970. */
export function moment(seconds) {
  if (!seconds) return "never";
  const date = new Date(seconds * 1000);
  const shown = date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return element("time", { dateTime: date.toISOString() }, shown);
}

/** Leads to the record of a ceremony. */
export const recordLink = (number) => element("a", { href: `#ceremony/${number}` }, "Look at the ceremony");

/** Says what went well; a screen reader reads it when it has a moment. */
export function say(...parts) {
  byId("problem").replaceChildren();
  byId("status").replaceChildren(...parts);
}

/** Says what went wrong; a screen reader reads it at once. */
export function warn(...parts) {
  byId("status").replaceChildren();
  byId("problem").replaceChildren(...parts);
}

/** Says why something did not come about, with the way to its record. */
export function warnOf(error) {
  warn(sentence(error.message), ...(error.record ? [" ", recordLink(error.record)] : []));
}

/** Asks a yes-or-no question; the default is no. */
export function ask(heading, text, yes, no) {
  const dialog = byId("question");
  byId("question-heading").textContent = heading;
  byId("question-text").replaceChildren(...[text].flat());
  byId("question-yes").textContent = yes;
  byId("question-no").textContent = no;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** Runs an act that a button or a form begins, once at a time, and says what went wrong. */
export function doing(trigger, act) {
  let busy = false;
  const button = trigger instanceof HTMLFormElement ? trigger.querySelector("button") : trigger;
  trigger.addEventListener(trigger instanceof HTMLFormElement ? "submit" : "click", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    button.setAttribute("aria-disabled", "true");
    try {
      await act();
    } catch (error) {
      warnOf(error);
    } finally {
      busy = false;
      button.removeAttribute("aria-disabled");
    }
  });
}
