import { ask, byId, follow, interval, make, percent, withToken } from './room.js';

const CHANGES = { new: [['open', 'Open']], open: [['closed', 'Close']], closed: [['open', 'Open again'], ['away', 'Put away']], away: [['open', 'Open']] };
const SAID = { new: 'not asked yet', open: 'open', closed: 'closed, on the projector', away: 'put away' };
let drawnPolls = '';

function ago(minutes) {
  if (minutes === 0) return 'just now';
  return minutes < 120 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

function learner(row, exercises) {
  const solved = Object.keys(row.solved).sort().map(lesson => make('span', { class: 'together' }, `${lesson}: ${row.solved[lesson]} of ${exercises[lesson]}`));
  const best = row.best && `${percent(row.best.right / row.best.n)} (${interval(row.best)}) of ${row.best.n}, lesson ${row.best.lesson}: ${row.best.name.slice(0, 80)}`;
  const cell = (label, ...parts) => make('td', parts.length ? { 'data-label': label } : {}, ...parts);
  const faults = row.faults.map(fault => make('p', { class: 'warning' }, fault));
  return make('tr', {}, make('th', { scope: 'row' }, row.learner),
    cell('Last seen in', row.lesson ? `lesson ${row.lesson}, ${ago(row.minutes)}` : 'not begun'),
    cell('Solved', ...solved), cell('Best rung', ...(best ? [best] : []), ...faults));
}

function poll(each, token) {
  const buttons = CHANGES[each.state].map(([state, label]) => {
    const button = make('button', { type: 'button', 'aria-label': `${label}: ${each.question}` }, label);
    button.addEventListener('click', () => change(each.id, state, token));
    return button;
  });
  return make('li', {}, make('p', {}, `Lesson ${each.lesson}: ${each.question}`),
    make('p', { class: 'hint' }, `Then run the cells under "${each.heading}".`),
    make('p', {}, ...buttons, ` ${SAID[each.state]}, ${each.votes} ${each.votes === 1 ? 'vote' : 'votes'}`));
}

function show({ learners, exercises, polls }, token) {
  const finished = Object.keys(exercises).sort().map(lesson => [lesson, learners.filter(row => row.solved[lesson] === exercises[lesson]).length]);
  const some = finished.filter(([, count]) => count).map(([lesson, count]) => `lesson ${lesson} by ${count}`);
  byId('room').textContent = some.length ? `All exercises are solved of ${some.join(', ')} of ${learners.length} learners.` : 'Nobody has solved all exercises of a lesson yet.';
  byId('learners').replaceChildren(...learners.map(row => learner(row, exercises)));
  if (JSON.stringify(polls) === drawnPolls) return; // a button that has the focus stays
  drawnPolls = JSON.stringify(polls);
  byId('polls').replaceChildren(...polls.map(each => poll(each, token)));
}

async function change(id, state, token) {
  try {
    show(await ask('api/instructor', token(), { poll: id, state }), token);
    byId('said').textContent = '';
  } catch (error) {
    byId('said').textContent = error.status ? error.message : 'The board did not answer; try again in a moment.';
  }
}

withToken('instructor', (token, refused) => follow('api/instructor', values => show(values, token), { token, refused }));
