// Screens behind the first one, in a chunk of their own.
import './conversations/tv-new.ts'
import './members/tv-members.ts'
import './people/tv-people.ts'
import './people/tv-person.ts'
import { nameNewDevice } from './settings/name-device.ts'
import './settings/tv-setting.ts'
import './settings/tv-settings-menu.ts'

void nameNewDevice()
