import { broken } from './broken-app.ts';

const manifest = (more = ''): string => `[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n${more}`;
const needs = (line: string): string => manifest(`\n[dependencies]\n${line}\n`);
const main = (body: string): string => `fn main() { ${body} }\n`;

export const brokenRust = broken('rust', { 'Cargo.toml': manifest(), 'src/main.rs': main('') }, [
  ['an undefined function', { 'src/main.rs': main('nothing();') }, /cannot find function `nothing`/],
  ['a value that was moved', { 'src/main.rs': main('let a = String::new(); drop(a); drop(a);') }, /use of moved value/],
  ['a wrong type', { 'src/main.rs': main('let x: u8 = "one"; let _ = x;') }, /mismatched types/],
  ['a syntax error', { 'src/main.rs': 'fn main( {\n' }, /mismatched|expected|delimiter/],
  ['a module that is missing', { 'src/main.rs': `mod db;\n${main('')}` }, /file not found for module `db`/],
  ['a crate that is not named', { 'src/main.rs': `use serde::Serialize;\n${main('')}` }, /serde/],
  ['a macro that is missing', { 'src/main.rs': main('vecc![1];') }, /cannot find macro `vecc`/],
  [
    'a trait that is not implemented',
    { 'src/main.rs': `struct A;\n${main('println!("{}", A);')}` },
    /doesn't implement `(std::fmt::)?Display`|`A` doesn't implement/,
  ],
  ['a crate that does not exist', { 'Cargo.toml': needs('no-such-crate-42-at-all = "1"') }, /no-such-crate-42-at-all/],
  ['a version that does not exist', { 'Cargo.toml': needs('itoa = "99"') }, /itoa/],
  [
    'a feature that does not exist',
    { 'Cargo.toml': needs('itoa = { version = "1", features = ["nosuch"] }') },
    /nosuch/,
  ],
  ['a manifest that is none', { 'Cargo.toml': '[package\n' }, /Cargo\.toml can't be read/],
  [
    'a manifest without a name',
    { 'Cargo.toml': '[package]\nversion = "0.1.0"\n' },
    /Cargo\.toml can't be read|missing field `name`/,
  ],
  ['an edition that does not exist', { 'Cargo.toml': manifest().replace('2021', '2099') }, /edition|2099/],
  [
    'a lock file that lags behind',
    {
      'Cargo.toml': needs('itoa = "1"'),
      'Cargo.lock': 'version = 3\n\n[[package]]\nname = "shop"\nversion = "0.1.0"\n',
    },
    /Cargo\.lock doesn't fit/,
  ],
  ['a feature of nightlies', { 'src/main.rs': `#![feature(test)]\n${main('')}` }, /nightly/],
  ['a Rust that is too old', { 'Cargo.toml': manifest('rust-version = "1.999"\n') }, /too old|rustc 1\.999/],
  ['a version of Rust that is none', { 'rust-toolchain': 'latest\n' }, /latest/],
  [
    'a library of the system that is missing',
    { 'src/main.rs': `#[link(name = "nosuch")] extern "C" { fn f(); }\n${main('unsafe { f() }')}` },
    /nosuch/,
  ],
  ['a build script that fails', { 'build.rs': main('panic!("no protoc");') }, /build script|build command|no protoc/],
  [
    'a member of the workspace that is missing',
    { 'Cargo.toml': '[workspace]\nmembers = ["api"]\n' },
    /api|Cargo\.toml can't be read/,
  ],
]);
