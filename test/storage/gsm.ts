/** GSM 06.10 full rate in floating point: exact enough to hear which tone is in a recording. */

const LAR = {
  bits: [6, 6, 5, 5, 4, 4, 3, 3],
  a: [20, 20, 20, 20, 13.637, 15, 8.334, 8.824],
  b: [0, 0, 4, -5, 0.184, -3.5, -0.666, -2.235],
};
const MANTISSA = [18431, 20479, 22527, 24575, 26623, 28671, 30719, 32767].map((value) => value / 32768);
const GAIN = [0.1, 0.35, 0.65, 1];

/** Blocks of 33 bytes hold one frame, highest bit first; Microsoft's of 65 bytes hold two, lowest bit first. */
export function decodeGsm(file: Buffer, block: 33 | 65): number[] {
  const decoder = new Decoder();
  const samples: number[] = [];
  for (let start = 0; start + block <= file.length; start += block) {
    const bits = new Bits(file.subarray(start, start + block), block === 65);
    if (block === 33) bits.take(4);
    for (let frame = 0; frame < (block === 65 ? 2 : 1); frame++) samples.push(...decoder.frame(bits));
  }
  return samples;
}

class Bits {
  #position = 0;
  readonly #bytes: Buffer;
  readonly #lowestFirst: boolean;

  constructor(bytes: Buffer, lowestFirst: boolean) {
    this.#bytes = bytes;
    this.#lowestFirst = lowestFirst;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#position++) {
      const byte = this.#bytes[this.#position >> 3] ?? 0;
      const place = this.#position & 7;
      if (this.#lowestFirst) value |= ((byte >> place) & 1) << i;
      else value = (value << 1) | ((byte >> (7 - place)) & 1);
    }
    return value;
  }
}

class Decoder {
  #excitation: number[] = new Array(160).fill(0);
  #lag = 40;
  #lattice: number[] = new Array(9).fill(0);
  #last = 0;

  frame(bits: Bits): number[] {
    const reflection = LAR.bits.map((width, i) =>
      reflect((bits.take(width) - 2 ** (width - 1) - at(LAR.b, i)) / at(LAR.a, i)),
    );
    const samples: number[] = [];
    for (let part = 0; part < 4; part++) {
      for (const excitation of this.#subframe(bits)) samples.push(this.#synthesise(excitation, reflection));
    }
    return samples;
  }

  #subframe(bits: Bits): number[] {
    const lag = bits.take(7);
    const gain = at(GAIN, bits.take(2));
    const grid = bits.take(2);
    const scale = scaleOf(bits.take(6));
    if (lag >= 40 && lag <= 120) this.#lag = lag;
    const pulses: number[] = new Array(40).fill(0);
    for (let i = 0; i < 13; i++) pulses[grid + 3 * i] = (2 * bits.take(3) - 7) * 4096 * scale;
    const past = this.#excitation;
    for (const pulse of pulses) past.push(pulse + gain * at(past, past.length - this.#lag));
    this.#excitation = past.slice(-160);
    return past.slice(-40);
  }

  #synthesise(excitation: number, reflection: readonly number[]): number {
    let value = excitation;
    for (let i = 8; i >= 1; i--) {
      value -= at(reflection, i - 1) * at(this.#lattice, i - 1);
      this.#lattice[i] = at(this.#lattice, i - 1) + at(reflection, i - 1) * value;
    }
    this.#lattice[0] = value;
    this.#last = value + 0.86 * this.#last;
    return this.#last;
  }
}

function at(list: readonly number[], index: number): number {
  return list[index] ?? 0;
}

function reflect(lar: number): number {
  const size = Math.abs(lar);
  const value = size < 0.675 ? size : size < 1.225 ? 0.5 * size + 0.3375 : 0.125 * size + 0.796875;
  return Math.sign(lar) * value;
}

function scaleOf(code: number): number {
  let exponent = code > 15 ? (code >> 3) - 1 : 0;
  let mantissa = code - (exponent << 3);
  if (mantissa === 0) return at(MANTISSA, 7) / 2 ** 10;
  while (mantissa <= 7) {
    mantissa = (mantissa << 1) | 1;
    exponent--;
  }
  return at(MANTISSA, mantissa - 8) / 2 ** (6 - exponent);
}
