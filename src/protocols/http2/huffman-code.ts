/**
 * The Huffman code of HPACK (RFC 7541, appendix B) by the length of each symbol's code, one character per symbol
 * 0..255: `A` is 5 bits, `B` 6, ... `Z` 30. The code is canonical: with the lengths, all codes are known. The end symbol
 * (256) has 30 bits.
 */
const LENGTHS = [
  'ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF',
  'IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX',
  'PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS',
  'VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV',
].join('');

export const END_SYMBOL = 256;

export interface HuffmanCode {
  readonly symbol: number;
  readonly code: number;
  readonly bits: number;
}

/** All codes in the order of their values: canonical codes of one length count up, by symbol. */
export function huffmanCodes(): HuffmanCode[] {
  const lengths = [...Array.from(LENGTHS, (letter) => letter.charCodeAt(0) - 60), 30];
  const symbols = lengths.map((bits, symbol) => ({ bits, symbol }));
  symbols.sort((a, b) => a.bits - b.bits || a.symbol - b.symbol);
  let code = 0;
  let before = 0;
  return symbols.map(({ bits, symbol }) => {
    code *= 2 ** (bits - before);
    before = bits;
    return { symbol, bits, code: code++ };
  });
}
