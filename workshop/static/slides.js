// One slide at a time: arrow keys, Page Up and Down, Home and End, two buttons, and #7 in the address.
const slides = [...document.querySelectorAll('.slide')];
let at = 0;

function show(place, focus = true) {
  at = Math.max(0, Math.min(slides.length - 1, place));
  slides.forEach((slide, number) => { slide.hidden = number !== at; });
  history.replaceState(null, '', `#${at + 1}`);
  document.getElementById('back').disabled = at === 0;
  document.getElementById('on').disabled = at === slides.length - 1;
  if (focus) slides[at].focus();
}

const STEPS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity };
document.addEventListener('keydown', event => {
  if (!(event.key in STEPS) || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  show(at + STEPS[event.key]);
});
document.getElementById('back').addEventListener('click', () => show(at - 1, false));
document.getElementById('on').addEventListener('click', () => show(at + 1, false));
show((parseInt(location.hash.slice(1), 10) || 1) - 1, false);
