import { describe, expect, it } from 'vitest';
import {
  parseHeaderList,
  parseKeyValueList,
  validHeaders,
} from '../../../src/telemetry/export/otlp-headers.ts';

describe('parseKeyValueList', () => {
  it.each([
    [undefined, {}],
    ['', {}],
    [' , ', {}],
    ['a=1', { a: '1' }],
    [' a = 1 , b=2,', { a: '1', b: '2' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=', { a: '' }],
    ['a=x%20y%2Cz', { a: 'x y,z' }],
    ['a=1,a=2', { a: '2' }],
  ])('reads %j', (text, expected) => {
    expect(parseKeyValueList(text, 'X')).toEqual(expected);
  });

  it.each([
    ['a', 'X: item 1 is not of the form name=value'],
    ['a=1,=2', 'X: item 2 is not of the form name=value'],
    ['a=%zz', 'X: a value is not correctly percent-encoded'],
  ])('refuses %j', (text, message) => {
    expect(() => parseKeyValueList(text, 'X')).toThrow(message);
  });
});

describe('headers', () => {
  it('are lower-cased and trimmed', () => {
    expect(validHeaders({ ' Authorization ': ' Bearer x ' }, 'h')).toEqual({ authorization: 'Bearer x' });
    expect(parseHeaderList('X-Tenant=a', 'h')).toEqual({ 'x-tenant': 'a' });
  });

  it.each([
    ['a name with a space', { 'a b': 'secret' }, /"a b" is not a header name/],
    ['an empty name', { '': 'secret' }, /is not a header name/],
    ['a binary header', { 'x-bin': 'secret' }, /reserved by gRPC/],
    ['a header of gRPC', { 'grpc-timeout': 'secret' }, /reserved by gRPC/],
    ['a line break', { a: 'secret\nb' }, /value of header "a"/],
    ['other scripts', { a: 'secret é' }, /value of header "a"/],
  ])('with %s are refused, without telling the value', (_name, headers, message) => {
    expect(() => validHeaders(headers, 'h')).toThrow(message);
    expect(() => validHeaders(headers, 'h')).not.toThrow(/secret/);
  });
});
