import type { BuildFailure } from '../model/build.ts';
import type { Words } from './words.ts';

/** Files by which a buildpack knows an app, for those who have none of them. */
const lookedFor = [
  'package.json (Node.js), requirements.txt, pyproject.toml or a lock file (Python), pom.xml (Java),',
  'build.gradle or gradlew (Gradle), go.mod (Go), Cargo.toml (Rust), composer.json or index.php (PHP),',
  'deno.json (Deno), index.html (static site), Procfile or start.sh (anything)',
];

/** The platform has none of its own. */
const elsewhere = 'a buildpack: heroku buildpacks:set <the https:// URL of one>';

/** What people forget to commit, by the files that they did. */
const looksLike: readonly (readonly [pattern: RegExp, language: string, wanted: string])[] = [
  [/\.py$|^Pipfile$|^environment\.ya?ml$/, 'Python', 'requirements.txt'],
  [/\.(c|m)?[jt]sx?$|^node_modules$|^yarn\.lock$|^package-lock\.json$/, 'Node.js', 'package.json'],
  [/\.rb$|^Rakefile$|^config\.ru$|^Gemfile$/, 'Ruby', elsewhere],
  [/\.go$|^go\.sum$/, 'Go', 'go.mod'],
  [/\.rs$|^Cargo\.lock$/, 'Rust', 'Cargo.toml'],
  [/\.php$/, 'PHP', 'index.php or composer.json'],
  [/\.(java|kts?|jar|war)$/, 'Java', 'pom.xml, or build.gradle with its wrapper'],
  [/\.(cs|fs|vb)(proj)?$|\.slnx?$/, '.NET', elsewhere],
  [/\.exs?$/, 'Elixir', elsewhere],
  [/\.(scala|sbt)$/, 'Scala', elsewhere],
  [/^project\.clj$|\.clj$/, 'Clojure', elsewhere],
  [
    /^Dockerfile$|^(docker-)?compose\.ya?ml$/,
    'a container image',
    'the file of its language: images are not built here',
  ],
  [/\.html?$/, 'a static site', 'index.html, or a static.json that names the folder'],
  [/\.sh$/, 'a shell script', "Procfile with a line such as 'web: bash server.sh'"],
];

function guess(rootFiles: readonly string[]): readonly string[] {
  for (const [pattern, language, wanted] of looksLike) {
    const file = rootFiles.find((name) => pattern.test(name));
    if (file !== undefined) return [`Looks like: ${language} (${file}); what is missing is ${wanted}`];
  }
  return [];
}

/** What the pusher of an app that no buildpack knows reads. */
export function noBuildpack({
  rootFiles,
  triedNames,
}: Extract<BuildFailure, { reason: 'no-buildpack-detected' }>): Words {
  const shown = rootFiles.slice(0, 20).join('  ');
  const more = rootFiles.length > 20 ? `  and ${rootFiles.length - 20} more` : '';
  return {
    before: [
      ' !     No default language could be detected for this app.',
      '                        HINT: This occurs when Heroku cannot detect the buildpack to use for this application automatically.',
      '                        See https://devcenter.heroku.com/articles/buildpacks',
    ],
    after: [
      'Failed in: detect',
      `Asked:     ${triedNames.join(', ') || 'no buildpack'}; none of them knows the files of this app`,
      ...lookedFor.map((line, index) => `${index === 0 ? 'Looked for:' : '           '} ${line}`),
      `Root has:  ${shown === '' ? 'nothing (is the commit empty?)' : shown + more}`,
      ...guess(rootFiles),
      'Next:      commit the file that names your language, e.g. requirements.txt for Python, to the root folder;',
      '           if the app lies in a subfolder, push that one: git subtree push --prefix <folder> heroku main',
    ],
  };
}
