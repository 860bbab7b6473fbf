/** G.711 µ-law and A-law, 8 kHz, one byte a sample. */

export const ULAW_SILENCE = 0xff;

const ULAW_TABLE = Int16Array.from({ length: 256 }, (_, byte) => {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)) - 0x84;
  return value & 0x80 ? -magnitude : magnitude;
});

const ALAW_TABLE = Int16Array.from({ length: 256 }, (_, byte) => {
  const value = byte ^ 0x55;
  const segment = (value & 0x70) >> 4;
  const low = ((value & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? low : (low + 0x100) << (segment - 1);
  return value & 0x80 ? magnitude : -magnitude;
});

export function decodeUlaw(bytes: Uint8Array): Int16Array {
  return Int16Array.from(bytes, (byte) => ULAW_TABLE[byte] ?? 0);
}

export function decodeAlaw(bytes: Uint8Array): Int16Array {
  return Int16Array.from(bytes, (byte) => ALAW_TABLE[byte] ?? 0);
}

export function encodeUlaw(samples: Int16Array): Buffer {
  return Buffer.from(Uint8Array.from(samples, encodeUlawSample));
}

function encodeUlawSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 0x84;
  const exponent = Math.max(0, 24 - Math.clz32(magnitude)); // 0x84 and above: the highest bit is bit 7 to 14
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
