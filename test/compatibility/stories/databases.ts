import { missingPostgres, startPostgres } from '../../rig/postgres.ts';
import type { Story } from '../story.ts';

const rows = 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements; CREATE TABLE notes (id int primary key, text text);';
const more = 'INSERT INTO notes SELECT n, n FROM generate_series(1, 2000) n; CREATE INDEX by_text ON notes (text);';

/** Of a database anywhere whose URL is in a config var: the CLI asks the platform for that, and speaks to it itself. */
export const databasesStory: Story = {
  title: 'looks into the database of an app',
  missing: missingPostgres,
  steps: [
    async (story) => {
      const server = await startPostgres();
      if (server === null) throw new Error('there is no PostgreSQL server');
      story.use(server);
      await story.commit();
      // The CLI asks for TLS of all hosts but this name.
      story.caught.set('database', server.url.replace('127.0.0.1', 'localhost'));
    },
    ['create databases', /done/],
    ['pg:psql -c SELECT', /databases has no databases/, { exit: 1 }],
    ['config:set DATABASE_URL={database} OTHER_URL=https://example.com', /DATABASE_URL: postgres:/],
    [`pg:psql -c '${rows}'`, /Connecting to .*CREATE TABLE/],
    [`pg:psql DATABASE -c '${more}'`, /CREATE INDEX/],
    ["pg:psql DATABASE_URL -c 'SELECT count(*) FROM notes'", /count .*2000/],
    ["psql -c 'SELECT 6*7 AS answer'", /answer .*42/],
    ['pg:psql OTHER -c SELECT', /has no databases/, { exit: 1 }],
    ['pg:ps', /pid .*state .*query/],
    ['pg:kill 2147483647', /pg_cancel_backend .*f/],
    ['pg:locks', /pid .*relname .*granted/],
    ['pg:blocking', /blocked_pid .*blocking_statement/],
    ['pg:bloat', /type .*object_name .*bloat .*waste/],
    ['pg:cache-hit', /name .*ratio .*table hit rate/],
    ['pg:cache_hit', /table hit rate/],
    ['pg:index-size', /name .*size .*by_text/],
    ['pg:index_size', /by_text/],
    ['pg:index-usage', /relname .*percent_of_times_index_used .*notes/],
    ['pg:index_usage', /notes/],
    ['pg:long-running-queries', /pid .*duration .*query/],
    ['pg:long_running_queries', /pid .*duration .*query/],
    ['pg:records-rank', /name .*estimated_count .*notes/],
    ['pg:records_rank', /notes/],
    ['pg:seq-scans', /name .*count .*notes/],
    ['pg:seq_scans', /notes/],
    ['pg:table-indexes-size', /table .*index_size .*notes/],
    ['pg:table_indexes_size', /notes/],
    ['pg:table-size', /name .*size .*notes/],
    ['pg:table_size', /notes/],
    ['pg:total-index-size', /size .*kB/],
    ['pg:total_index_size', /size .*kB/],
    ['pg:total-table-size', /name .*size .*notes/],
    ['pg:total_table_size', /notes/],
    ['pg:unused-indexes', /table .*index .*index_scans/],
    ['pg:unused_indexes', /index_scans/],
    ['pg:user-connections', /usename .*connection_count|connections/i],
    ['pg:vacuum-stats', /schema .*table .*rowcount .*notes/],
    ['pg:fdwsql notes', /CREATE EXTENSION .*postgres_fdw/],
    ['pg:mandelbrot', /array_to_string/],
    ["pg:psql -c 'DROP TABLE notes'", /DROP TABLE/],
  ],
};
