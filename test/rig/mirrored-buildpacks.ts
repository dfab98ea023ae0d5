import {
  deployKey,
  jdkOfThisMachine,
  jvmCommon,
  nodeOfThisMachine,
  pythonOfThisMachine,
  shunit,
  type ShelfItem,
} from './mirror-shelf.ts';
import { tinyApp } from './tiny-app.ts';

/** A public buildpack as its authors publish it, and an app that it is made for. */
export interface MirroredBuildpack {
  /** `owner/name`. Its mirror is the git repository `owner+name/repo` of the folder of mirrors. */
  readonly name: string;
  /** What starts with `#!` is made executable. */
  readonly files: Readonly<Record<string, string>>;
  readonly configVars?: Readonly<Record<string, string>>;
  /** Mirrors that compile before it, which it needs. */
  readonly after?: readonly string[];
  /** What HOKKU_MIRROR has for it: what its authors keep at addresses that this machine can't reach. */
  readonly shelf?: readonly ShelfItem[];
  /** Its mirror has all of a commit except these folders, which are not part of what is published: it is served as an archive. */
  readonly archive?: { readonly commit: string; readonly without: readonly string[] };
  /** `built`: the app is released and answers. `stops`: it runs, and ends because what it downloads can't be had on a machine without the internet. */
  readonly outcome: 'built' | 'stops';
  /** In what the pusher sees. */
  readonly says: RegExp;
  /** For the table: what was seen, or what it lacks. */
  readonly note: string;
}

/** Without the platform's own Python the machine's one runs it. */
const web = tinyApp('mirrored', 'web: exec python3 server.py\n');
const { Procfile: _procfile, ...withoutProcfile } = web;
const inline = 'heroku/heroku-buildpack-inline';
const detect = '#!/bin/sh\necho Prepared\n';
const script = (...lines: readonly string[]): string => ['#!/bin/bash', 'set -e', ...lines, ''].join('\n');

/** A step of the app's own before the buildpack, which sets up what a machine with more on it would have. */
const prepared = (...lines: readonly string[]): Record<string, string> => ({
  'bin/detect': detect,
  'bin/compile': script(...lines),
});

/** The JDK of the shelf as `.jdk` of the app, on the PATH of what compiles afterwards. */
const jdkInTheApp = [
  'mkdir -p "$1/.jdk"',
  'curl -fsS https://downloads.example/jdk.tar.gz | tar xz -C "$1/.jdk"',
  'echo "export JAVA_HOME=$1/.jdk PATH=$1/.jdk/bin:\\$PATH" > export',
];

/** Makes the git repository of a buildpack where the build's scripts can clone it from without any network. */
const innerRepository = [
  'mkdir -p "$HOME/inner/bin"; cd "$HOME/inner"',
  `printf '#!/bin/sh\\necho Inner\\n' > bin/detect`,
  `printf '#!/bin/sh\\necho "       inner compiles $(cat "$1/VERSION")"\\n' > bin/compile`,
  `printf '#!/bin/sh\\necho "--- {}"\\n' > bin/release`,
  'git init -q; git add -A; git -c user.name=a -c user.email=a@example.com commit -qm one',
];

export const mirroredBuildpacks: readonly MirroredBuildpack[] = [
  {
    ...{ name: 'heroku/heroku-buildpack-inline', outcome: 'built', says: /inline says mirrored/ },
    files: { ...web, ...prepared('echo "       inline says $(cat "$1/VERSION")"') },
    note: 'the scripts in the app run',
  },
  {
    ...{ name: 'kr/heroku-buildpack-inline', outcome: 'built', says: /inline says mirrored/ },
    files: {
      ...web,
      ...prepared('echo "       inline says $(cat "$1/VERSION")"'),
      'bin/release': '#!/bin/sh\necho "--- {}"\n',
    },
    note: 'the scripts in the app run',
  },
  {
    ...{ name: 'heroku/null-buildpack', outcome: 'built', says: /Nothing to compile/, files: web },
    note: 'the app is released as it is',
  },
  {
    ...{ name: 'dokku/heroku-buildpack-null', outcome: 'built', says: /Performing no commands/ },
    ...{ files: { ...web, '.null': '' }, note: 'the app is released as it is' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-hello', outcome: 'built', says: /Found a hello\.txt/ },
    files: { ...web, 'hello.txt': 'Hello\n' },
    note: 'the app starts with what its `bin/release` prints',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-metrics', outcome: 'built', says: /Setting up \.profile\.d/, files: web },
    note: 'its profile script runs in the dyno, which has no metrics URL',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-multi-procfile', outcome: 'built', says: /Copied sub\/Procfile as Procfile/ },
    files: { ...withoutProcfile, 'sub/Procfile': web['Procfile'] ?? '' },
    ...{ configVars: { PROCFILE: 'sub/Procfile' }, note: 'the Procfile that it copies is the one of the release' },
  },
  {
    ...{ name: 'lstoll/heroku-buildpack-monorepo', outcome: 'built', says: /Copied apps\/one to root of app/ },
    files: inFolder('apps/one'),
    ...{ configVars: { APP_BASE: 'apps/one' }, note: 'the folder becomes the app' },
  },
  {
    ...{ name: 'timanovsky/subdir-heroku-buildpack', outcome: 'built', says: /Subdir buildpack in apps\/one/ },
    files: inFolder('apps/one'),
    ...{ configVars: { PROJECT_PATH: 'apps/one' }, note: 'the folder becomes the app' },
  },
  {
    ...{ name: 'weibeld/heroku-buildpack-run', outcome: 'built', says: /ran with yes/ },
    files: { ...web, 'step.sh': '#!/bin/sh\necho "       ran with $TOLD"\n' },
    ...{ configVars: { BUILDPACK_RUN: './step.sh', BUILDPACK_RUN_LOAD_CONFIG: '1', TOLD: 'yes' } },
    note: 'the command runs with the config vars of ENV_DIR',
  },
  {
    ...{ name: 'niteoweb/heroku-buildpack-shell', outcome: 'built', says: /Running \.heroku\/run\.sh[^]*shell runs/ },
    files: { ...web, '.heroku/run.sh': 'echo "       shell runs"\n' },
    note: 'the script of the app runs',
  },
  {
    ...{ name: 'ianpurvis/heroku-buildpack-version', outcome: 'built', says: /SOURCE_VERSION: [0-9a-f]{40}/ },
    files: web,
    note: 'detects by SOURCE_VERSION, which is the commit',
  },
  {
    ...{ name: 'buyersight/heroku-google-application-credentials-buildpack', outcome: 'built', files: web },
    ...{ configVars: { GOOGLE_CREDENTIALS: '{"type": "none"}' }, says: /Generating \.profile\.d file/ },
    note: 'the app starts with its profile script',
  },
  {
    ...{ name: 'debitoor/ssh-private-key-buildpack', outcome: 'built', says: /No SSH private key/, files: web },
    ...{ configVars: { SSH_KEY: '' }, note: 'without a key; scripts committed without execute bits' },
  },
  {
    ...{
      name: 'gunpowderlabs/buildpack-ruby-rake-deploy-tasks',
      outcome: 'built',
      says: /DEPLOY_TASKS has not been set/,
    },
    ...{ files: { ...web, Rakefile: 'task :x\n' }, note: 'without tasks' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-multi', outcome: 'built', says: /Detected Framework: Inner[^]*inner compiles/ },
    files: {
      ...web,
      ...prepared('build="$1"', ...innerRepository, 'echo "file://$HOME/inner" > "$build/.buildpacks"'),
    },
    ...{ after: [inline], note: 'clones the buildpack of `.buildpacks` itself' },
  },
  {
    ...{ name: 'dokku/heroku-buildpack-multi', outcome: 'built', says: /Detected Framework: Inner[^]*inner compiles/ },
    files: {
      ...web,
      ...prepared('build="$1"', ...innerRepository, 'echo "file://$HOME/inner" > "$build/.buildpacks"'),
    },
    ...{ after: [inline], note: 'clones the buildpack of `.buildpacks` itself' },
  },
  {
    ...{ name: 'Pagedraw/heroku-buildpack-select-subdir', outcome: 'built', says: /inner compiles mirrored/ },
    files: { ...web, ...inFolder('sub'), ...prepared(...innerRepository) },
    ...{ after: [inline], configVars: { BUILDPACK: 'sub=file:///app/inner' }, note: 'compiles the folder with it' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-nginx', outcome: 'built', says: /Added start-nginx to app\/bin/ },
    files: {
      ...web,
      ...prepared(
        'mkdir -p "$1/tools"',
        `printf '#!/bin/sh\\n' > "$1/tools/erb"; chmod +x "$1/tools/erb"`,
        'echo "export PATH=$1/tools:\\$PATH" > export',
      ),
    },
    ...{ after: ['heroku/heroku-buildpack-inline'], note: 'with an `erb` of an earlier buildpack on the PATH' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-pgbouncer', outcome: 'built', says: /pgbouncer-buildpack: done/, files: web },
    note: 'compiles; its program was not run, and needs libcares2, which the machine had not',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-apt', outcome: 'built' },
    says: /Fetching \.debs for hello[^]*Installing hello/,
    files: { ...withoutProcfile, Aptfile: 'hello\n', Procfile: 'web: hello > VERSION && exec python3 server.py\n' },
    note: 'a package of Debian, whose program runs in the dyno',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-go', outcome: 'built', says: /-----> Using go\d[^]*Running: go install/ },
    files: {
      ...prepared(
        'version="$(head -1 /usr/local/go/VERSION)"; tools="$2/.heroku/go/$version/go"',
        'if [ ! -d "$tools" ]; then mkdir -p "$tools"; cp -a /usr/local/go/. "$tools"; fi',
        'printf "module example.com/web\\n\\ngo %s\\n" "${version#go}" > "$1/go.mod"',
      ),
      'main.go': goServer(),
    },
    ...{ after: [inline], note: 'its cache holds the compiler of the machine, put there by an earlier step' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-jvm-common', outcome: 'built', says: /Using provided JDK/ },
    files: {
      ...web,
      ...prepared('mkdir -p "$1/.jdk/bin"', `printf '#!/bin/sh\\n' > "$1/.jdk/bin/java"; chmod +x "$1/.jdk/bin/java"`),
    },
    ...{ after: [inline], note: 'with a JDK in the app' },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-python', outcome: 'built' },
    says: /(Installing Python 3|Using cached install of Python)[^]*(Installing dependencies|Using cached).*pip|pip install -r requirements\.txt/,
    files: { ...web, 'requirements.txt': 'flask==3.0.3\n', 'server.py': flaskServer() },
    ...{
      shelf: [pythonOfThisMachine],
      note: 'Flask from PyPI; its S3 bucket stood for by HOKKU_MIRROR with a Python of the machine',
    },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-nodejs', outcome: 'built' },
    archive: { commit: '4a960622', without: ['test', 'cmd', 'spec', 'etc'] },
    says: /Installing binaries[^]*Installing dependencies[^]*Build succeeded/,
    files: {
      ...withoutProcfile,
      'package.json': '{"name":"x","version":"1.0.0","engines":{"node":"22.x"},"dependencies":{"express":"4.21.2"}}\n',
      'index.js': expressServer(),
      Procfile: 'web: node index.js\n',
    },
    ...{
      shelf: [nodeOfThisMachine],
      note: 'Express from the npm registry; NODE_BINARY_URL with the Node.js of the machine',
    },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-java', outcome: 'built' },
    says: /Using provided JDK[^]*Executing Maven[^]*BUILD SUCCESS/,
    files: {
      ...prepared(...jdkInTheApp),
      'pom.xml': pom(),
      'src/main/java/Web.java': javaServer(),
      Procfile: javaProcfile('target/classes'),
    },
    ...{ after: [inline], shelf: [jvmCommon, jdkOfThisMachine] },
    note: 'Maven and its plugins from Maven Central; a JDK in the app; its S3 bucket stood for by HOKKU_MIRROR',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-gradle', outcome: 'built' },
    says: /Using provided JDK[^]*Executing Gradle[^]*stage: compiled/,
    files: {
      ...prepared(...jdkInTheApp),
      gradlew: gradleStandIn(),
      'Web.java': javaServer(),
      Procfile: javaProcfile('out'),
    },
    ...{ after: [inline], shelf: [jvmCommon, jdkOfThisMachine] },
    note: 'a script of the app in place of the Gradle wrapper, a JDK in the app; its S3 bucket stood for by HOKKU_MIRROR',
  },
  {
    ...{ name: 'heroku/heroku-buildpack-testrunner', outcome: 'built' },
    says: /Installing shunit2-2\.1\.6\.{4} done[^]*Installing Buildpack Testrunner/,
    files: { ...web, ...prepared('true'), 'bin/release': '#!/bin/sh\n', 'test/x.sh': '' },
    ...{ shelf: [shunit], note: "shunit2 of Debian's package, in HOKKU_MIRROR" },
  },
  {
    ...{ name: 'heroku/heroku-buildpack-c', outcome: 'built', says: /Compiling with Make[^]*made by make/ },
    files: {
      ...web,
      Makefile: 'all:\n\tcc -o tool tool.c\n\t@echo made by make\n',
      'tool.c': 'int main(void) { return 0; }\n',
    },
    note: 'the Makefile of the app, with the compiler of the machine',
  },
  {
    ...{ name: 'negativetwelve/heroku-buildpack-subdir', outcome: 'built' },
    says: /Detected Framework: Inner[^]*inner compiles mirrored/,
    files: {
      ...web,
      ...inFolder('sub'),
      ...prepared('build="$1"', ...innerRepository, 'echo "sub=file://$HOME/inner" > "$build/.buildpacks"'),
    },
    ...{ after: [inline], note: 'compiles the folder with it' },
  },
  {
    ...{ name: 'siassaj/heroku-buildpack-git-deploy-keys', outcome: 'built' },
    ...{ says: /Using GIT_DEPLOY_KEY[^]*Wrote ssh key/, files: web },
    ...{ shelf: [deployKey], note: 'with a key in a config var' },
  },
  {
    ...{ name: 'emk/heroku-buildpack-rust', outcome: 'stops', says: /Downloading rustup[^]*Failed in: compile/ },
    ...{ files: { ...web, 'Cargo.toml': '[package]\nname = "x"\nversion = "0.1.0"\n' }, note: 'needs sh.rustup.rs' },
  },
];

function inFolder(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(web).map(([path, content]) => [`${folder}/${path}`, content]));
}

function goServer(): string {
  return [
    'package main',
    'import ("fmt"; "net/http"; "os")',
    'func main() {',
    '  http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "go of ", os.Getenv("DYNO")) })',
    '  http.ListenAndServe(":"+os.Getenv("PORT"), nil)',
    '}',
    '',
  ].join('\n');
}

function flaskServer(): string {
  return [
    'import os',
    'from flask import Flask',
    'app = Flask(__name__)',
    '@app.route("/")',
    'def root(): return "flask of " + os.environ["DYNO"]',
    'app.run("0.0.0.0", int(os.environ["PORT"]))',
    '',
  ].join('\n');
}

function expressServer(): string {
  return [
    "const app = require('express')();",
    "app.get('/', (_request, response) => response.send(`express of ${process.env.DYNO}`));",
    'app.listen(process.env.PORT);',
    '',
  ].join('\n');
}

function javaServer(): string {
  return [
    'import com.sun.net.httpserver.HttpServer;',
    'import java.net.InetSocketAddress;',
    'public class Web {',
    '  public static void main(String[] args) throws Exception {',
    '    int port = Integer.parseInt(System.getenv("PORT"));',
    '    HttpServer server = HttpServer.create(new InetSocketAddress(port), 0);',
    '    server.createContext("/", exchange -> {',
    '      exchange.sendResponseHeaders(200, 4);',
    '      exchange.getResponseBody().write("java".getBytes());',
    '      exchange.close();',
    '    });',
    '    server.start();',
    '  }',
    '}',
    '',
  ].join('\n');
}

function javaProcfile(classes: string): string {
  return `web: exec .jdk/bin/java -Xmx128m -cp ${classes} Web\n`;
}

function pom(): string {
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>com.example</groupId><artifactId>web</artifactId><version>1</version>',
    '  <properties>',
    '    <maven.compiler.release>17</maven.compiler.release>',
    '    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>',
    '  </properties>',
    '</project>',
    '',
  ].join('\n');
}

/** Gradle itself is on no registry: the tasks that the buildpack asks for, done with javac. */
function gradleStandIn(): string {
  return script(
    'case "$*" in',
    '  --version) echo "Gradle 9.0.0" ;;',
    '  "tasks --all") echo "stage - compiles" ;;',
    '  stage) mkdir -p out; "$JAVA_HOME/bin/javac" -d out Web.java; echo "stage: compiled" ;;',
    'esac',
  );
}
