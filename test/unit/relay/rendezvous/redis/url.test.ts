// Where rooms are kept, as operators write it: what is taken, what is refused, and that no password is shown.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseRooms, roomsPlace } from '../../../../../relay/rendezvous/redis/url.ts'

describe('the place of the rooms', () => {
  it('is memory or the URL of a server', () => {
    assert.equal(parseRooms('memory', '--rooms'), undefined)
    for (const url of ['redis://10.0.0.5', 'redis://[::1]:6379/0', 'rediss://db.example:6380/15']) {
      assert.equal(parseRooms(url, '--rooms'), url)
    }
  })

  for (const text of [
    '',
    'disk',
    'http://db.example',
    'redis:',
    'redis:///0',
    '10.0.0.5:6379',
    'redis://h/db',
    'redis://h/0/1',
    'redis://h/0?x=1',
    'redis://u:secret@/0'
  ]) {
    it(`is not "${text}"`, () => {
      assert.throws(
        () => parseRooms(text, 'PARLEY_ROOMS'),
        (error) => {
          assert.ok(error instanceof Error && error.name === 'UsageError')
          assert.match(
            error.message,
            /^PARLEY_ROOMS has to .*example redis:\/\/10\.0\.0\.5:6379\/0$/
          )
          assert.doesNotMatch(error.message, /secret/)
          return true
        }
      )
    })
  }

  it('has a password from the environment or a file, and not from the arguments', () => {
    const url = 'rediss://relay:secret@db.example:6380/1'
    assert.equal(parseRooms(url, 'PARLEY_ROOMS'), url)
    for (const typed of [url, 'redis://:secret@h', 'redis://user@h']) {
      assert.throws(() => parseRooms(typed, '--rooms'), {
        name: 'UsageError',
        message: /^--rooms must not contain a user or a password, .*PARLEY_ROOMS$/
      })
    }
  })

  it('is told without user and password', () => {
    assert.equal(
      roomsPlace('rediss://relay:secret@db.example:6380/1'),
      'rediss://db.example:6380/1'
    )
    assert.equal(roomsPlace('redis://:secret@[::1]:6379/'), 'redis://[::1]:6379')
  })
})
