import type { ConversationId } from '../../../protocol/ids.ts'
import type { Reader } from '../../storage/database.ts'

export async function hasConversation(reader: Reader, conversationId: ConversationId): Promise<boolean> {
  const sql = "SELECT 1 FROM conversations WHERE conversation_id = ? AND kind = 'group'"
  return (await reader.get(sql, conversationId)) !== null
}
