// SPDX-License-Identifier: Apache-2.0
// The scraper behind a plain HTTP server: observes the namespace it runs in. Arguments: folder of the modules,
// their extension, port, names of the collectors or `all`. JavaScript, because loading TypeScript would add to the memory that is measured.
import { createServer } from 'node:http';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [, , folder = '', extension = '', port = '', names = ''] = process.argv;
const load = (module) => import(pathToFileURL(`${folder}/${module}.${extension}`).href);

const { namespaces } = await load('kernel/namespaces');
const { NamespaceSnapshot } = await load('observe/snapshot');
const { createScraper } = await load('observe/metrics-scraper');
const { COLLECTORS } = await load('metrics/registry');

const io = await namespaces().own();
const snapshot = new NamespaceSnapshot(io);
await snapshot.start();
const wanted = names.split(',');
const scraper = createScraper({
  namespaces: () => [{ name: '', io, snapshot }],
  collectors: COLLECTORS.filter(({ name }) => names === 'all' || wanted.includes(name)),
  clock: { now: Date.now, monotonic: () => performance.now() },
  version: 'bench',
  runtime: process.version,
});
createServer((_request, response) => {
  scraper.scrape().then(
    (body) => {
      response.setHeader('content-type', 'text/plain; version=0.0.4');
      response.setHeader('content-length', body.length);
      response.end(body, () => scraper.release(body));
    },
    (error) => {
      response.statusCode = 500;
      response.end(String(error));
    },
  );
}).listen(Number(port), '127.0.0.1');
