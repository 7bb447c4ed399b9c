package tokens

import "encoding/binary"

// The text of a code is a prefix and the base45 (RFC 9285) of the wire bytes. Base45
// uses exactly the characters of QR alphanumeric mode, so it costs 3 % over raw bytes
// (base64: a third), and scanners that emulate a keyboard transmit it unchanged.
const (
	// Prefix names the format and its version.
	Prefix = "RG1:"
	// TextSize is the length of every code in characters.
	TextSize = len(Prefix) + TokenSize/2*3 + TokenSize%2*2
)

const base45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// outside is the value of a character that is not in the alphabet. It is greater than
// every sum of values.
const outside = 1 << 20

// place1, place45 and place2025 are a character's value in each of the three places
// of a group. Decoding a group costs two additions.
var place1, place45, place2025 = func() (a, b, c [256]uint32) {
	for i := range a {
		a[i], b[i], c[i] = outside, outside, outside
	}
	for v := range uint32(45) {
		a[base45[v]], b[base45[v]], c[base45[v]] = v, 45*v, 2025*v
	}
	return
}()

// ParseText decodes and parses the text of a code. Every code has one text: white
// space, lower case and other lengths are refused. It returns ReasonOK,
// ReasonMalformed, or ReasonVersion for a code of another version.
func (t *Token) ParseText(text []byte) Reason {
	if len(text) < len(Prefix) || text[0] != 'R' || text[1] != 'G' || text[3] != ':' {
		return ReasonMalformed
	}
	if text[2] != Prefix[2] {
		if text[2] < '0' || text[2] > '9' {
			return ReasonMalformed
		}
		return ReasonVersion
	}
	if len(text) != TextSize || !decode45(&t.raw, (*[TextSize - len(Prefix)]byte)(text[len(Prefix):])) {
		return ReasonMalformed
	}
	if t.raw[offVersion] != Version {
		// Prefix and body must agree: otherwise a version would have two spellings.
		return ReasonMalformed
	}
	return t.wellFormed()
}

// decode45 fills dst from exactly TextSize-len(Prefix) characters. Every error sets a
// bit above bit 15 of a sum. The sums are tested once, at the end.
func decode45(dst *[TokenSize]byte, src *[TextSize - len(Prefix)]byte) bool {
	var sums uint32
	in, out := src[:], dst[:]
	for len(in) >= 12 && len(out) >= 8 {
		v := place1[in[0]] + place45[in[1]] + place2025[in[2]]
		w := place1[in[3]] + place45[in[4]] + place2025[in[5]]
		x := place1[in[6]] + place45[in[7]] + place2025[in[8]]
		y := place1[in[9]] + place45[in[10]] + place2025[in[11]]
		sums |= v | w | x | y
		binary.BigEndian.PutUint64(out, uint64(v)<<48|uint64(w&0xffff)<<32|uint64(x&0xffff)<<16|uint64(y&0xffff))
		in, out = in[12:], out[8:]
	}
	for len(in) >= 3 && len(out) >= 2 {
		v := place1[in[0]] + place45[in[1]] + place2025[in[2]]
		sums |= v
		out[0], out[1] = byte(v>>8), byte(v)
		in, out = in[3:], out[2:]
	}
	v := place1[src[len(src)-2]] + place45[src[len(src)-1]]
	dst[TokenSize-1] = byte(v)
	return sums>>16 == 0 && v>>8 == 0
}

// AppendText appends the text of the code to dst.
func (t *Token) AppendText(dst []byte) []byte {
	dst = append(dst, Prefix...)
	o := 0
	for ; o+1 < TokenSize; o += 2 {
		v := uint32(t.raw[o])<<8 | uint32(t.raw[o+1])
		dst = append(dst, base45[v%45], base45[v/45%45], base45[v/2025])
	}
	v := uint32(t.raw[o])
	return append(dst, base45[v%45], base45[v/45])
}

// Text returns the text of the code as a string.
func (t *Token) Text() string { return string(t.AppendText(make([]byte, 0, TextSize))) }
