import 'reflect-metadata'
import { Extension } from '@peculiar/x509'

// NameConstraints ::= SEQUENCE { permittedSubtrees [0] SEQUENCE OF SEQUENCE { dNSName [2] IA5String } }
export function nameConstraints(domains: string[]): Extension {
  const subtrees = domains.map((domain) => encode(0x30, encode(0x82, Buffer.from(domain, 'ascii'))))
  return new Extension('2.5.29.30', true, encode(0x30, encode(0xa0, Buffer.concat(subtrees))))
}

// DER: tag, length, content.
function encode(tag: number, content: Uint8Array): Buffer {
  const { length } = content
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content])
}
