/** A fast Fourier transform in place; the length is a power of two. `inverse` is scaled, so that it undoes the other. */
export function fft(real: Float64Array, imaginary: Float64Array, inverse = false): void {
  const length = real.length;
  for (let index = 1, reversed = 0; index < length; index++) {
    let bit = length >> 1;
    for (; reversed & bit; bit >>= 1) reversed ^= bit;
    reversed ^= bit;
    if (index < reversed) {
      swap(real, index, reversed);
      swap(imaginary, index, reversed);
    }
  }
  for (let size = 2; size <= length; size *= 2) combine(real, imaginary, size, inverse ? 1 : -1);
  if (!inverse) return;
  for (let index = 0; index < length; index++) {
    real[index] = at(real, index) / length;
    imaginary[index] = at(imaginary, index) / length;
  }
}

/** The power of two that holds `length` values. */
export function powerOfTwo(length: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(2, length)));
}

function combine(real: Float64Array, imaginary: Float64Array, size: number, sign: 1 | -1): void {
  const half = size / 2;
  const cosines = Float64Array.from({ length: half }, (_, k) => Math.cos((2 * Math.PI * k) / size));
  const sines = Float64Array.from({ length: half }, (_, k) => sign * Math.sin((2 * Math.PI * k) / size));
  for (let start = 0; start < real.length; start += size) {
    for (let k = 0; k < half; k++) {
      const even = start + k;
      const odd = even + half;
      const re = at(real, odd) * at(cosines, k) - at(imaginary, odd) * at(sines, k);
      const im = at(real, odd) * at(sines, k) + at(imaginary, odd) * at(cosines, k);
      real[odd] = at(real, even) - re;
      imaginary[odd] = at(imaginary, even) - im;
      real[even] = at(real, even) + re;
      imaginary[even] = at(imaginary, even) + im;
    }
  }
}

function at(values: Float64Array, index: number): number {
  return values[index] as number;
}

function swap(values: Float64Array, a: number, b: number): void {
  const kept = at(values, a);
  values[a] = at(values, b);
  values[b] = kept;
}
