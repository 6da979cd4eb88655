import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCall, encodeCallError, encodeCallResult, encodeCallResultError, encodeSend } from './encode.js';
import { type Call, parseFrame, payloadText } from './frame.js';
import { LIMITS } from './limits.js';

const faultOf = (text: string, limits = LIMITS, version: Parameters<typeof parseFrame>[2] = 'ocpp2.1') => {
  const frame = parseFrame(text, limits, version);
  return frame.kind === 'bad' ? frame.fault : frame.kind;
};

describe('parseFrame reads', () => {
  it('a CALL', () => {
    expect(parseFrame('[2,"19223201","BootNotification",{"chargePointModel":"M","chargePointVendor":"V"}]')).toEqual({
      kind: 'call',
      messageId: '19223201',
      action: 'BootNotification',
      payload: { chargePointModel: 'M', chargePointVendor: 'V' },
    });
  });

  it('a CALLRESULT', () => {
    expect(parseFrame(' [3, "a", {"status": "Accepted"}]\n')).toEqual({
      kind: 'callResult',
      messageId: 'a',
      payload: { status: 'Accepted' },
    });
  });

  it('a CALLERROR', () => {
    expect(parseFrame('[4,"162376037","NotSupported","no such thing",{"a":1}]')).toEqual({
      kind: 'callError',
      messageId: '162376037',
      code: 'NotSupported',
      description: 'no such thing',
      details: { a: 1 },
    });
  });

  it('a CALLRESULTERROR and a SEND of 2.1', () => {
    expect(parseFrame('[5,"a","FormatViolation","",{}]')).toMatchObject({ kind: 'callResultError', code: 'FormatViolation' });
    expect(parseFrame('[6,"a","NotifyPeriodicEventStream",{"id":123}]')).toEqual({
      kind: 'send',
      messageId: 'a',
      action: 'NotifyPeriodicEventStream',
      payload: { id: 123 },
    });
  });

  it.each(['ocpp1.6', 'ocpp2.0.1'] as const)('5 and 6 as unknown in %s', (version) => {
    expect(faultOf('[5,"a","FormatViolation","",{}]', LIMITS, version)).toBe('MessageTypeUnknown');
    expect(faultOf('[6,"a","X",{}]', LIMITS, version)).toBe('MessageTypeUnknown');
  });

  it('OCPP 2.1 Part 4 §4.1.5: null as the empty payload', () => {
    expect(parseFrame('[2,"a","Heartbeat",null]')).toMatchObject({ kind: 'call', payload: {} });
    expect(parseFrame('[3,"a",null]')).toMatchObject({ kind: 'callResult', payload: {} });
  });

  it('a CALLERROR without description or details', () => {
    expect(parseFrame('[4,"a","GenericError"]')).toMatchObject({ kind: 'callError', code: 'GenericError', description: '', details: {} });
    expect(parseFrame('[4,"a","GenericError",null,null]')).toMatchObject({ kind: 'callError', description: '', details: {} });
  });

  it('a payload that names a prototype as plain data', () => {
    const frame = parseFrame('[2,"a","DataTransfer",{"__proto__":{"polluted":true}}]');
    expect(frame.kind).toBe('call');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('parseFrame refuses', () => {
  it.each([
    ['', 'NotJson'],
    ['hello', 'NotJson'],
    ['[2,"a","Heartbeat",{}', 'NotJson'],
    ['[2,"a","Heartbeat",{}]x', 'NotJson'],
    ['[2,"a","Heartbeat",{"a":"\n"}]', 'NotJson'],
    ['{}', 'NotArray'],
    ['null', 'NotArray'],
    ['2', 'NotArray'],
    ['[]', 'MessageTypeUnknown'],
    ['["2","a","Heartbeat",{}]', 'MessageTypeUnknown'],
    ['[1,"a","Heartbeat",{}]', 'MessageTypeUnknown'],
    ['[7,"a","Heartbeat",{}]', 'MessageTypeUnknown'],
    ['[2]', 'MessageIdMissing'],
    ['[2,"","Heartbeat",{}]', 'MessageIdMissing'],
    ['[2,1,"Heartbeat",{}]', 'MessageIdNotString'],
    ['[2,null,"Heartbeat",{}]', 'MessageIdNotString'],
    ['[2,"a"]', 'WrongArity'],
    ['[2,"a","Heartbeat"]', 'WrongArity'],
    ['[2,"a","Heartbeat",{},{}]', 'WrongArity'],
    ['[2,"a",5,{}]', 'ActionNotString'],
    ['[2,"a","Heartbeat",[]]', 'PayloadNotObject'],
    ['[2,"a","Heartbeat","{}"]', 'PayloadNotObject'],
    ['[3,"a"]', 'WrongArity'],
    ['[3,"a",{},{}]', 'WrongArity'],
    ['[3,"a",[]]', 'PayloadNotObject'],
    ['[4,"a"]', 'WrongArity'],
    ['[4,"a","E","",{},1]', 'WrongArity'],
    ['[4,"a",4,"",{}]', 'ErrorNotReadable'],
    ['[6,"a","X"]', 'WrongArity'],
  ])('%s: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it('keeps the message id of a truncated frame', () => {
    expect(parseFrame('[2, "19223201", "BootNot')).toMatchObject({ fault: 'NotJson', messageId: '19223201', messageType: 2 });
    expect(parseFrame('[2, "192232')).toMatchObject({ fault: 'NotJson', messageId: undefined });
  });
});

describe('limits', () => {
  it('frame: bytes of UTF-8, not characters', () => {
    const limits = { ...LIMITS, frameBytes: 100 };
    const frameOf = (bytes: number, character: string, width: number) => {
      const head = '[2,"a","DataTransfer",{"vendorId":"';
      const padding = (bytes - head.length - 3) % width;
      return `${head}${'.'.repeat(padding)}${character.repeat((bytes - head.length - 3 - padding) / width)}"}]`;
    };
    for (const [character, width] of [
      ['x', 1],
      ['é', 2],
      ['€', 3],
      ['🔌', 4],
    ] as const) {
      expect(Buffer.byteLength(frameOf(100, character, width))).toBe(100);
      expect(faultOf(frameOf(100, character, width), limits)).toBe('call');
      expect(Buffer.byteLength(frameOf(101, character, width))).toBe(101);
      expect(faultOf(frameOf(101, character, width), limits)).toBe('FrameTooLong');
    }
  });

  it('frame: counts the bytes of any text', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff'),
    );
    fc.assert(
      fc.property(text, (value) => {
        const frame = JSON.stringify([3, 'a', { value: value.toWellFormed() }]);
        const frameBytes = Buffer.byteLength(frame);
        expect(faultOf(frame, { ...LIMITS, frameBytes })).toBe('callResult');
        expect(faultOf(frame, { ...LIMITS, frameBytes: frameBytes - 1 })).toBe('FrameTooLong');
      }),
    );
  });

  it('frame: the default takes a device model of 500 variables', () => {
    const variable = {
      component: { name: 'C'.repeat(50) },
      variable: { name: 'V'.repeat(50) },
      variableAttribute: [{ type: 'Actual', value: 'x'.repeat(200) }],
    };
    const frame = encodeCall('a', 'NotifyReport', { reportData: Array.from({ length: 500 }, () => variable) });
    expect(faultOf(frame)).toBe('call');
    expect(faultOf(`[2,"a","DataTransfer",{"vendorId":"${'x'.repeat(LIMITS.frameBytes)}"}]`)).toBe('FrameTooLong');
  });

  it('nesting: the frame itself is the first level', () => {
    const nested = (depth: number) => `[2,"a","DataTransfer",{"data":${'['.repeat(depth - 2)}${']'.repeat(depth - 2)}}]`;
    expect(faultOf(nested(LIMITS.nesting))).toBe('call');
    expect(faultOf(nested(LIMITS.nesting + 1))).toBe('NestedTooDeep');
    expect(faultOf('['.repeat(100_000))).toBe('NestedTooDeep');
    expect(faultOf('{"a":'.repeat(20_000))).toBe('NestedTooDeep');
  });

  it('nesting: many objects beside each other, and brackets in strings, are not deep', () => {
    expect(faultOf(encodeCall('a', 'X', { list: Array.from({ length: 1000 }, () => ({ a: [1] })) }))).toBe('call');
    expect(faultOf(encodeCall('a', 'X', { text: '"[{'.repeat(1000), other: '\\"[', list: Array.from({ length: 99 }, () => []) }))).toBe(
      'call',
    );
  });

  it('message id', () => {
    const frame = (length: number) => `[2,"${'i'.repeat(length)}","Heartbeat",{}]`;
    expect(faultOf(frame(LIMITS.messageIdLength))).toBe('call');
    expect(parseFrame(frame(LIMITS.messageIdLength + 1))).toMatchObject({ fault: 'MessageIdTooLong', messageId: 'i'.repeat(37) });
    expect(parseFrame(frame(LIMITS.messageIdEchoLength + 1))).toMatchObject({ fault: 'MessageIdTooLong', messageId: undefined });
  });
});

describe('for any input', () => {
  const id = fc.string({ minLength: 1, maxLength: LIMITS.messageIdLength });
  const payload = fc
    .dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 }), { maxKeys: 5 })
    .map((value) => JSON.parse(JSON.stringify(value)));

  it('never throws', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => void parseFrame(text)));
  });

  it('never throws on a damaged frame', () => {
    fc.assert(
      fc.property(id, payload, fc.nat(), fc.string({ maxLength: 3 }), (messageId, body, at, insert) => {
        const text = encodeCall(messageId, 'MeterValues', body);
        const cut = at % text.length;
        parseFrame(text.slice(0, cut));
        parseFrame(text.slice(0, cut) + insert + text.slice(cut + 1));
      }),
    );
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(id, fc.string(), payload, (messageId, action, body) => {
        expect(parseFrame(encodeCall(messageId, action, body))).toEqual({ kind: 'call', messageId, action, payload: body });
        expect(parseFrame(encodeSend(messageId, action, body))).toEqual({ kind: 'send', messageId, action, payload: body });
        expect(parseFrame(encodeCallResult(messageId, body))).toEqual({ kind: 'callResult', messageId, payload: body });
      }),
    );
  });

  it('reads back errors, with the description cut to 255 characters', () => {
    fc.assert(
      fc.property(id, fc.string(), fc.string({ maxLength: 300 }), payload, (messageId, code, message, details) => {
        const error = { messageId, code, description: message.slice(0, LIMITS.errorDescriptionLength), details };
        expect(parseFrame(encodeCallError(messageId, { code, message, details }))).toEqual({ kind: 'callError', ...error });
        expect(parseFrame(encodeCallResultError(messageId, { code, message, details }))).toEqual({ kind: 'callResultError', ...error });
      }),
    );
  });
});

describe('payloadText', () => {
  const cut = (text: string) => payloadText(parseFrame(text) as Call, text);

  it.each(['[2,"1","A",{"b":"}]","c":[{}]}]', '[2, "1", "A", {"b": "}]", "c": [{}]}]', '[2,"1","A",{}]'])(
    'is the payload of %s',
    (text) => {
      expect(JSON.parse(cut(text) as string)).toEqual((parseFrame(text) as Call).payload);
    },
  );

  it.each([
    ['is spread over lines', '[2,"1","A",{\n"b":1}]'],
    ['writes its id with an escape', '[2,"\\u0031","A",{"b":1}]'],
    ['has a quote in its id', '[2,"\\"","A",{"b":1}]'],
    ['has no payload', '[2,"1","A",null]'],
    ['begins with a space', ' [2,"1","A",{"b":1}]'],
    ['ends with a space', '[2,"1","A",{"b":1}] '],
  ])('cuts nothing out of a frame that %s', (_, text) => {
    expect(parseFrame(text).kind).toBe('call');
    expect(cut(text)).toBeUndefined();
  });

  it('cuts nothing out of what is no frame', () => {
    expect(payloadText({ messageId: '1', action: 'A' }, '<soap:Envelope/>')).toBeUndefined();
  });

  it('is the payload or nothing, whatever the id, the action and the payload', () => {
    const names = fc.oneof(fc.string({ minLength: 1, maxLength: 36 }), fc.constantFrom('","', '{', '",{"', '\\', '"'));
    fc.assert(
      fc.property(names, names, fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (messageId, action, payload, spaced) => {
        const text = JSON.stringify([2, messageId, action, payload], null, spaced ? 1 : 0).replaceAll('\n', ' ');
        const call = parseFrame(text);
        fc.pre(call.kind === 'call');
        const found = payloadText(call as Call, text);
        if (found !== undefined) expect(JSON.parse(found)).toEqual((call as Call).payload);
        else
          expect(spaced || messageId !== JSON.stringify(messageId).slice(1, -1) || action !== JSON.stringify(action).slice(1, -1)).toBe(
            true,
          );
      }),
    );
  });
});
