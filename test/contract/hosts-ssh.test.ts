import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SshHost } from '../../drivers/hosts/ssh/host.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import { sshHosts } from '../support/ssh-hosts.js'
import { fileContract } from './host-files.js'
import { scriptContract } from './hosts.js'
import { serviceContract } from './services.js'

const pool = new SshPool()
/** Against the sshd of this machine, so that the suite sees the files and processes. */
const make = async (): Promise<SshHost> => new SshHost(pool, { ...(await sshHosts()).here, home: await mkdtemp(join(tmpdir(), 'releasectl-home-')) })
scriptContract('SshHost', make)
serviceContract('SshHost', make)
fileContract('SshHost', make)
