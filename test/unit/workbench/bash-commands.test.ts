import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { spawn } from '../../../src/lib/spawn.ts';
import { bashCommands } from '../../../src/workbench/bash-commands.ts';

/** Every command in it runs. */
const script = String.raw`#!/usr/bin/env bash
# A comment with 'one quote
set -euo pipefail

greet() { # what it does
  local name="$1" \
    other="\"quoted\" $(
      echo nested
    )"
  if [[ -n "$name" ]] && # both
    [[ "$name" != "x" ]]; then
    echo "Hello, $name: it's ) fine # not a comment"
  else
    echo 'several
lines # of text
in one'
  fi
}

function shout {
  greet "$1" | tr a-z A-Z
}
greet you
greet x
shout me

list=(
  one
  "two)"
)
for item in "${'${list[@]}'}"; do
  case "$item" in
    one | uno)
      echo "1"
      ;;
    "two)") echo "2" ;;
    *)
      ;;
  esac
done
cat <<END | sed 's/a/b/'
if this were code; then
  it would not run
END
cat <<-'DONE' >/dev/null
	exit 1
	DONE
count=$((1 << 2))
while ((count > 3)); do
  count=$((count - 1))
done <<<"here"
(
  cd /
  pwd
)
{
  echo grouped
} >/dev/null
value="$(
  echo inner
)"
true ||
  false
echo "${'${value#*n}'} ${'${#list[@]}'}" \
  "end"
`;

it('tells the commands of a script from the rest, as bash itself sees them', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'trace-'));
  try {
    await writeFile(join(dir, 'script'), script);
    const program = `exec 9>"${dir}/trace"; BASH_XTRACEFD=9; PS4='+@\${BASH_SOURCE[0]-}:\${LINENO}@ '; set -x; . "${dir}/script"`;
    const { exitCode, stderr } = await spawn('bash', ['-c', program], { env: { PATH: process.env['PATH'] ?? '' } });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const trace = await readFile(join(dir, 'trace'), 'utf8');
    const seen = new Set([...trace.matchAll(/^\++@.+:(\d+)@ /gm)].map(([, line]) => Number(line)));
    const commands = bashCommands(script).filter(({ isCommand }) => isCommand);
    const text = script.split('\n');
    const notRun = commands.filter(({ first, last }) => ![...seen].some((line) => line >= first && line <= last));
    // It is the only one that is written not to run.
    expect(notRun.map(({ first }) => text[first - 1])).toEqual(['  false']);
    const unknown = [...seen].filter((line) => !commands.some(({ first, last }) => line >= first && line <= last));
    expect(unknown.map((line) => text[line - 1])).toEqual([]);
    expect(commands.filter(({ first }) => /would not|exit 1|lines # of/.test(text[first - 1] ?? ''))).toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});
