import { ask, byId, follow, make, withToken } from './room.js';

const NONE = 'There is no question at the moment. This page shows it as soon as it is opened.';
let shown = '';

function show({ poll, mine }, token) {
  const same = JSON.stringify([poll && { ...poll, votes: 0 }, mine]);
  if (same === shown) return;
  shown = same;
  byId('poll').hidden = !poll;
  if (!poll) { byId('said').textContent = NONE; return; }
  const open = poll.state === 'open';
  byId('question').textContent = poll.question;
  byId('options').replaceChildren(...poll.options.map((option, place) => {
    const radio = make('input', { type: 'radio', name: 'option' });
    radio.checked = place === mine;
    radio.disabled = !open;
    radio.addEventListener('change', () => vote(poll.id, place, token));
    return make('label', {}, radio, option);
  }));
  const voted = mine === null ? 'You have not voted.' : `Your vote: ${poll.options[mine]}.`;
  byId('said').textContent = `${voted} ${open ? 'You can change it until the poll is closed.' : 'The poll is closed; look at the projector.'}`;
}

async function vote(poll, option, token) {
  try {
    show(await ask('api/vote', token(), { poll, option }), token);
  } catch (error) {
    byId('said').textContent = error.status ? error.message : 'Your vote did not arrive; choose again in a moment.';
    shown = '';
  }
}

withToken('learner', (token, refused) => follow('api/vote', values => show(values, token), { token, refused }));
