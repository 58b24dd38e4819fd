import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { within } from './report.ts'

const lossPercent = 30
const own = '10.213.77.1'
const other = '10.213.77.2'
// Classic BPF: a random word under 30 % of its range drops the packet (2), everything else goes on (-1).
const dropped = `4,32 0 0 4294963256,53 0 1 ${Math.round((lossPercent / 100) * 2 ** 32)},6 0 0 4294967295,6 0 0 2`

function run(command: string): boolean {
  return Bun.spawnSync(command.split(' '), { stdout: 'ignore', stderr: 'ignore' }).exitCode === 0
}

/** A network namespace behind a pair of virtual cables that lose packets both ways. */
export class LossyNetwork implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'tv-loss-'))
  readonly #relays: Bun.Subprocess[] = []
  #nextPort = 20_001

  private constructor(
    private readonly namespace: string,
    /** What loses the packets. */
    readonly means: string,
  ) {}

  /** Null where this user may not, or the tools or the kernel's parts are missing. */
  static create(): LossyNetwork | null {
    if (process.getuid?.() !== 0 || !Bun.which('ip') || !Bun.which('tc')) return null
    const namespace = `tv-loss-${process.pid}`
    if (!run(`ip netns add ${namespace}`)) return null
    const means = LossyNetwork.#connect(namespace)
    if (means) return new LossyNetwork(namespace, means)
    run(`ip netns del ${namespace}`)
    return null
  }

  static #connect(namespace: string): string | null {
    const [near, far] = ['tv-near', 'tv-far']
    const inside = `ip netns exec ${namespace}`
    const isJoined =
      run(`ip link add ${near} type veth peer name ${far} netns ${namespace}`) &&
      run(`ip addr add ${own}/30 dev ${near}`) &&
      run(`ip link set ${near} up`) &&
      run(`${inside} ip addr add ${other}/30 dev ${far}`) &&
      run(`${inside} ip link set ${far} up`) &&
      run(`${inside} ip link set lo up`)
    if (!isJoined) return null
    const netem = `root netem loss ${lossPercent}%`
    if (run(`tc qdisc add dev ${near} ${netem}`) && run(`${inside} tc qdisc add dev ${far} ${netem}`)) return 'netem'
    if (!run(`tc qdisc add dev ${near} clsact`)) return null
    const filter = (way: string) => [...`tc filter add dev ${near} ${way} bpf da bytecode`.split(' '), dropped]
    const isLosing = ['ingress', 'egress'].every((way) => Bun.spawnSync(filter(way)).exitCode === 0)
    return isLosing ? 'a random filter of tc (this kernel has no netem)' : null
  }

  /** An address in the lossy network whose visitors come out at a socket file on this side. */
  async open(): Promise<{ path: string; url: string }> {
    const port = this.#nextPort++
    const path = join(this.#folder, String(port))
    const script = fileURLToPath(new URL('relay.ts', import.meta.url))
    const command = ['ip', 'netns', 'exec', this.namespace, process.execPath, script, other, String(port), path]
    const relay = Bun.spawn(command, { stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
    this.#relays.push(relay)
    await within(10_000, 'the relay', relay.stdout.getReader().read())
    return { path, url: `http://${other}:${port}` }
  }

  /** How often TCP of this side had to send something again, since the machine began. */
  static resent(): number {
    const [names = '', values = ''] = readFileSync('/proc/net/snmp', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('Tcp:'))
    return Number(values.split(' ')[names.split(' ').indexOf('RetransSegs')])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const relay of this.#relays) {
      relay.kill()
      await relay.exited
    }
    run(`ip netns del ${this.namespace}`)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
