import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endProcess, freePort, startChild } from './child.ts'
import type { Peer } from './peer.ts'
import { joinRoom } from './xmpp.ts'

/** Prosody with its own files as storage and the room's archive on. */
export const prosody: Peer = {
  name: 'prosody',
  program: 'prosody',
  async start(folder) {
    const [port, httpPort] = [freePort(), freePort()]
    mkdirSync(join(folder, 'data'), { recursive: true })
    const file = join(folder, 'prosody.cfg.lua')
    writeFileSync(file, describe(folder, port, httpPort))
    // As root it becomes the user of its package before it writes.
    chmodSync(folder, 0o755)
    if (process.getuid?.() === 0) Bun.spawnSync(['chown', '-R', 'prosody:prosody', folder])
    const child = await startChild(['prosody', '--config', file, '-F'], { port: httpPort })
    return {
      processId: child.pid,
      join: (occupant) => joinRoom(`ws://127.0.0.1:${httpPort}/xmpp-websocket`, occupant),
      [Symbol.asyncDispose]: () => endProcess(child.pid),
    }
  },
}

function describe(folder: string, port: number, httpPort: number): string {
  return `pidfile="${folder}/prosody.pid"; data_path="${folder}/data"; daemonize=false; run_as_root=true
interfaces={"127.0.0.1"}; local_interfaces={"127.0.0.1"}
c2s_ports={${port}}; s2s_ports={}; http_ports={${httpPort}}; https_ports={}; http_interfaces={"127.0.0.1"}; component_ports={}
log={ warn="${folder}/prosody.log" }
modules_enabled={"roster","saslauth","disco","ping","websocket","http","smacks"}
modules_disabled={"s2s","offline"}
c2s_require_encryption=false; allow_unencrypted_plain_auth=true; consider_websocket_secure=true
default_storage="internal"
http_host="localhost"
VirtualHost "localhost"
  authentication="anonymous"
Component "conf.localhost" "muc"
  modules_enabled={"muc_mam"}
  muc_log_by_default=true; muc_log_all_rooms=true; muc_log_presences=false; max_archive_query_results=50
  muc_room_default_persistent=true; muc_room_default_public=true; restrict_room_creation=false
  component_admins_as_room_owners=true
  default_archive_policy=true; archive_expires_after="never"
`
}
