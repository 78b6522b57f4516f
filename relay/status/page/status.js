// The status page's own code: asks for /status.json every two seconds and shows it. What remotes have a hand in goes
// into the page as text only; the page's policy forbids everything else.

import { amount, clock, duration, many, short } from './words.js'

const INTERVAL_MS = 2000
const TIMEOUT_MS = 5000
/** Two minutes of the line behind "relayed". */
const RATES = 60

const byId = (id) => document.getElementById(id)
const rates = []
let previous
/** Limits that have been used or have refused since the page was opened: none of them leaves its list again. */
const noticed = new Set()

/** A selection in the page outlives what has not changed. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

function make(tag, className, text = '') {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.textContent = text
  return element
}

/** As many children as there are items, each brought up to date in its place. */
function fill(parent, items, create, update) {
  while (parent.children.length > items.length) parent.lastElementChild.remove()
  while (parent.children.length < items.length) parent.append(create())
  items.forEach((item, at) => update(parent.children[at], item))
}

function setBar(bar, used, max) {
  const share = max > 0 ? Math.min(1, used / max) : 0
  bar.classList.toggle('high', share >= 0.8)
  bar.classList.toggle('full', share >= 1)
  // Something is never shown as nothing.
  bar.firstElementChild.style.width = used > 0 ? `max(3px, ${(share * 100).toFixed(1)}%)` : '0'
}

function makeBar() {
  const bar = make('div', 'bar')
  bar.append(document.createElement('i'))
  return bar
}

function makeLimit() {
  const item = document.createElement('li')
  item.append(make('span', ''), make('span', 'amount'), makeBar())
  return item
}

/** A rate has used up a fraction of a request now and then. */
const figure = (limit, count) =>
  /(?:^|-)bytes(?:-|$)/.test(limit) ? amount(count) : Math.ceil(count).toLocaleString('en')

/** The fullest first; those of which nothing is taken are folded away. */
function showLimits(usage, refusals) {
  for (const { limit, used } of usage) if (used > 0 || refusals[limit] > 0) noticed.add(limit)
  const sorted = usage.toSorted((a, b) => b.used / b.max - a.used / a.max)
  const unused = sorted.filter(({ limit }) => !noticed.has(limit))
  const update = ({ children: [name, text, bar] }, { limit, used, max }) => {
    const refused = refusals[limit] > 0 ? ` · ${refusals[limit].toLocaleString('en')} refused` : ''
    setText(name, limit)
    setText(text, `${figure(limit, used)} of ${figure(limit, max)}${refused}`)
    setBar(bar, used, max)
  }
  const shown = sorted.filter(({ limit }) => noticed.has(limit))
  fill(byId('limits'), shown, makeLimit, update)
  const [summary, list] = byId('unused').children
  byId('unused').hidden = unused.length === 0
  setText(summary, `${many(unused.length, 'limit')} of which nothing is taken`)
  fill(list, unused, makeLimit, update)
}

/** `rows` are arrays of texts; one of `{ text, used, max }` has a bar below its text. */
function showTable(id, classes, rows) {
  const create = () => {
    const row = document.createElement('tr')
    row.append(...classes.map((name) => make('td', name)))
    return row
  }
  fill(byId(id).tBodies[0], rows, create, (row, values) => {
    values.forEach((value, at) => {
      if (typeof value === 'string') setText(row.children[at], value)
      else showBarred(row.children[at], value)
    })
  })
  byId(id).classList.toggle('empty', rows.length === 0)
}

function showBarred(cell, { text, used, max }) {
  if (cell.children.length === 0) cell.append(make('span', ''), makeBar())
  setText(cell.firstElementChild, text)
  setBar(cell.lastElementChild, used, max)
}

function showCircuits({ rows, more }, total, nowMs) {
  setText(byId('circuit-count'), total === 0 ? '' : String(total))
  const texts = rows.map((row) => [
    `${short(row.from)} → ${short(row.to)}`,
    {
      text: amount(row.bytesToTarget + row.bytesFromTarget),
      used: Math.max(row.bytesToTarget, row.bytesFromTarget),
      max: row.maxBytes
    },
    `${amount(row.maxBytes)} each way`,
    duration(nowMs - row.openedAtMs),
    duration(row.endsAtMs - nowMs)
  ])
  showTable('circuit-table', ['id', 'barred', 'roomy', '', 'roomy'], texts)
  setText(
    byId('circuit-note'),
    note(rows, more, 'No circuit is open: nobody talks through the relay.')
  )
}

function showReservations({ rows, more }, total, nowMs) {
  setText(byId('reservation-count'), total === 0 ? '' : String(total))
  const texts = rows.map(({ peer, sinceMs, untilMs }) => [
    short(peer),
    duration(nowMs - sinceMs),
    clock(untilMs)
  ])
  showTable('reservation-table', ['id', '', ''], texts)
  setText(byId('reservation-note'), note(rows, more, 'No peer has a reservation.'))
}

const countOf = ({ rows, more }) => rows.length + more

function note(rows, more, nothing) {
  if (rows.length === 0) return nothing
  return more > 0 ? `and ${more.toLocaleString('en')} more` : ''
}

function showReasons({ refused, circuitsClosed }) {
  const rows = [
    ...Object.entries(refused).map(([key, count]) => [
      `${key.split('/')[0]} refused`,
      key.split('/')[1] ?? '',
      count
    ]),
    ...Object.entries(circuitsClosed).map(([reason, count]) => ['circuit ended', reason, count])
  ]
  const texts = rows
    .toSorted((a, b) => b[2] - a[2])
    .map(([what, why, count]) => [what, why, count.toLocaleString('en')])
  showTable('reason-table', ['', '', ''], texts)
  setText(
    byId('reason-note'),
    rows.length === 0 ? 'Nothing was refused, and no circuit has ended.' : ''
  )
}

function showRate({ atMs, totals: { bytes } }) {
  if (previous !== undefined && atMs > previous.atMs) {
    rates.push(((bytes - previous.bytes) * 1000) / (atMs - previous.atMs))
    if (rates.length > RATES) rates.shift()
  }
  if (previous === undefined || atMs > previous.atMs) previous = { atMs, bytes }
  setText(byId('rate'), rates.length === 0 ? '' : `${amount(rates.at(-1))}/s`)
  const top = Math.max(1, ...rates)
  const line = rates.map((rate, at) => {
    const x = ((RATES - rates.length + at + 1) * 120) / RATES
    return `${x.toFixed(1)},${(31 - (rate / top) * 29).toFixed(1)}`
  })
  const left = ((RATES - rates.length + 1) * 120) / RATES
  const [area, edge] = byId('spark').children
  edge.setAttribute('points', line.join(' '))
  area.setAttribute('points', [`${left.toFixed(1)},33`, ...line, '120,33'].join(' '))
}

function show(view) {
  const { health, totals, usage, refusals, atMs } = view
  const held = { reservations: countOf(view.reservations), circuits: countOf(view.circuits) }
  document.body.dataset.state = health.ready ? 'ready' : 'broken'
  setText(byId('health'), `${health.ready ? 'Ready' : 'Not ready'}: ${health.sentence}`)
  setText(byId('version'), `version ${view.version}`)
  setText(byId('peer'), short(view.peerId))
  byId('peer').title = view.peerId
  setText(byId('uptime'), duration(atMs - view.startedAtMs))
  setText(byId('reserved'), String(held.reservations))
  setText(byId('granted'), many(view.connections, 'connection'))
  setText(byId('circuits'), String(held.circuits))
  setText(byId('opened'), `${totals.circuitsOpened.toLocaleString('en')} opened`)
  setText(byId('bytes'), amount(totals.bytes))
  setText(byId('rooms'), String(view.rooms))
  setText(byId('registrations'), many(view.registrations, 'registration'))
  const refused = Object.values(totals.refused).reduce((sum, count) => sum + count, 0)
  setText(byId('refused'), refused.toLocaleString('en'))
  showRate(view)
  showLimits(usage, refusals)
  const addresses = byId('addresses')
  fill(addresses, view.addresses, () => make('li', ''), setText)
  fill(byId('warnings'), view.warnings, () => make('li', ''), setText)
  showCircuits(view.circuits, held.circuits, atMs)
  showReservations(view.reservations, held.reservations, atMs)
  showReasons(totals)
}

async function look() {
  try {
    const response = await fetch('/status.json', { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    show(await response.json())
  } catch {
    document.body.dataset.state = 'silent'
    setText(byId('health'), 'The relay does not answer: what is below is how it was.')
  }
}

/** One question at a time, and none while nobody looks. */
async function keepLooking() {
  if (!document.hidden) await look()
  setTimeout(keepLooking, INTERVAL_MS)
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void look()
})
void keepLooking()
