import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function run(...command: string[]): boolean {
  return Bun.spawnSync(command, { stdout: 'ignore', stderr: 'ignore' }).exitCode === 0
}

/** A file system of its own that lives in a file, so that what reached "the disk" can be looked at. */
export class DiskImage implements Disposable {
  private constructor(
    readonly folder: string,
    readonly image: string,
    readonly mountPoint: string,
  ) {}

  /** Null where this user may not mount or the tools are missing. */
  static create(megabytes: number): DiskImage | null {
    const folder = mkdtempSync(join(tmpdir(), 'tv-disk-'))
    const image = join(folder, 'image')
    writeFileSync(image, '')
    truncateSync(image, megabytes * 1024 * 1024)
    if (process.getuid?.() !== 0 || !run('mkfs.ext4', '-q', '-F', image)) {
      rmSync(folder, { recursive: true })
      return null
    }
    return DiskImage.#mount(folder, image)
  }

  static #mount(folder: string, image: string): DiskImage | null {
    const mountPoint = join(folder, 'mounted')
    mkdirSync(mountPoint)
    if (run('mount', '-o', 'loop', image, mountPoint)) return new DiskImage(folder, image, mountPoint)
    rmSync(folder, { recursive: true })
    return null
  }

  /** What the disk would hold if the power went now: whatever only the kernel's memory holds is not in it. */
  copy(): DiskImage {
    const folder = mkdtempSync(join(tmpdir(), 'tv-disk-'))
    const image = join(folder, 'image')
    copyFileSync(this.image, image)
    const copied = DiskImage.#mount(folder, image)
    if (!copied) throw new Error('the disk after the power cut cannot be mounted')
    return copied
  }

  [Symbol.dispose](): void {
    if (!run('umount', this.mountPoint)) run('umount', '-l', this.mountPoint)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** A small disk in memory; null where this user may not mount. */
export class SmallDisk implements Disposable {
  private constructor(readonly mountPoint: string) {}

  static create(megabytes: number): SmallDisk | null {
    const mountPoint = mkdtempSync(join(tmpdir(), 'tv-small-'))
    if (process.getuid?.() === 0 && run('mount', '-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', mountPoint)) {
      return new SmallDisk(mountPoint)
    }
    rmSync(mountPoint, { recursive: true })
    return null
  }

  [Symbol.dispose](): void {
    if (!run('umount', this.mountPoint)) run('umount', '-l', this.mountPoint)
    rmSync(this.mountPoint, { recursive: true, force: true })
  }
}
