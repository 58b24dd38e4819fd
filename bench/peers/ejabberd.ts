import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endProcess, freePort, listenerOf, startChild } from './child.ts'
import type { Peer } from './peer.ts'
import { joinRoom } from './xmpp.ts'

/** ejabberd with Mnesia as storage and the room's archive on. */
export const ejabberd: Peer = {
  name: 'ejabberd',
  program: 'ejabberdctl',
  async start(folder) {
    const [port, httpPort, namesPort] = [freePort(), freePort(), freePort()]
    for (const name of ['spool', 'log']) mkdirSync(join(folder, name), { recursive: true })
    const [config, control] = [join(folder, 'ejabberd.yml'), join(folder, 'ejabberdctl.cfg')]
    writeFileSync(config, describe(port, httpPort))
    writeFileSync(control, describeControl(folder))
    chmodSync(folder, 0o755)
    if (process.getuid?.() === 0) Bun.spawnSync(['chown', '-R', 'ejabberd:ejabberd', folder])
    const where = ['--config-dir', folder, '--ctl-config', control, '--config', config]
    const paths = ['--logs', join(folder, 'log'), '--spool', join(folder, 'spool')]
    // Erlang's directory of names would listen everywhere, and outlive the server.
    const env = { ERL_EPMD_ADDRESS: '127.0.0.1', ERL_EPMD_PORT: String(namesPort) }
    await startChild(['ejabberdctl', ...where, ...paths, 'foreground'], { port: httpPort, env })
    const processId = listenerOf(httpPort)
    if (processId === null) throw new Error('ejabberd does not listen')
    return {
      processId,
      join: (occupant) => joinRoom(`ws://127.0.0.1:${httpPort}/ws`, occupant),
      async [Symbol.asyncDispose]() {
        await endProcess(processId)
        const names = listenerOf(namesPort)
        if (names !== null) await endProcess(names)
      },
    }
  },
}

function describe(port: number, httpPort: number): string {
  return `hosts: ["localhost"]
loglevel: warning
log_rotate_count: 0
default_db: mnesia
listen:
  - { port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls: false, max_stanza_size: 262144, access: c2s }
  - { port: ${httpPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { "/ws": ejabberd_http_ws } }
auth_method: [anonymous]
anonymous_protocol: both
allow_multiple_connections: true
disable_sasl_mechanisms: ["X-OAUTH2"]
acl: { local: { user_regexp: "" } }
access_rules:
  c2s: { allow: all }
  muc_create: { allow: all }
modules:
  mod_disco: {}
  mod_ping: {}
  mod_stream_mgmt: {}
  mod_mam: { default: always, user_mucsub_from_muc_archive: false }
  mod_muc:
    host: conf.localhost
    access: all
    access_create: all
    access_persistent: all
    access_mam: all
    history_size: 20
    max_users: 5000
    default_room_options: { mam: true, persistent: true, anonymous: false }
`
}

function describeControl(folder: string): string {
  return `EJABBERD_CONFIG_PATH=${folder}/ejabberd.yml
SPOOL_DIR=${folder}/spool
LOGS_DIR=${folder}/log
EJABBERD_LOG_PATH=${folder}/log/ejabberd.log
INET_DIST_INTERFACE=127.0.0.1
ERLANG_NODE=bench${process.pid}@localhost
ERL_OPTIONS="-env ERL_CRASH_DUMP_BYTES 0"
EJABBERD_PID_PATH=${folder}/ejabberd.pid
`
}
