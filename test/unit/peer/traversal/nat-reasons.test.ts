// Why guessing ports did not help, or was not tried, as the user reads it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { GuessEvidence } from '../../../../peer/traversal/guessing.ts'
import { whyNotGuessed } from '../../../../peer/traversal/nat-reasons.ts'
import { CONE, RANDOM } from '../../../support/reports.ts'

const WHAT_TO_DO =
  'a port forward (--announce) or an IPv6 address on either side would make it direct'
const KEEPS = 'your NAT keeps to one port and lets in only whom it has sent to (4001 seen)'
const BOBS = "bob's NAT gives every destination another port (40001, 50417, 1952 seen)"
const PLAN = { kind: 'aim', sockets: 5, shots: 5 } as const
const FEW = { kind: 'hopeless', why: 'few-sockets', mine: 1_024, yours: 384 } as const
const GUESSED: GuessEvidence = { own: CONE, other: RANDOM, plan: PLAN }

const CASES: Array<{ what: string; guess: GuessEvidence; sentence: string | undefined }> = [
  {
    what: 'ports in a row and ports of a block have words of their own',
    guess: {
      own: { ...RANDOM, ports: 'sequential', step: 1, seenPorts: [7, 8] },
      other: { ...RANDOM, ports: 'block', seenPorts: [] },
      plan: PLAN,
      count: { fired: 1_536, connected: 0 }
    },
    sentence: `your NAT gives every destination the next port (7, 8 seen), bob's NAT gives every destination another port of a block (no port seen): 1536 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  {
    what: 'a firewall on our side keeps guesses out',
    guess: { ...GUESSED, own: { ...CONE, mapping: 'none' }, count: { fired: 1, connected: 0 } },
    sentence: `you have no NAT but a firewall that lets in only whom it has sent to (4001 seen), ${BOBS}: 1 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  {
    what: 'a firewall on their side does',
    guess: {
      own: RANDOM,
      other: { ...CONE, mapping: 'none' },
      plan: PLAN,
      count: { fired: 7, connected: 0 }
    },
    sentence: `your NAT gives every destination another port (40001, 50417, 1952 seen), bob has no NAT but a firewall that lets in only whom it has sent to (4001 seen): 7 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  ...[undefined, { fired: 0, connected: 0 }].map((count) => ({
    what: `the round ended before anything was fired (${count === undefined ? 'no volley' : 'none of it'})`,
    guess: count === undefined ? GUESSED : { ...GUESSED, count },
    sentence: `${KEEPS}, ${BOBS}: the round was over before a port was guessed; it is tried again, or: ${WHAT_TO_DO}`
  })),
  {
    what: 'a port that one relay alone has seen is nobody’s in particular',
    guess: {
      ...GUESSED,
      other: { ...CONE, mapping: 'unknown', ports: 'unknown', seenPorts: [9_999] },
      count: { fired: 7, connected: 0 }
    },
    sentence: `${KEEPS}, bob's NAT gives out another port than the own one, perhaps another for everyone (9999 seen): 7 tries at guessed ports met nothing; ${WHAT_TO_DO}`
  },
  {
    what: 'a carrier has a pool of addresses',
    guess: { own: CONE, other: { ...RANDOM, hosts: 3 }, plan: { kind: 'hopeless', why: 'pool' } },
    sentence: `${KEEPS}, ${BOBS}: bob's NAT uses 3 public addresses in turn, so nobody knows where to dial; ${WHAT_TO_DO}`
  },
  {
    what: 'both sides may open too few files',
    guess: {
      own: { ...CONE, sockets: 30 },
      other: { ...RANDOM, sockets: 0 },
      plan: FEW,
      shortage: 'open-files'
    },
    sentence: `${KEEPS}, ${BOBS}: guessing ports takes 1024 sockets here (your limit of open files leaves 30) and 384 sockets at bob's (there are 0); raise the limit of open files here and at bob's (ulimit -n 4096), or: ${WHAT_TO_DO}`
  },
  {
    what: 'only they have too few sockets',
    guess: { own: CONE, other: { ...RANDOM, sockets: 9 }, plan: FEW },
    sentence: `${KEEPS}, ${BOBS}: guessing ports takes 384 sockets at bob's (there are 9); raise the limit of open files at bob's (ulimit -n 4096), or: ${WHAT_TO_DO}`
  },
  {
    what: 'our other punches have the sockets, and not the system',
    guess: {
      own: { ...CONE, sockets: 0 },
      other: RANDOM,
      plan: FEW,
      shortage: 'other-punches'
    },
    sentence: `${KEEPS}, ${BOBS}: guessing ports takes 1024 sockets here (other punches of yours leave 0); it is tried again, or: ${WHAT_TO_DO}`
  },
  {
    what: 'nobody has vouched for where they are',
    guess: { ...GUESSED, withheld: 'unproven' },
    sentence: `${KEEPS}, ${BOBS}: no relay that you both use confirms an address that bob offers, so no ports are guessed there; meet at one relay, or: ${WHAT_TO_DO}`
  },
  {
    what: 'they are where our own NAT is',
    guess: { ...GUESSED, withheld: 'same-host' },
    sentence: `${KEEPS}, ${BOBS}: relays see bob at your own address, and to guess ports there would be to knock at your own NAT; a network that both of you are in (the same Wi-Fi, a VPN) or IPv6 on both sides would make it direct`
  },
  {
    what: 'there was enough of it',
    guess: { ...GUESSED, withheld: 'spent' },
    sentence: `${KEEPS}, ${BOBS}: ports were guessed as often as an hour may see, for bob, its NAT or all peers; it goes on later, or: ${WHAT_TO_DO}`
  },
  {
    what: 'they say nothing of their NAT, and ours changes ports',
    guess: { own: RANDOM },
    sentence: `your NAT gives every destination another port (40001, 50417, 1952 seen), and bob does not tell what its NAT does (another program, or no relay has answered it), so ports cannot be guessed: ${WHAT_TO_DO}`
  },
  {
    what: 'they say nothing of their NAT, and ours is none to guess at',
    guess: { own: CONE },
    sentence: undefined
  },
  {
    what: 'nothing has to be guessed',
    guess: { own: CONE, other: CONE, plan: { kind: 'plain' } },
    sentence: undefined
  }
]

describe('why ports were not guessed, or in vain', () => {
  for (const { what, guess, sentence } of CASES) {
    it(what, () => {
      assert.equal(whyNotGuessed({ guess, peerName: 'bob' }), sentence)
    })
  }
})
