// Small disks that only one program sees: a mount namespace of its own.
import { spawnSync } from 'node:child_process'
import { needs } from './left-out.ts'

/** For `unshare`, with a script behind it. */
export const IN_NAMESPACE = ['--user', '--map-root-user', '--mount', 'sh', '-c'] as const

const tried = spawnSync('unshare', [...IN_NAMESPACE, 'mount -t tmpfs none /mnt'])

/** For `skip`. */
export const NO_MOUNT = needs(
  tried.status === 0,
  'no tmpfs can be mounted here: the system lets nobody have namespaces of users and mounts'
)
