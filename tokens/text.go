package tokens

import "encoding/binary"

// A code travels as text: a prefix and base45 (RFC 9285) of the wire bytes. Base45 uses
// exactly the characters of QR alphanumeric mode, so it costs 3 % over raw
// bytes where base64 costs a third, and it survives scanners that type.
const (
	// Prefix names the format and its version in the clear.
	Prefix = "RG1:"
	// TextSize is the length of every code, characters.
	TextSize = len(Prefix) + TokenSize/2*3 + TokenSize%2*2
)

const base45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

// A character's value in each of the three places of a group, so that a group is
// two additions; outside stands for a character that is not in the alphabet and
// is above every sum of values.
const outside = 1 << 20

var place1, place45, place2025 = func() (a, b, c [256]uint32) {
	for i := range a {
		a[i], b[i], c[i] = outside, outside, outside
	}
	for v := range uint32(45) {
		a[base45[v]], b[base45[v]], c[base45[v]] = v, 45*v, 2025*v
	}
	return
}()

// ParseText decodes and parses the text of a code. One text per code: no
// white space, no lower case, no other length. It answers ReasonOK,
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
		// The prefix and the body must agree, or there were two spellings of a version.
		return ReasonMalformed
	}
	return t.wellFormed()
}

// decode45 fills dst from exactly TextSize-len(Prefix) characters. What is wrong
// anywhere shows above bit 16 of a sum and is asked for once, at the end.
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

// AppendText appends the text of the code.
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

// Text is AppendText as a string.
func (t *Token) Text() string { return string(t.AppendText(make([]byte, 0, TextSize))) }
