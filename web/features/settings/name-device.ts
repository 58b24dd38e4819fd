import { computed } from 'nanostores'
import { bridge } from '../../bridge.ts'
import { guessDeviceName } from '../../device-name.ts'
import { whenKnown } from '../../known.ts'
import { recall, remember } from '../../preferences.ts'
import { $connection, $me } from '../../stores.ts'
import { submit } from '../../submit.ts'

const key = 'tv-named'
const $isOnline = computed($connection, ({ state }) => (state === 'online' ? true : null))

/** Gives a new device the name of its browser, so that its person finds it in the list of another one. */
export async function nameNewDevice(): Promise<void> {
  const { deviceId } = await whenKnown($me)
  if (recall(key) === deviceId) return
  await whenKnown($isOnline)
  const { isDone } = await submit(nameThis)
  if (isDone) remember(key, deviceId)
}

async function nameThis(): Promise<void> {
  const own = (await bridge.call.listDevices()).find(({ isThis }) => isThis)
  const name = guessDeviceName()
  if (own?.name === '' && name) await bridge.call.renameDevice(own.deviceId, name)
}
