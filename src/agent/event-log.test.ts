// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import type { EventQuery, FeedEvent } from '../api/schemas/events.ts';
import type { Change } from '../model/change.ts';
import { EventLog } from './event-log.ts';

const change = (kind: string, netns = ''): Change =>
  ({ kind, action: 'new', netns, time: 0, object: {} }) as never;

function follow(log: EventLog, query: EventQuery = {}, after?: string) {
  const events: FeedEvent[] = [];
  const stop = log.follow(query, after, (event) => events.push(event));
  return {
    events,
    stop,
    ids: () => events.map(({ id }) => id),
    kinds: () => events.map(({ body }) => body.kind),
  };
}

describe('EventLog', () => {
  it('delivers what is wanted, in order, until told to stop', () => {
    const log = new EventLog('r', 10);
    const all = follow(log);
    const links = follow(log, { kind: ['link'], netns: 'a' });
    log.publish(change('link', 'a'));
    log.publish(change('route', 'a'));
    log.publish(change('link'));
    all.stop();
    log.publish(change('link', 'a'));
    expect(all.ids()).toEqual(['r-1', 'r-2', 'r-3']);
    expect(links.ids()).toEqual(['r-1', 'r-4']);
  });

  it('tells of lost changes to those whose kinds they are', () => {
    const log = new EventLog('r', 10);
    const routes = follow(log, { kind: ['route'] });
    const links = follow(log, { kind: ['link'] });
    log.publish({ kind: 'lost', netns: '', time: 0, kinds: ['route', 'rule'] });
    expect([routes.kinds(), links.kinds()]).toEqual([['lost'], []]);
  });

  it('resumes behind the last event that a follower has', () => {
    const log = new EventLog('r', 10);
    for (let i = 0; i < 5; i++) log.publish(change('link'));
    expect(follow(log, {}, 'r-3').ids()).toEqual(['r-4', 'r-5']);
    expect(follow(log, {}, 'r-5').ids()).toEqual([]);
    expect(follow(log, {}, 'r-0').ids()).toHaveLength(5);
  });

  it.each(['x-3', 'r-99', 'nonsense', '', 'r--1'])('states a gap for the id "%s"', (after) => {
    const log = new EventLog('r', 10);
    for (let i = 0; i < 3; i++) log.publish(change('link'));
    expect(follow(log, {}, after).kinds()).toEqual(['gap', 'link', 'link', 'link']);
  });

  it('keeps at least its capacity, and states a gap for what is gone', () => {
    const log = new EventLog('r', 4);
    for (let i = 0; i < 100; i++) log.publish(change('link'));
    expect(follow(log, {}, 'r-96').ids()).toEqual(['r-97', 'r-98', 'r-99', 'r-100']);
    const late = follow(log, {}, 'r-10');
    expect(late.kinds()[0]).toBe('gap');
    // The id of the gap resumes without another one.
    expect(follow(log, {}, late.events[0]?.id).kinds()).not.toContain('gap');
  });

  it('states a gap for everything before an interruption', () => {
    const log = new EventLog('r', 10);
    log.publish(change('link'));
    log.interrupt();
    expect(follow(log, {}, 'r-1').kinds()).toEqual(['gap']);
  });
});
