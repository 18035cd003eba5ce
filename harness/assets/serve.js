'use strict';
// The live page. Everything that comes from outside is put in as text, never as markup.

const $ = (id) => document.getElementById(id);
const TOKEN = document.querySelector('meta[name=token]').content;
const SPAN_US = 60e6;
const SAMPLES = 600;
const FAULTS = { late: 'late=0.1,late_ms=6000', resend: 'resend=0.05' };

const CLASSES = {
  'current': ['page.class-current', 'page.class-current-why'],
  'stale': ['page.class-stale', 'page.class-stale-why'],
  'undecidable': ['page.class-undecidable', 'page.class-undecidable-why'],
  'mislabelled': ['page.class-mislabelled', 'page.class-mislabelled-why'],
  'impossible': ['page.class-impossible', 'page.class-impossible-why'],
  'from-the-future': ['page.class-from-the-future', 'page.class-from-the-future-why'],
  'error': ['page.class-error', 'page.class-error-why'],
};
const VIEWS = {
  'spend': ['page.view-spend', 'page.cells-sum'], 'big_spenders': ['page.view-big-spenders', 'page.cells-sum'],
  'large_orders': ['page.view-large-orders', 'page.cells-sum'], 'revenue': ['page.view-revenue', 'page.cells-sum'],
  'customers_per_day': ['page.view-customers-per-day', 'page.cells-customers'],
  'top_customers': ['page.view-top-customers', 'page.cells-sum'],
  'median_order': ['page.view-median-order', 'page.cells-median'],
  'volume': ['page.view-volume', 'page.cells-volume'], 'range': ['page.view-range', 'page.cells-range'],
  'mean': ['page.view-mean', 'page.cells-mean'], 'last': ['page.view-last', 'page.cells-last'],
  'vwap': ['page.view-vwap', 'page.cells-vwap'], 'volume_hour': ['page.view-volume-hour', 'page.cells-volume'],
};
const PROTOCOLS = {
  'offset': 'page.why-offset', 'none': 'page.why-none', 'at-start': 'page.why-at-start',
  'at-publish': 'page.why-at-publish', 'event-time': 'page.why-event-time',
};
const PARTIES = { 'lambda': 'page.party-lambda', 'lambda-student': 'page.party-student', 'kappa': 'page.party-kappa' };

let words = {};
let about = null;
let keys = [];
let source = null;
let now = null;
let rows = [];
let samples = [];
let held = false;
let told = { number: 0, at: 0 };
let refetched = 0;

function say(key, fields) {
  const text = words[key] ?? key;
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => String(fields?.[name] ?? ''));
}

function make(name, text, kind) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

// A name from the data: its direction is its own, so that it turns nothing around it.
function named(text) {
  const element = make('bdi', visible(text));
  element.title = text;
  return element;
}

// Line breaks and signs that nobody sees are shown as what they are.
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (sign) => {
    const code = sign.codePointAt(0);
    return code < 32 ? String.fromCodePoint(0x2400 + code) : `⟨U+${code.toString(16).toUpperCase()}⟩`;
  });
}

const lang = () => document.documentElement.lang;
const whole = (number) => BigInt(number).toLocaleString(lang());
const decimal = (number, digits) => number.toLocaleString(lang(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
const seconds = (us) => `${decimal(us / 1e6, 1)}\u00a0s`;
const millis = (us) => us < 10e3 ? `${decimal(us / 1e3, 1)}\u00a0ms` : us < 1e6 ? `${Math.round(us / 1e3)}\u00a0ms` : seconds(us);

// An integer of so many decimal places, shown with so many: rounded half away from zero, exactly.
function scaled(text, places, digits) {
  const value = BigInt(text);
  return ratio(value, 10n ** BigInt(places), digits);
}

function ratio(over, under, digits) {
  if (under === 0n) return '–';
  const sign = (over < 0n) !== (under < 0n) && over !== 0n ? '−' : '';
  const [a, b] = [over < 0n ? -over : over, under < 0n ? -under : under];
  const units = (2n * a * 10n ** BigInt(digits) + b) / (2n * b);
  const text = units.toString().padStart(digits + 1, '0');
  const cut = text.length - digits;
  const point = decimal(1.5, 1).replace(/\d/g, '');
  return sign + whole(text.slice(0, cut)) + (digits ? point + text.slice(cut) : '');
}

// A row as people read it: what matters, and more in small.
const shown = {
  sum: (row) => [scaled(row[0], 2, 2), `n ${whole(row[1])}`],
  customers_per_day: (row) => [whole(row[0])],
  median_order: (row) => [scaled(BigInt(row[0]) * 5n, 3, 2), `n ${whole(row[1])}`],
  volume: (row) => [scaled(row[0], 8, 4), `n ${whole(row[1])}`],
  range: (row) => [scaled(row[0], 8, 2), scaled(row[1], 8, 2)],
  mean: (row) => [ratio(BigInt(row[0]), BigInt(row[2]) * 10n ** 8n, 4), `n ${whole(row[2])}`],
  last: (row) => [scaled(row[0], 8, 4), `${scaled(row[1], 8, 4)} (${ratio(BigInt(row[2]), BigInt(row[3]), 4)} %)`],
  vwap: (row) => [ratio(BigInt(row[0]), BigInt(row[1]) * 10n ** 8n, 4)],
};
for (const view of ['spend', 'big_spenders', 'large_orders', 'revenue', 'top_customers']) shown[view] = shown.sum;
shown.volume_hour = shown.volume;

function readable(view, row) {
  if (!row) return ['–'];
  try {
    return (shown[view] ?? ((row) => row))(row);
  } catch {
    return row;
  }
}

async function ask(path, options) {
  const answer = await fetch(path, { cache: 'no-store', ...options });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

async function speak(language) {
  words = {};
  for (const [key, text] of Object.entries(await ask(`/words?lang=${language}`))) words[`page.${key}`] = text;
  document.documentElement.lang = language;
  $('lang').value = language;
  // What was said of the last thing done was said in the other one.
  $('said').textContent = '';
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say);
  remember('lang', language);
  if (about) {
    describe();
    render(true);
  }
}

function remember(name, value) {
  try { localStorage.setItem(`wb-${name}`, value); } catch { /* Nothing is lost but a habit. */ }
}

function remembered(name) {
  try { return localStorage.getItem(`wb-${name}`); } catch { return null; }
}

function dark(on) {
  document.documentElement.classList.toggle('dark', on);
  $('theme').setAttribute('aria-pressed', String(on));
}

const partyName = (name) => PARTIES[name] ? say(PARTIES[name]) : name;
const className = (name) => CLASSES[name] ? say(CLASSES[name][0]) : name;
const viewName = (name) => VIEWS[name] ? say(VIEWS[name][0]) : name;

// What does not change while it runs.
function describe() {
  $('what').textContent = `· ${say(about.workload === 'trades' ? 'page.trades' : about.workload === 'orders' ? 'page.orders' : 'page.others', { workload: about.workload })}`;
  const chosen = $('view').value;
  $('view').replaceChildren(...about.views.map((view) => {
    const option = make('option', viewName(view.name));
    option.value = view.name;
    return option;
  }));
  $('view').value = chosen || about.views[0].name;
  $('switches').hidden = about.mode !== 'live';
  $('halves').hidden = about.mode === 'run';
  $('classes').replaceChildren(...Object.values(CLASSES).flatMap(([name, why]) => [make('dt', say(name)), make('dd', say(why))]));
  $('legend').replaceChildren(...[...Object.keys(CLASSES).filter((name) => name !== 'undecidable').map((name) => [name, className(name)]), ['batch', say('page.batch-run')]].map(([kind, text]) => {
    const item = make('li');
    item.append(make('i', null, kind), text);
    return item;
  }));
  notice();
  question();
}

function notice() {
  const lost = now?.trouble ? say('page.trouble', { why: now.trouble }) : null;
  const over = now?.over && !lost ? say('page.over') : null;
  const mode = about.mode === 'replay' ? say('page.replay') : about.mode === 'run' ? say('page.run') : null;
  const text = lost ?? ([mode, over].filter(Boolean).join(' ') || null);
  if ($('notice').textContent !== (text ?? '')) $('notice').textContent = text ?? '';
  $('notice').hidden = !text;
}

function question() {
  const view = about.views.find((view) => view.name === $('view').value);
  const cells = VIEWS[view.name] ? say(VIEWS[view.name][1]) : view.columns.join(', ');
  $('question').textContent = lang() === 'en' ? `${view.about} ${cells}` : cells;
  $('search-name').textContent = say('page.search');
}

// Follows the keys that were chosen.
function follow() {
  source?.close();
  const asked = new URLSearchParams({ view: $('view').value });
  keys.forEach((key) => asked.append('key', key));
  source = new EventSource(`/stream?${asked}`);
  source.onopen = () => connected(true);
  source.onerror = () => connected(false);
  source.onmessage = (event) => {
    const { now: frame, rows: lines } = JSON.parse(event.data);
    const gap = now && frame.frame > now.frame + 1;
    [now, rows] = [frame, lines];
    if (gap) backfill();
    collect(frame);
    render(false);
  };
}

function connected(is) {
  $('link').classList.toggle('lost', !is);
  $('link').textContent = say(is ? 'page.connected' : 'page.lost');
}

function collect(frame) {
  const ages = frame.parties.filter((party) => party.batch).map((party) => party.batch.age_us);
  samples.push({ at_us: frame.at_us, round: frame.round, rate: frame.rate, ages_us: ages, classes: frame.parties.map((party) => party.class) });
  if (samples.length > SAMPLES) samples.shift();
}

async function backfill() {
  if (Date.now() - refetched < 3000) return;
  refetched = Date.now();
  try {
    const past = await ask('/history');
    const last = past.length ? past[past.length - 1].at_us : -1;
    samples = past.concat(samples.filter((sample) => sample.at_us > last));
  } catch { /* The band begins where it begins. */ }
}

async function usual() {
  keys = (await ask(`/keys?${new URLSearchParams({ view: $('view').value, text: '' })}`)).keys;
  follow();
}

async function search() {
  const text = $('search').value;
  const found = await ask(`/keys?${new URLSearchParams({ view: $('view').value, text })}`);
  $('found').replaceChildren(...found.keys.map((key) => { const option = make('option'); option.value = key; return option; }));
  return found.keys;
}

async function add() {
  const found = await search();
  const wanted = found.includes($('search').value) ? $('search').value : found[0];
  if (wanted === undefined) { $('said').textContent = say('page.nobody'); return; }
  if (!keys.includes(wanted)) keys = [wanted, ...keys].slice(0, 16);
  $('search').value = '';
  follow();
}

let drawn = 0;
function render(again) {
  if (!now || (held && !again)) return;
  strip();
  table();
  errors();
  switched();
  notice();
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  if (again || Date.now() - drawn > (calm ? 2000 : 180)) {
    drawn = Date.now();
    band();
  }
}

function strip() {
  const parts = [[say('page.head'), whole(now.head.total), say('page.head-more', { version: now.head.version, round: now.round }), '']];
  const late = now.late_us > 250e3 ? say('page.late-by', { time: seconds(now.late_us) }) : seconds(now.at_us);
  parts.push([say('page.rate'), about.mode === 'run' ? '–' : whole(Math.round(now.rate)), late, '']);
  for (const party of now.parties) {
    const name = partyName(party.name);
    if (party.batch) {
      const { number, cut, behind, age_us } = party.batch;
      parts.push([say('page.cut', { name }), whole(cut), say('page.cut-more', { number: whole(number), behind: whole(behind), age: seconds(age_us) }), party.name]);
    }
    const lag = about.mode === 'run' ? say('page.read-behind', { time: millis(party.lag_us) }) : say('page.lag', { time: millis(party.lag_us) });
    parts.push([say(party.batch ? 'page.serving' : 'page.frontier', { name }), party.behind ? `−${whole(party.behind)}` : say('page.at-head'), lag, party.name]);
  }
  fill($('strip'), parts.map(([term, value, more, kind]) => [kind, [term, value, more]]), () => {
    const part = make('div');
    part.append(make('dt'), make('dd'), make('dd', null, 'more'));
    return part;
  });
}

// Keeps elements and changes their texts, so that nothing jumps and a reader of screens keeps its place.
function fill(parent, parts, one) {
  while (parent.children.length > parts.length) parent.lastElementChild.remove();
  while (parent.children.length < parts.length) parent.append(one());
  parts.forEach(([kind, texts], index) => {
    const element = parent.children[index];
    if (element.className !== kind) element.className = kind;
    texts.forEach((text, part) => { if (element.children[part].textContent !== text) element.children[part].textContent = text; });
  });
}

function columns() {
  const of = (name) => now.parties.findIndex((party) => party.name === name);
  const order = ['kappa', 'lambda', 'lambda-student'].filter((name) => of(name) >= 0);
  const more = now.parties.map((party) => party.name).filter((name) => !order.includes(name));
  const list = [{ group: 'truth', label: say('page.truth'), take: (line) => ({ row: line.truth, right: true }), kind: 'whole edge truth one' }];
  for (const name of [...order, ...more]) {
    const index = of(name);
    const halves = about.mode !== 'run' && name.startsWith('lambda');
    if (halves) {
      list.push({ group: name, label: say('page.batch'), take: (line) => ({ row: line.parties[index].batch, right: true }), kind: 'half edge' });
      list.push({ group: name, label: say('page.speed'), take: (line) => ({ row: line.parties[index].speed, right: true }), kind: 'half' });
    }
    list.push({ group: name, label: halves ? say('page.merged') : say('page.answer'), take: (line) => line.parties[index], kind: `whole one ${halves ? '' : 'edge '}${name}` });
  }
  return list;
}

let shape = '';
function table() {
  const list = columns();
  const wanted = JSON.stringify([$('view').value, keys, list.map(({ group, label }) => group + label), lang()]);
  if (shape !== wanted || $('rows').tBodies[0]?.rows.length !== rows.length) {
    frameTable(list);
    shape = wanted;
  }
  const view = $('view').value;
  rows.forEach((line, index) => {
    const row = $('rows').tBodies[0].rows[index];
    list.forEach(({ take, kind }, column) => {
      const cell = row.cells[column + 1];
      const { row: value, right, class: found, read_us: read } = take(line);
      const raw = value ? value.join(';') : '';
      const wrong = !right;
      if (cell.dataset.raw === raw && cell.classList.contains('wrong') === wrong && cell.dataset.class === (found ?? '') && cell.dataset.read === String(read ?? '')) return;
      Object.assign(cell.dataset, { raw, class: found ?? '', read: read ?? '' });
      cell.className = wrong ? `${kind} wrong` : kind;
      const [first, ...rest] = readable(view, value);
      if (read !== null && read !== undefined) rest.push(say('page.read-at', { time: seconds(read) }));
      cell.replaceChildren(first, ...rest.map((text) => make('small', text)));
      if (wrong) cell.append(make('span', found && found !== 'current' ? className(found) : say('page.not-true'), 'badge'));
    });
  });
}

function frameTable(list) {
  const head = make('thead');
  const [groups, labels] = [make('tr'), make('tr')];
  const key = make('th', say('page.key'));
  key.rowSpan = 2;
  key.scope = 'col';
  groups.append(key);
  const names = { truth: say('page.truth-of') };
  for (let at = 0; at < list.length;) {
    const { group } = list[at];
    const width = list.filter((column) => column.group === group).length;
    const cell = make('th', names[group] ?? partyName(group), `group edge ${group}`);
    cell.colSpan = width;
    cell.scope = 'colgroup';
    groups.append(cell);
    at += width;
  }
  list.forEach(({ label, kind }) => {
    const cell = make('th', label, kind.includes('edge') ? 'edge' : '');
    cell.scope = 'col';
    labels.append(cell);
  });
  head.append(groups, labels);
  const body = make('tbody');
  for (const line of rows) {
    const row = make('tr');
    const name = make('th');
    name.scope = 'row';
    name.append(named(line.key));
    row.append(name);
    list.forEach(({ group, label, kind }) => {
      const cell = make('td', '–', kind);
      cell.dataset.label = group === 'truth' ? label : `${partyName(group)} · ${label}`;
      cell.dataset.column = `${group}-${kind.split(' ')[0] === 'half' ? (kind.includes('edge') ? 'batch' : 'speed') : 'whole'}`;
      row.append(cell);
    });
    body.append(row);
  }
  const caption = make('caption', viewName($('view').value), 'hidden');
  $('rows').replaceChildren(caption, head, body);
}

let listed = '';
function errors() {
  const total = now.parties.map((party) => {
    const wrong = Object.entries(party.counts).filter(([name]) => ['mislabelled', 'impossible', 'from-the-future', 'error'].includes(name));
    const all = Object.values(party.counts).reduce((sum, count) => sum + count, 0);
    const count = wrong.reduce((sum, [, count]) => sum + count, 0);
    const kinds = wrong.map(([name, count]) => `${className(name)} ${whole(count)}`).join(', ');
    return say(count ? 'page.count-wrong' : 'page.count-right', { name: partyName(party.name), count: whole(count), all: whole(all), kinds });
  });
  const text = total.join(' ');
  if ($('counts').textContent !== text) $('counts').textContent = text;
  announce();
  const wanted = JSON.stringify([now.errors.map((error) => [error.number, error.party, error.reads, error.over]), lang()]);
  if (wanted === listed) return;
  listed = wanted;
  const head = make('thead');
  const titles = make('tr');
  ['page.when', 'page.who', 'page.what', 'page.class', 'page.served', 'page.true', 'page.reads'].forEach((key) => {
    const cell = make('th', say(key));
    cell.scope = 'col';
    titles.append(cell);
  });
  head.append(titles);
  const body = make('tbody');
  body.append(...now.errors.map((error) => {
    const row = make('tr', null, error.over ? '' : 'now');
    const what = make('td', `${viewName(error.view)} · `, 'word');
    what.append(named(error.key));
    const kind = make('td');
    kind.append(make('span', className(error.class), `class ${error.class}`));
    const value = (row) => about.mode === 'run' ? (row ?? []).join(';') : readable(error.view, row).join(' · ');
    row.append(make('td', seconds(error.from_us)), make('td', partyName(error.party)), what, kind, make('td', value(error.served)), make('td', value(error.truth)), make('td', whole(error.reads)));
    row.title = say('page.claimed', { version: error.claimed, round: error.round });
    return row;
  }));
  if (!now.errors.length) {
    const cell = make('td', say('page.none-wrong'));
    cell.colSpan = 7;
    const row = make('tr');
    row.append(cell);
    body.append(row);
  }
  $('wrong').replaceChildren(make('caption', say('page.wrong'), 'hidden'), head, body);
}

// Says aloud that something went wrong, not more often than one can listen.
function announce() {
  const newest = now.errors[0];
  if (!newest || now.started <= told.number || Date.now() - told.at < 5000) return;
  told = { number: now.started, at: Date.now() };
  $('live').textContent = say('page.announce', { name: partyName(newest.party), class: className(newest.class), what: `${viewName(newest.view)}, ${newest.key}` });
}

let sending = false;
let switchedBefore = '';
function switched() {
  if (!sending) {
    $('late').checked = /(^|,)late=/.test(now.faults);
    $('resend').checked = /(^|,)resend=/.test(now.faults);
    $('repeats').checked = now.student.dedup === 'offset';
    const options = [...$('handover').options].map((option) => option.value);
    if (!options.includes(now.student.handover)) {
      const option = make('option', now.student.handover);
      option.value = now.student.handover;
      $('handover').append(option);
    }
    if (document.activeElement !== $('handover')) $('handover').value = now.student.handover;
  }
  const kind = now.student.handover.split('(')[0];
  const why = PROTOCOLS[kind] ? say(PROTOCOLS[kind]) : '';
  if ($('why').textContent !== why) $('why').textContent = why;
  const wanted = JSON.stringify([now.switches, lang()]);
  if (wanted === switchedBefore) return;
  switchedBefore = wanted;
  $('switched').replaceChildren(...now.switches.slice().reverse().map((one) => {
    const parts = [];
    if (one.faults !== null) parts.push(say('page.switched-faults', { faults: one.faults === 'none' ? say('page.no-faults') : one.faults }));
    if (one.student) parts.push(say('page.switched-student', { handover: one.student.handover, dedup: one.student.dedup || say('page.as-agreed') }));
    return make('li', say('page.switched', { time: seconds(one.at_us), at: one.at, what: parts.join('; ') }));
  }));
}

async function change(what) {
  sending = true;
  try {
    await ask('/switch', { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Token': TOKEN }, body: JSON.stringify(what) });
    const weak = what.student && (what.student.handover !== 'offset' || what.student.dedup);
    $('said').textContent = say(!what.student ? 'page.done-faults' : weak ? 'page.done-student' : 'page.done-right');
  } catch (error) {
    $('said').textContent = error.message;
  } finally {
    sending = false;
  }
}

function faults() {
  const chosen = ['late', 'resend'].filter((name) => $(name).checked).map((name) => FAULTS[name]);
  change({ faults: chosen.join(',') || 'none' });
}

function student() {
  change({ student: { handover: $('handover').value, dedup: $('repeats').checked ? 'offset' : '' } });
}

// The last minute: a lane of classes each, batches under them, and how old the batch view is.
function band() {
  const canvas = $('band');
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  if (!width) return;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  }
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const font = Math.max(11, Math.min(16, width / 70));
  pen.font = `${font}px ${getComputedStyle(document.body).fontFamily}`;
  pen.textBaseline = 'middle';
  const left = Math.min(150, width * 0.3);
  const until = now.at_us;
  const x = (at) => left + (width - left - 8) * (1 - (until - at) / SPAN_US);
  const lanes = now.parties.length;
  const lane = Math.min(46, (height - 90) / Math.max(lanes, 1));
  const kinds = { 'current': 'current', 'stale': 'stale', 'undecidable': 'undecidable', 'mislabelled': 'mislabelled', 'impossible': 'impossible', 'from-the-future': 'future', 'error': 'error' };
  const seen = samples.filter((sample) => until - sample.at_us <= SPAN_US);
  const step = 200e3;
  now.parties.forEach((party, index) => {
    const top = 8 + index * lane;
    pen.fillStyle = colour('ink');
    pen.fillText(partyName(party.name), 6, top + lane * 0.32, left - 12);
    for (const sample of seen) {
      const kind = sample.classes[index];
      const [from, to] = [Math.max(left, x(sample.at_us - step)), x(sample.at_us)];
      pen.fillStyle = colour(kinds[kind] ?? 'error');
      pen.fillRect(from, top, Math.max(1, to - from + 0.6), lane * 0.6);
      if (kind !== 'current') {
        // Never colour alone: a wrong stretch has a line through it, a stale one two dots.
        pen.fillStyle = kind === 'impossible' ? colour('paper') : colour('ink');
        pen.fillRect(from, top + lane * (kind === 'stale' ? 0.45 : 0.28), Math.max(1, to - from + 0.6), 2);
      }
    }
    pen.fillStyle = colour('batch');
    for (const run of party.runs) {
      const end = run.until_us ?? until;
      if (end < until - SPAN_US) continue;
      const from = Math.max(left, x(run.from_us));
      pen.fillRect(from, top + lane * 0.66, Math.max(3, x(end) - from), lane * 0.2);
    }
  });
  const base = height - 20;
  const top = 14 + lanes * lane;
  const most = Math.max(5e6, ...seen.flatMap((sample) => sample.ages_us));
  pen.strokeStyle = colour('edge');
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(left, base + 0.5);
  pen.lineTo(width - 8, base + 0.5);
  pen.stroke();
  pen.fillStyle = colour('soft');
  pen.fillText(say('page.age'), 6, (base + top) / 2, left - 12);
  for (let back = 0; back <= 60; back += 10) {
    const at = x(until - back * 1e6);
    pen.textAlign = back === 0 ? 'right' : 'center';
    pen.fillText(back === 0 ? say('page.now-short') : `−${back} s`, back === 0 ? width - 8 : at, height - 9);
  }
  pen.textAlign = 'left';
  const ages = seen.filter((sample) => sample.ages_us.length);
  const y = (age) => base - (base - top) * Math.min(1, age / most);
  pen.strokeStyle = colour('lambda');
  pen.lineWidth = 2;
  pen.beginPath();
  ages.forEach((sample, index) => (index ? pen.lineTo : pen.moveTo).call(pen, Math.max(left, x(sample.at_us)), y(sample.ages_us[0])));
  pen.stroke();
  pen.strokeStyle = colour('ink');
  pen.setLineDash([3, 3]);
  pen.lineWidth = 1.5;
  for (const one of now.switches.filter((one) => until - one.at_us < SPAN_US)) {
    pen.beginPath();
    pen.moveTo(x(one.at_us), 4);
    pen.lineTo(x(one.at_us), base);
    pen.stroke();
  }
  pen.setLineDash([]);
  const states = now.parties.map((party) => `${partyName(party.name)}: ${className(party.class)}`).join('; ');
  const said = ages.length ? say('page.band-said', { states, age: seconds(ages[ages.length - 1].ages_us[0]) }) : states;
  if (Math.floor(now.frame / 10) !== band.said) {
    band.said = Math.floor(now.frame / 10);
    $('band-said').textContent = said;
  }
}

async function begin() {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = remembered('theme');
  dark(chosen ? chosen === 'dark' : system.matches);
  system.addEventListener('change', (event) => { if (!remembered('theme')) dark(event.matches); });
  const language = new URLSearchParams(location.search).get('lang') ?? remembered('lang') ?? lang();
  await speak(['en', 'fr'].includes(language) ? language : 'en');
  about = await ask('/about');
  describe();
  await backfill();
  await usual();
  $('lang').addEventListener('change', () => speak($('lang').value).then(() => connected(source.readyState === 1)));
  $('theme').addEventListener('click', () => {
    const on = !document.documentElement.classList.contains('dark');
    dark(on);
    remember('theme', on ? 'dark' : 'light');
    if (now) render(true);
  });
  $('hold').addEventListener('click', () => {
    held = !held;
    $('hold').setAttribute('aria-pressed', String(held));
  });
  $('view').addEventListener('change', () => { question(); usual(); });
  $('usual').addEventListener('click', usual);
  $('add').addEventListener('click', add);
  $('search').addEventListener('keydown', (event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } });
  $('search').addEventListener('input', search);
  $('form').addEventListener('submit', (event) => event.preventDefault());
  for (const name of ['late', 'resend']) $(name).addEventListener('change', faults);
  for (const name of ['handover', 'repeats']) $(name).addEventListener('change', student);
  addEventListener('resize', () => now && band());
  // Before the first events there is nobody to be asked about.
  const waiting = setInterval(async () => {
    if (keys.length) clearInterval(waiting);
    else await usual();
  }, 700);
}

begin().catch((error) => {
  $('notice').hidden = false;
  $('notice').textContent = error.message;
});
