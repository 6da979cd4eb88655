import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from '../testing/harness.js';
import type { FrameChunk } from './frame.schema.js';
import { FrameLog, STATION_FRAMES_MAX } from './frame-log.js';
import { masked } from './mask.js';

describe('a masked frame', () => {
  it.each([
    ['[2,"1","Authorize",{"idTag":"SECRET"}]', '[2,"1","Authorize",{"idTag":"***"}]'],
    [
      '[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag":"SECRET"}}]',
      '[3,"1",{"idTagInfo":{"status":"Accepted","parentIdTag":"***"}}]',
    ],
    [
      '[2,"1","Authorize",{"idToken":{"idToken" : "SECRET","type":"ISO14443"}}]',
      '[2,"1","Authorize",{"idToken":{"idToken" : "***","type":"ISO14443"}}]',
    ],
    ['[2,"1","SignCertificate",{"csr":"SECRET"}]', '[2,"1","SignCertificate",{"csr":"***"}]'],
    ['[2,"1","X",{"idTag":"SEC\\"RET","a":1}]', '[2,"1","X",{"idTag":"***","a":1}]'],
    ['[2,"1","Authorize",{"\\u0069dTag":"SECRET"}]', '[2,"1","Authorize",{"idTag":"***"}]'],
    [
      '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"SECRET"}]',
      '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]',
    ],
    [
      '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"SECRET"}]}]',
      '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":false,"value":"***"}]}]',
    ],
    [
      '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"SECRET","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}]',
      '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}]',
    ],
    ['[2,"1","Broken",{"idTag":"SECRET"', '[2,"1","Broken",{"idTag":"***"'],
    ['[2,"1","Torn",{"idTag":"SEC', '[2,"1","Torn",{"idTag":"***"'],
    ['[2,"1","Torn",{"certificateChain":"SEC\\', '[2,"1","Torn",{"certificateChain":"***"'],
    ['[2,"1","Torn",{"key":"AuthorizationKey","value":"SEC', '[2,"1","Torn",{"key":"***","value":"***"'],
    ['[2,"1","Authorize",{"idTag":4711}]', '[2,"1","Authorize",{"idTag":"***"}]'],
    ['<b><o:idTag>A1</o:idTag></b>', '<b><o:idTag>***</o:idTag></b>'],
    ['\n<b><IdTag x="1">A1 &amp; B</IdTag></b>', '\n<b><IdTag x="1">***</IdTag></b>'],
    ['<b><idTag><![CDATA[A<1]]></idTag><parentIdTag>P', '<b><idTag>***</idTag><parentIdTag>***'],
    ['<b><k>AuthorizationKey</k><n:value>S1</n:value></b>', '<b><k>AuthorizationKey</k><n:value>***</n:value></b>'],
    ['<a:To>http://CP1:secret@csms/ocpp/soap</a:To>', '<a:To>http://***@csms/ocpp/soap</a:To>'],
    ['<b><k>&#65;uthorizationKey</k><value>S1</value></b>', '<b><k>&#65;uthorizationKey</k><value>***</value></b>'],
    [
      '[2,"1","NotifyCustomerInformation",{"data":"Ann \\"A\\", Mill Lane","tbc":false,"seqNo":0}]',
      '[2,"1","NotifyCustomerInformation",{"data":"***","tbc":false,"seqNo":0}]',
    ],
    [
      '[2,"1","UpdateFirmware",{"location":"https://v.example/files/firmware/im-1/CP%201/1900000000/SEC-RE_T/fw.bin","retrieveDate":"x"}]',
      '[2,"1","UpdateFirmware",{"location":"https://v.example/files/firmware/im-1/CP%201/1900000000/***/fw.bin","retrieveDate":"x"}]',
    ],
    [
      '[2,"1","GetLog",{"log":{"remoteLocation":"https://v.example/files/uploads/u-1/SEC-RE_T"},"logType":"SecurityLog"}]',
      '[2,"1","GetLog",{"log":{"remoteLocation":"https://v.example/files/uploads/u-1/***"},"logType":"SecurityLog"}]',
    ],
    ['[2,"1","Torn",{"location":"http://v/files/uploads/u-1/SEC', '[2,"1","Torn",{"location":"http://v/files/uploads/u-1/***'],
    ['<b><location>http://v/files/uploads/u-1/SECRET</location></b>', '<b><location>http://v/files/uploads/u-1/***</location></b>'],
    ['[2,"1","CustomerInformation",{"customerIdentifier":"ann"}]', '[2,"1","CustomerInformation",{"customerIdentifier":"***"}]'],
  ])('%s keeps its secret', (text, expected) => expect(masked(text)).toBe(expected));

  it.each([
    'idTag',
    'parentIdTag',
    'idToken',
    'additionalIdToken',
    'hashIdTag',
    'certificate',
    'certificateChain',
    'csr',
    'signingCertificate',
    'exiRequest',
    'exiResponse',
    'ocspResult',
    'password',
    'basicAuthPassword',
    'apnPassword',
    'apnUserName',
    'customerIdentifier',
    'user',
    'key',
  ])('what %s says is masked where nothing else is said', (name) =>
    expect(masked(`[2,"1","X",{"${name}":"SECRET"}]`)).toBe(`[2,"1","X",{"${name}":"***"}]`),
  );

  it.each([
    '[2,"1","MeterValues",{"connectorId":1,"meterValue":[{"sampledValue":[{"value":"1","unit":"Wh"}]}]}]',
    '[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"60"}]',
    'nonsense',
    '<b><o:idTag/><idTag /><k>HeartbeatInterval</k><value>300</value></b>',
    '[2,"1","DataTransfer",{"vendorId":"v","data":"x"}]',
    '[2,"1","UpdateFirmware",{"location":"https://vendor.example/files/releases/1.2.3/fw.bin"}]',
  ])('%s stays as it is', (text) => expect(masked(text)).toBe(text));
});

describe('a flush of the message log', () => {
  /** Frames of each write, after so many of 40 stations were kept. */
  async function writesOf(framesEach: number, chars: number): Promise<number[]> {
    const writes: number[] = [];
    const chunks = {
      upsert: async (upserts: readonly { readonly doc: FrameChunk }[]) => {
        writes.push(upserts.reduce((sum, { doc }) => sum + doc.frames.length, 0));
        return upserts.map(() => true);
      },
    };
    let id = 0;
    const log = new FrameLog(
      chunks as never,
      { now: () => 0 } as never,
      { next: () => `${(id += 1)}` } as never,
      {} as never,
      { enabled: true, retentionMs: 1, metrics: { counter: () => ({ value: 0 }) } } as never,
    );
    for (let station = 0; station < 40; station += 1) {
      const source = { stationId: `S${station}`, frameWindow: 0, framesKept: 0 };
      for (let i = 0; i < framesEach; i += 1) log.sent(source, 0, 'x'.repeat(chars));
    }
    await log.flush();
    return writes;
  }

  it('is made in writes of some milliseconds, and of what waits none is left out', async () => {
    const writes = await writesOf(50, 300);
    expect(writes.length).toBeGreaterThan(5);
    expect(writes.reduce((sum, frames) => sum + frames)).toBe(2_000);
  });

  it('is made in few writes however much waits: a store that rests between them does not make it fall behind', async () => {
    const writes = await writesOf(90, 5_000);
    expect(writes.length).toBeLessThanOrEqual(17);
    expect(writes.reduce((sum, frames) => sum + frames)).toBe(3_600);
  });
});

describe('the message log', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    await world.start();
  });
  afterEach(() => world.close());

  const list = async (pageSize = 100, pageToken = '') => {
    const page = await world.rpc().listFrames({ stationId: 'CP1', pageSize, pageToken });
    return {
      texts: page.frames.map((frame) => frame.text),
      directions: page.frames.map((frame) => frame.direction),
      next: page.nextPageToken,
    };
  };

  it('shows both directions, newest first, without heartbeats and without secrets', async () => {
    const station = await world.connect();
    await station.ask('Authorize', { idTag: 'SECRET' });
    await station.ask('Heartbeat', {});
    station.raw('nonsense');
    await station.until(() => station.received[2], 'the answer');
    const { texts, directions } = await list();
    expect(texts.slice(1)).toEqual(['nonsense', '[3,"m1",{"idTagInfo":{"status":"Accepted"}}]', '[2,"m1","Authorize",{"idTag":"***"}]']);
    expect(directions).toEqual([
      'FRAME_DIRECTION_TO_STATION',
      'FRAME_DIRECTION_FROM_STATION',
      'FRAME_DIRECTION_TO_STATION',
      'FRAME_DIRECTION_FROM_STATION',
    ]);
  });

  it('is the same before, after and between flushes, and its pages hold every frame once', async () => {
    const station = await world.connect();
    for (let i = 0; i < 25; i++) {
      await station.ask('DataTransfer', { vendorId: `v${i}` });
      if (i === 7 || i === 15) await world.instances[0]?.runtime.flushFrames();
    }
    const { texts } = await list();
    expect(texts).toHaveLength(50);
    expect(texts.filter((text) => text.includes('vendorId')).map((text) => JSON.parse(text)[3].vendorId)).toEqual(
      Array.from({ length: 25 }, (_, i) => `v${24 - i}`),
    );
    const paged: string[] = [];
    let next = '';
    do {
      const page = await list(7, next);
      paged.push(...page.texts);
      next = page.next;
      await world.instances[0]?.runtime.flushFrames();
    } while (next !== '');
    expect(paged).toEqual(texts);
  });

  it('stores what many stations said in several writes, and leaves nothing out', async () => {
    const ids = Array.from({ length: 5 }, (_, i) => `MANY-${i}`);
    for (const stationId of ids) {
      world.device.register(stationId);
      const station = await world.connect({ stationId });
      for (let i = 0; i < 20; i++) await station.ask('DataTransfer', { vendorId: `v${i}`, data: 'x'.repeat(5_000) });
    }
    await world.instances[0]?.runtime.flushFrames();
    for (const stationId of ids) {
      const { frames } = await world.rpc().listFrames({ stationId, pageSize: 100, pageToken: '' });
      expect(frames.filter(({ text }) => text.includes('vendorId')).map(({ text }) => JSON.parse(text)[3].vendorId)).toEqual(
        Array.from({ length: 20 }, (_, i) => `v${19 - i}`),
      );
    }
  });

  it('of a station gone mad keeps a bounded part and says so', async () => {
    const station = await world.connect();
    await Promise.all(Array.from({ length: STATION_FRAMES_MAX }, (_, i) => station.call('DataTransfer', { vendorId: `v${i}` }, `x${i}`)));
    const { texts } = await list(500);
    expect(texts).toHaveLength(STATION_FRAMES_MAX);
    expect(texts[0]).toContain('more frames');
    expect(world.facts('voltlog.connection.DataTransferReceived.v1')).toHaveLength(STATION_FRAMES_MAX);
  });

  it('refuses a page token that is not one of ours', async () => {
    await expect(list(10, 'garbage')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('forgets what is older than its retention', async () => {
    const station = await world.connect();
    await station.ask('DataTransfer', { vendorId: 'old' });
    await world.instances[0]?.runtime.flushFrames();
    world.skewMs += 8 * 86_400_000;
    await world.instances[0]?.runtime.flushFrames();
    expect((await list()).texts).toEqual([]);
  });
});
