// The rulesets of the routers, word for word.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import {
  containerHostRules,
  dropLargeRules,
  dropRules,
  firewall6Rules,
  forwardRules,
  routerRules
} from '../../lab/nat.ts'

it('drop masquerades and lets nothing in unasked', () => {
  assert.equal(
    routerRules('drop', '192.168.1.2'),
    `table ip router {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
  }
}
`
  )
})

it('rst is drop that refuses TCP aloud', () => {
  assert.equal(
    routerRules('rst', '192.168.1.2'),
    `table ip router {
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
    meta l4proto tcp reject with tcp reset
  }
}
`
  )
})

it('full-cone gives everything from outside to one host', () => {
  assert.equal(
    routerRules('full-cone', '192.168.1.2'),
    `table ip router {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname "wan" dnat to 192.168.1.2
  }
  chain postrouting {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
    ct status dnat accept
  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
  }
}
`
  )
})

it('symmetric is drop with a random port for every connection', () => {
  assert.equal(
    routerRules('symmetric', '192.168.1.2'),
    routerRules('drop', '192.168.1.2').replace('masquerade', 'masquerade random,fully-random')
  )
})

it('a block is drop with a random port of 512', () => {
  assert.match(
    routerRules('block', '192.168.1.2'),
    /oifname "wan" meta l4proto tcp masquerade to :40000-40511 random,fully-random\n/
  )
})

it('sequential is drop with the next port for every connection, 4,096 in turn', () => {
  assert.match(
    routerRules('sequential', '192.168.1.2'),
    /masquerade to :numgen inc mod 4096 map \{ 0 : 40000, 1 : 40001, .*, 4095 : 44095 \}\n/
  )
})

it('what refuses aloud does so in the same words', () => {
  const [rst, symmetric] = [routerRules('rst', ''), routerRules('symmetric-rst', '')]
  assert.equal(symmetric, rst.replace('masquerade', 'masquerade random,fully-random'))
})

it('firewall translates nothing', () => {
  assert.equal(
    routerRules('firewall', '7.7.2.2'),
    `table ip router {
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
  }
}
`
  )
})

it("a container's host masquerades the bridge and lets nothing in unasked", () => {
  assert.equal(
    containerHostRules(),
    `table ip router {
  chain postrouting {
    type nat hook postrouting priority srcnat
    ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
  }
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    iifname "docker0" accept
  }
}
`
  )
})

it('a cut drops what goes to an address and what comes from it, whatever else the router does', () => {
  assert.equal(
    dropRules('7.7.7.3'),
    `table ip cut {
  chain forward {
    type filter hook forward priority filter - 1
    ip daddr 7.7.7.3 drop
    ip saddr 7.7.7.3 drop
  }
}
`
  )
})

it('a tunnel that is too small drops what does not fit, whatever else the router does', () => {
  assert.equal(
    dropLargeRules(1200),
    `table ip tunnel {
  chain forward {
    type filter hook forward priority filter - 1
    ip length > 1200 drop
  }
}
`
  )
})

it('a firewall for IPv6 lets only answers in, and knows its neighbours', () => {
  assert.equal(
    firewall6Rules(),
    `table ip6 router {
  chain forward {
    type filter hook forward priority filter; policy drop
    ct state invalid drop
    ct state established,related accept
    iifname "lan" accept
  }
  chain input {
    type filter hook input priority filter; policy drop
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
}
`
  )
})

it('a port that is forwarded by hand leads inside, whoever asks', () => {
  assert.equal(
    forwardRules('192.168.1.2', 5555),
    `table ip forwards {
  chain prerouting {
    type nat hook prerouting priority dstnat
    iifname "wan" tcp dport 5555 dnat to 192.168.1.2
  }
}
insert rule ip router forward ct status dnat accept
`
  )
})
