// Reading GGUF files as the format's specification describes them, apart from the code under test.
import { createHash } from 'node:crypto';

export const tensor_types = { 0: 'f32', 1: 'f16', 8: 'q8_0' };

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(count) {
    const part = this.bytes.subarray(this.at, this.at + count);
    if (part.length !== count) throw new Error(`the GGUF ends at ${this.bytes.length}, inside of a field at ${this.at}`);
    this.at += count;
    return part;
  }
  u32() {
    return this.take(4).readUInt32LE();
  }
  u64() {
    return Number(this.take(8).readBigUInt64LE());
  }
  text() {
    return this.take(this.u64()).toString('utf8');
  }
  value(type) {
    switch (type) {
      case 4: return this.u32();
      case 5: return this.take(4).readInt32LE();
      case 6: return this.take(4).readFloatLE();
      case 7: return this.take(1)[0] === 1;
      case 8: return this.text();
      case 9: {
        const inner = this.u32();
        return Array.from({ length: this.u64() }, () => this.value(inner));
      }
      case 10: return this.u64();
      default: throw new Error(`a value of type ${type} is not read here`);
    }
  }
}

// {values: {key: value}, tensors: [{name, type, shape, bytes}], data_at: where the tensors begin}.
export function read_gguf(bytes) {
  const reader = new Reader(bytes);
  if (reader.take(4).toString('latin1') !== 'GGUF') throw new Error('not a GGUF');
  reader.u32();
  const tensor_count = reader.u64();
  const value_count = reader.u64();
  const values = {};
  for (let i = 0; i < value_count; ++i) {
    const key = reader.text();
    values[key] = reader.value(reader.u32());
  }
  const described = Array.from({ length: tensor_count }, () => {
    const name = reader.text();
    const shape = Array.from({ length: reader.u32() }, () => reader.u64());
    return { name, shape, type: tensor_types[reader.u32()], offset: reader.u64() };
  });
  const data_at = Math.ceil(reader.at / 32) * 32;
  const tensors = described.map(({ name, shape, type, offset }) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const size = { f32: 4 * count, f16: 2 * count, q8_0: (count / 32) * 34 }[type];
    return { name, shape, type, bytes: bytes.subarray(data_at + offset, data_at + offset + size) };
  });
  return { values, tensors, data_at };
}

function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return exponent === 31 ? NaN : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// A tensor's numbers, whatever its type.
export function numbers_of({ type, bytes }) {
  const out = [];
  if (type === 'f32') for (let at = 0; at < bytes.length; at += 4) out.push(bytes.readFloatLE(at));
  if (type === 'f16') for (let at = 0; at < bytes.length; at += 2) out.push(half(bytes.readUInt16LE(at)));
  if (type === 'q8_0') {
    for (let at = 0; at < bytes.length; at += 34) {
      const scale = half(bytes.readUInt16LE(at));
      for (let i = 0; i < 32; ++i) out.push(scale * bytes.readInt8(at + 2 + i));
    }
  }
  return out;
}

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

// What `train show` calls the weights' digest, made anew from an f32 export.
export function weights_digest_of(gguf) {
  const lines = gguf.tensors
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, bytes }) => {
      if (type !== 'f32') throw new Error(`${name} is ${type}: the digest is of f32 weights`);
      return `${name} ${sha256(bytes)}\n`;
    });
  return sha256(lines.join(''));
}

// The same model, said to be of another architecture whose name is as long.
export function with_architecture(bytes, name) {
  const { data_at } = read_gguf(bytes);
  const head = bytes.subarray(0, data_at).toString('latin1').replaceAll('llama', name);
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes.subarray(data_at)]);
}
