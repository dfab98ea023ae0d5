/** How a shell is told to set a variable, and to forget one. Every value is quoted, whatever it holds. */
export interface ShellForm {
  set(name: string, value: string): string;
  unset(name: string): string;
}

const sh = (value: string): string => `'${value.replaceAll("'", "'\\''")}'`;
const fish = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
/** PowerShell takes the typographic quotes for straight ones. */
const powershell = (value: string): string => `'${value.replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;

export const shellForms: Readonly<Record<string, ShellForm>> = {
  sh: {
    set: (name, value) => `export ${name}=${sh(value)}`,
    unset: (name) => `unset ${name}`,
  },
  fish: {
    set: (name, value) => `set -gx ${name} ${fish(value)};`,
    unset: (name) => `set -e ${name};`,
  },
  powershell: {
    set: (name, value) => `$env:${name} = ${powershell(value)}`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction Ignore`,
  },
};
