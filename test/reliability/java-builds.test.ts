/* eslint jest/no-standalone-expect: ['error', { additionalTestBlockFunctions: ['itWithJdk', 'itWithJdk.each'] }] */
import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { exists } from '../../src/lib/exists.ts';
import { BuildpackRun } from '../rig/buildpack-run.ts';

const installed = (await readdir('/usr/lib/jvm').catch(() => [])).filter((name) => !name.startsWith('.'));
const hasJdk = (await Promise.all(installed.map((name) => exists(join('/usr/lib/jvm', name, 'bin/javac'))))).includes(
  true,
);
if (!hasJdk) process.stderr.write('skipped: tests of Java builds, because there is no JDK in /usr/lib/jvm\n');
const itWithJdk = hasJdk ? it : it.skip;

const source = (text: string): string =>
  `public class Shop { public static void main(String[] args) { System.out.println("${text} " + System.getenv("JDBC_DATABASE_URL")); } }\n`;

/** Stands in for the build tool, which comes from a network: compiles with the JDK that the buildpack has chosen. */
const tool = (folder: string, log: string): string =>
  [
    '#!/bin/bash',
    'set -e',
    'case "$*" in *"tasks --all"*) echo "stage - all of it"; exit 0 ;; esac',
    `mkdir -p ${folder} classes`,
    'if ! "$JAVA_HOME/bin/javac" -d classes Shop.java 2> errors; then',
    '  sed s/^/[ERROR]\\ / errors; echo "COMPILATION ERROR : Compilation failed"; exit 1',
    'fi',
    `"$JAVA_HOME/bin/jar" cfe ${folder}/shop-1.jar Shop -C classes .; rm -rf classes`,
    `echo "${log} $*"`,
    '',
  ].join('\n');

const tools = [
  {
    name: 'java',
    files: {
      'pom.xml': '<project><properties><maven.compiler.release>17</maven.compiler.release></properties></project>\n',
      mvnw: tool('target', 'maven ran'),
      '.mvn/wrapper/maven-wrapper.properties': '',
    },
    wrapper: 'mvnw',
    ran: /maven ran --batch-mode .*-DskipTests clean install/,
    jar: 'target/shop-1.jar',
  },
  {
    name: 'gradle',
    files: {
      'build.gradle.kts': 'kotlin { jvmToolchain(17) }\n',
      gradlew: tool('build/libs', 'gradle ran'),
    },
    wrapper: 'gradlew',
    ran: /gradle ran --no-daemon .*stage/,
    jar: 'build/libs/shop-1.jar',
  },
] as const;

itWithJdk.each(tools)(
  'builds with $wrapper, again without it, and tells what does not compile',
  async ({ name, files, wrapper, ran, jar }) => {
    await using run = await BuildpackRun.start(name, { JAVA_BUILDPACK_SOURCES: 'machine' });
    const put = async (text: string): Promise<void> => {
      await run.source({ ...files, 'Shop.java': text });
      await chmod(join(run.buildDir, wrapper), 0o755);
    };
    await put(source('one'));

    const cold = await run.compile();

    expect([cold.exitCode, cold.output]).toEqual([0, expect.stringMatching(ran)]);
    expect(cold.report).toMatchObject({ jdk_source: 'machine' });
    expect(cold.release).toContain(`web: "java $JAVA_OPTS -jar ${jar}"`);
    const command = `java $JAVA_OPTS -jar ${jar}`;
    const database = { DATABASE_URL: 'postgres://ada:pass@db.example:5432/shop' };
    const said = (await run.runDyno(command, database)).output;
    expect(said).toContain('one jdbc:postgresql://db.example:5432/shop?user=ada&password=pass');
    expect(said).toMatch(/JAVA_TOOL_OPTIONS: -Xmx\d+m/);

    await put(source('one'));
    const warm = await run.compile();
    expect([warm.exitCode, warm.output]).toEqual([0, expect.stringContaining('Nothing has changed')]);
    expect((await run.runDyno(command)).output).toContain('one null');

    await put(source('two'));
    expect((await run.compile()).output).toMatch(ran);
    expect((await run.runDyno(command)).output).toContain('two null');

    await put('public class Shop { int x = nothing; }\n');
    const broken = await run.compile();
    expect([broken.exitCode, broken.output]).toEqual([1, expect.stringContaining("Error: The app doesn't compile")]);
    expect(broken.output).toMatch(/ ! {5}(\[ERROR\] )?Shop\.java:1: error: cannot find symbol/);
  },
);

itWithJdk.each([
  {
    name: 'java',
    files: { 'pom.xml': '', 'system.properties': 'java.runtime.version=newest\n' },
    says: 'It says: newest',
  },
  {
    name: 'java',
    files: { 'pom.xml': '', 'system.properties': 'java.runtime.version=39\n' },
    says: "A JDK for Java 39 can't be had on this machine",
  },
  { name: 'java', files: { 'pom.xml': '', 'system.properties': 'maven.version=../x\n' }, says: 'no version of Maven' },
  { name: 'gradle', files: { 'build.gradle': '' }, says: 'The Gradle wrapper is missing' },
  {
    name: 'gradle',
    files: { 'build.gradle': '', 'gradle/wrapper/gradle-wrapper.properties': 'distributionUrl=file:///etc/passwd\n' },
    says: 'The Gradle wrapper names no distribution',
  },
])('says what is wrong: $says', async ({ name, files, says }) => {
  await using run = await BuildpackRun.start(name, { JAVA_BUILDPACK_SOURCES: 'machine' });
  await run.source(files);
  const { exitCode, output } = await run.compile();
  expect([exitCode, output]).toEqual([1, expect.stringContaining(says)]);
});
