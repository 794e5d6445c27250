// What the three pages share: making elements from text, asking the server, and saying when data are old.
const EVERY = 3000, OLD = 20; // milliseconds, seconds

/** An element with attributes and children; every text is a text node, so nothing a learner wrote is markup. */
export function make(tag, attributes = {}, ...children) {
  const svg = ['svg', 'line', 'circle', 'text', 'g'].includes(tag);
  const element = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const byId = id => document.getElementById(id);

export const percent = share => `${Math.round(1000 * share) / 10}\u00a0%`;

export const interval = ({ low, high }) => `${Math.round(100 * low)} to ${Math.round(100 * high)}\u00a0%`;

/** A value that the server refuses is an Error with its sentence and its status. */
export async function ask(path, token, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const answer = await fetch(path, body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers });
  const values = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(values.error), { status: answer.status });
  return values;
}

/** Ask again and again. `show` gets what came; while nothing new comes, the warning says how old it is. */
export function follow(path, show, { token = () => '', refused = () => {} } = {}) {
  let came = performance.now(), age = 0, fault = '';
  const again = async () => {
    try {
      const values = await ask(path, token());
      [came, age, fault] = [performance.now(), values.age, values.fault];
      show(values);
    } catch (error) {
      if (error.status === 401 || error.status === 403) { refused(error.message); return; }
    }
    const seconds = Math.round(age + (performance.now() - came) / 1000);
    const old = seconds > OLD ? `This is how it was ${seconds} seconds ago: nothing newer comes from the room.` : '';
    byId('warning').textContent = [old, fault].filter(Boolean).join(' ');
    setTimeout(again, EVERY);
  };
  again();
}

/** Asks for the token of this page once, keeps it in the tab, and begins. `#token=...` in the address does it too. */
export function withToken(kind, begin) {
  const key = `${kind} token`, form = byId('enter'), field = byId('token');
  const linked = new URLSearchParams(location.hash.slice(1)).get('token');
  if (linked) {
    sessionStorage.setItem(key, linked);
    history.replaceState(null, '', location.pathname);
  }
  const start = () => { form.hidden = true; byId('inside').hidden = false; begin(() => sessionStorage.getItem(key), refused); };
  const refused = message => {
    sessionStorage.removeItem(key);
    byId('warning').textContent = message;
    form.hidden = false;
    byId('inside').hidden = true;
  };
  form.addEventListener('submit', event => {
    event.preventDefault();
    sessionStorage.setItem(key, field.value.trim());
    field.value = '';
    start();
  });
  if (sessionStorage.getItem(key)) start(); else form.hidden = false;
}
