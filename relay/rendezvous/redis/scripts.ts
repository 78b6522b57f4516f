// What the rooms look like in Redis, and the Lua scripts that change them, each atomic. (pure)
//
// Keys, all in one slot by their hash tag; times are milliseconds of the Redis server's clock:
//   {parley}:state            hash    epoch, seq: the number of the last change; both go into cookies
//   {parley}:room:ROOM        zset    peer → number of its last change: the order in which a room is listed
//   {parley}:entry:PEER ROOM  hash    expires; standard, rust: the signed records; standard-seq, rust-seq: their
//                                     sequence numbers; by:HOLDER: the relays that it was registered at
//   {parley}:peer:PEER        set     its rooms
//   {parley}:by:HOLDER        set     `PEER ROOM` of what a relay holds
//   {parley}:holders          zset    HOLDER → when its lease ends
//   {parley}:all              zset    `PEER ROOM` → when it expires
// A holder is one connection of one relay to Redis, by a random name. It renews its lease with each `beat`; what only
// dead holders hold goes with them. Who has lost the connection comes as another holder and registers all its peers
// anew, so that nothing has to be compared. Everything is bounded by the limits on registrations, and whatever is not
// as described here is passed over or replaced: the keys are ours, but others may write to them.

/** Every script but `beat` does nothing and answers this when the epoch has changed: Redis has lost what it held. */
export const EPOCH_CHANGED = 'epoch'

const PRELUDE = `
local P = '{parley}:'
local function typed(key, kind)
  local is = redis.call('TYPE', key).ok
  if is ~= 'none' and is ~= kind then redis.call('DEL', key) end
end
local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end
local function split(member)
  local at = string.find(member, ' ', 1, true)
  if not at then return member, '' end
  return string.sub(member, 1, at - 1), string.sub(member, at + 1)
end
local function drop(member)
  local peer, room = split(member)
  typed(P .. 'room:' .. room, 'zset')
  typed(P .. 'peer:' .. peer, 'set')
  redis.call('ZREM', P .. 'room:' .. room, peer)
  redis.call('SREM', P .. 'peer:' .. peer, room)
  redis.call('ZREM', P .. 'all', member)
  return redis.call('DEL', P .. 'entry:' .. member)
end
local function release(member, holder)
  local entry = P .. 'entry:' .. member
  typed(entry, 'hash')
  redis.call('SREM', P .. 'by:' .. holder, member)
  redis.call('HDEL', entry, 'by:' .. holder)
  for _, field in ipairs(redis.call('HKEYS', entry)) do
    if string.sub(field, 1, 3) == 'by:' then return 0 end
  end
  return drop(member)
end
`

const SAME_EPOCH = `
if redis.call('TYPE', P .. 'state').ok ~= 'hash' or redis.call('HGET', P .. 'state', 'epoch') ~= ARGV[1] then
  return {'${EPOCH_CHANGED}'}
end
`

/**
 * ARGV: epoch, holder, peer, room, form, record's sequence number, record, TTL in ms, most of a peer, of a room, in all.
 * Returns `added`, `renewed`, or which limit is reached: `peer`, `room`, `all`.
 */
export const REGISTER = `${PRELUDE}${SAME_EPOCH}
local holder, peer, room, form = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local member = peer .. ' ' .. room
local entry, inRoom, ofPeer = P .. 'entry:' .. member, P .. 'room:' .. room, P .. 'peer:' .. peer
local held = P .. 'by:' .. holder
typed(entry, 'hash') typed(inRoom, 'zset') typed(ofPeer, 'set') typed(held, 'set') typed(P .. 'all', 'zset')
local now = clock()
local expires = tonumber(redis.call('HGET', entry, 'expires') or '')
local known = expires ~= nil and expires > now
if not known then
  redis.call('DEL', entry)
  if redis.call('SCARD', ofPeer) >= tonumber(ARGV[9]) then return {'peer'} end
  if redis.call('ZCARD', inRoom) >= tonumber(ARGV[10]) then return {'room'} end
  if redis.call('ZCARD', P .. 'all') >= tonumber(ARGV[11]) then return {'all'} end
end
local other = form == 'rust' and 'standard' or 'rust'
if redis.call('HGET', entry, other .. '-seq') ~= ARGV[6] then
  redis.call('HDEL', entry, other, other .. '-seq')
end
local ends = string.format('%d', now + tonumber(ARGV[8]))
local seq = redis.call('HINCRBY', P .. 'state', 'seq', 1)
redis.call('HSET', entry, form, ARGV[7], form .. '-seq', ARGV[6], 'expires', ends, 'by:' .. holder, 1)
redis.call('PEXPIREAT', entry, ends)
redis.call('ZADD', inRoom, seq, peer)
redis.call('ZADD', P .. 'all', ends, member)
redis.call('SADD', ofPeer, room)
redis.call('SADD', held, member)
return {known and 'renewed' or 'added'}
`

/** ARGV: epoch, holder, then `PEER ROOM` of each that this relay lets go. Returns how many are gone for good. */
export const RELEASE = `${PRELUDE}${SAME_EPOCH}
typed(P .. 'by:' .. ARGV[2], 'set') typed(P .. 'all', 'zset')
local gone = 0
for i = 3, #ARGV do gone = gone + release(ARGV[i], ARGV[2]) end
return {'ok', gone}
`

/**
 * ARGV: epoch, room, since, most registrations, most bytes, bytes beside a record, most to look at, most bytes of a
 * record, then the forms that the asker reads, best first. Returns `ok`, the number to resume after, and record and
 * milliseconds left of each; or `cookie` when `since` lies ahead.
 */
export const DISCOVER = `${PRELUDE}${SAME_EPOCH}
local inRoom = P .. 'room:' .. ARGV[2]
local last = redis.call('HGET', P .. 'state', 'seq')
if tonumber(ARGV[3]) > (tonumber(last) or 0) then return {'cookie'} end
if redis.call('TYPE', inRoom).ok ~= 'zset' then return {'ok', last} end
local now, most, look = clock(), tonumber(ARGV[4]), tonumber(ARGV[7])
local peers = redis.call('ZRANGEBYSCORE', inRoom, '(' .. ARGV[3], '+inf', 'WITHSCORES', 'LIMIT', 0, look)
local out, bytes, resume = {'ok', last}, 0, ARGV[3]
local function record(entry)
  for i = 9, #ARGV do
    local size = redis.call('HSTRLEN', entry, ARGV[i])
    if size > 0 and size <= tonumber(ARGV[8]) then return redis.call('HGET', entry, ARGV[i]) end
  end
end
for i = 1, #peers, 2 do
  local entry = P .. 'entry:' .. peers[i] .. ' ' .. ARGV[2]
  local kind = redis.call('TYPE', entry).ok
  if kind == 'none' then redis.call('ZREM', inRoom, peers[i]) end
  local found = kind == 'hash' and record(entry)
  local expires = found and tonumber(redis.call('HGET', entry, 'expires') or '')
  if expires and expires > now then
    bytes = bytes + #found + tonumber(ARGV[6])
    if #out >= 2 + 2 * most or (#out > 2 and bytes > tonumber(ARGV[5])) then
      out[2] = resume
      return out
    end
    out[#out + 1] = found
    out[#out + 1] = string.format('%d', expires - now)
  end
  resume = peers[i + 1]
end
if #peers >= 2 * look then out[2] = resume end
return out
`

/**
 * ARGV: an epoch for the case that there is none, holder, its lease in ms, whether to clear up after dead holders (1),
 * how many entries to clear up. Renews the lease. Returns the epoch, and how many registrations there are in all.
 */
export const BEAT = `${PRELUDE}
typed(P .. 'state', 'hash') typed(P .. 'holders', 'zset') typed(P .. 'all', 'zset')
local epoch = redis.call('HGET', P .. 'state', 'epoch')
local seq = redis.call('HGET', P .. 'state', 'seq')
local function sane(text, digits) return text and #text <= digits and string.match(text, '^%d+$') end
if not sane(epoch, 8) or not sane(seq, 12) then
  epoch = ARGV[1]
  redis.call('DEL', P .. 'state')
  redis.call('HSET', P .. 'state', 'epoch', epoch, 'seq', 0)
end
local now, most = clock(), tonumber(ARGV[5])
redis.call('ZADD', P .. 'holders', now + tonumber(ARGV[3]), ARGV[2])
for _, member in ipairs(redis.call('ZRANGEBYSCORE', P .. 'all', '-inf', now, 'LIMIT', 0, most)) do
  drop(member)
end
if ARGV[4] == '1' then
  for _, dead in ipairs(redis.call('ZRANGEBYSCORE', P .. 'holders', '-inf', '(' .. now, 'LIMIT', 0, 8)) do
    local held = P .. 'by:' .. dead
    typed(held, 'set')
    for _, member in ipairs(redis.call('SRANDMEMBER', held, most)) do release(member, dead) end
    if redis.call('SCARD', held) == 0 then redis.call('ZREM', P .. 'holders', dead) end
  end
end
return {epoch, string.format('%d', redis.call('ZCARD', P .. 'all'))}
`
