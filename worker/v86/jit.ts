import type { JitSettings } from "../interface.ts";
import { EmulatorVersionError } from "./internals.ts";

/**
 * What pays best for a boot. v86's own values (3 pages, 250 blocks, 200,000 instructions, async) suit programs that run for
 * long; a boot runs a great deal of code a few times, and the browser's optimising compiler spends more on large modules than
 * the boot gets back from them.
 */
export const JIT_DEFAULTS: JitSettings = { pages: 1, extraBlocks: 250, threshold: 500_000, compile: "sync" };

/** `set_jit_config` of v86's src/rust/jit.rs. */
const CONFIG_MAX_PAGES = 1;
const CONFIG_MAX_EXTRA_BASIC_BLOCKS = 3;
/** WASM_TABLE_OFFSET of v86's src/const.js: where the compiled functions begin in the table. */
const TABLE_OFFSET = 1024;
/** `i32.const 200000`, v86's JIT_THRESHOLD. It stands at one place in the emulator's code, and has no setting. */
const THRESHOLD_CODE = Uint8Array.of(0x41, 0xc0, 0x9a, 0x0c);

/** What the emulator's WebAssembly exports, as far as it is used here. */
export type EmulatorExports = WebAssembly.Exports & {
  readonly memory: WebAssembly.Memory;
  readonly set_jit_config: (index: number, value: number) => void;
  readonly codegen_finalize_finished: (
    tableIndex: number,
    physicalAddress: number,
    stateFlags: number,
  ) => void;
  readonly read_tsc: () => bigint;
  readonly set_tsc: (low: number, high: number) => void;
};

/** What the emulator's WebAssembly imports as `env`, as far as it is replaced here. */
export type EmulatorImports = WebAssembly.ModuleImports & {
  readonly __indirect_function_table: WebAssembly.Table;
  codegen_finalize: (
    tableIndex: number,
    physicalAddress: number,
    stateFlags: number,
    offset: number,
    length: number,
  ) => void;
};

const compiled = new WeakMap<Uint8Array, Map<number, Promise<WebAssembly.Module>>>();

/** Compiles the emulator's code once for each threshold: what the engine has optimised by then serves the next power-on. */
export function compileEmulator(
  code: Uint8Array<ArrayBuffer>,
  threshold: number,
): Promise<WebAssembly.Module> {
  const known = compiled.get(code) ?? new Map<number, Promise<WebAssembly.Module>>();
  compiled.set(code, known);
  const module = known.get(threshold) ?? WebAssembly.compile(withThreshold(code, threshold));
  known.set(threshold, module);
  return module;
}

/**
 * The emulator's code with another JIT threshold, in a copy. Throws an `EmulatorVersionError` where v86's own is not found
 * exactly once.
 */
export function withThreshold(code: Uint8Array<ArrayBuffer>, threshold: number): Uint8Array<ArrayBuffer> {
  const at = indexOf(code, THRESHOLD_CODE, 0);
  if (at < 0 || indexOf(code, THRESHOLD_CODE, at + 1) >= 0)
    throw new EmulatorVersionError("its JIT threshold");
  const copy = code.slice();
  copy.set(signedLeb128(threshold), at + 1);
  return copy;
}

/** Throws an `EmulatorVersionError` where one of them is missing. */
export function emulatorExports(exports: WebAssembly.Exports): EmulatorExports {
  for (const name of ["rust_init", "set_jit_config", "codegen_finalize_finished", "read_tsc", "set_tsc"])
    if (typeof exports[name] !== "function") throw new EmulatorVersionError(name);
  if (!(exports.memory instanceof WebAssembly.Memory)) throw new EmulatorVersionError("memory");
  return exports as EmulatorExports;
}

/**
 * Has guest code compiled at once. v86 compiles in the background, one module at a time, and interprets everything else that
 * is hot for as long. Replaces an import, so it comes before the emulator's code is instantiated; `emulator` gives the exports
 * after that.
 */
export function compileAtOnce(
  imports: EmulatorImports,
  emulator: () => EmulatorExports | undefined,
  failed: (error: unknown) => void,
): void {
  const table = imports.__indirect_function_table;
  let jitImports: WebAssembly.ModuleImports | undefined;
  imports.codegen_finalize = (tableIndex, physicalAddress, stateFlags, offset, length) => {
    const exports = emulator()!;
    jitImports ??= importsOf(exports);
    const module = new WebAssembly.Module(new Uint8Array(exports.memory.buffer, offset >>> 0, length >>> 0));
    const { f } = new WebAssembly.Instance(module, { e: jitImports }).exports;
    table.set(tableIndex + TABLE_OFFSET, f);
    // The emulator holds its lock on the compiler until this call has returned.
    queueMicrotask(() => {
      try {
        exports.codegen_finalize_finished(tableIndex, physicalAddress, stateFlags);
      } catch (error) {
        failed(error);
      }
    });
  };
}

/** Tells the instantiated emulator its settings. */
export function configureJit(exports: EmulatorExports, { pages, extraBlocks }: JitSettings): void {
  exports.set_jit_config(CONFIG_MAX_PAGES, pages);
  exports.set_jit_config(CONFIG_MAX_EXTRA_BASIC_BLOCKS, extraBlocks);
}

/** What a compiled module imports as `e`: the memory, and the emulator's functions (create_jit_imports of v86's src/cpu.js). */
function importsOf(exports: EmulatorExports): WebAssembly.ModuleImports {
  const functions = Object.entries(exports).filter(
    ([name]) => !name.startsWith("_") && !name.startsWith("zstd") && !name.endsWith("_js"),
  );
  return { ...Object.fromEntries(functions), m: exports.memory };
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(wanted[0]!, from); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1)) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}

/** Three bytes: from 8,192 to 1,048,575, as the wasm core specification's signed LEB128 has it (section 5.2.2). */
function signedLeb128(value: number): Uint8Array {
  return Uint8Array.of(0x80 | (value & 0x7f), 0x80 | ((value >> 7) & 0x7f), (value >> 14) & 0x7f);
}
