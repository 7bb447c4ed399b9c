package tokens

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

// values holds each character's value, or 0xff for a character outside the alphabet.
var values = func() (v [256]uint8) {
	for i := range v {
		v[i] = 0xff
	}
	for i := range base45 {
		v[base45[i]] = uint8(i)
	}
	return v
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
	if len(text) != TextSize || !decode45(&t.raw, text[len(Prefix):]) {
		return ReasonMalformed
	}
	if t.raw[offVersion] != Version {
		// The prefix and the body must agree, or there were two spellings of a version.
		return ReasonMalformed
	}
	return t.wellFormed()
}

// decode45 fills dst from exactly TextSize-len(Prefix) characters.
func decode45(dst *[TokenSize]byte, src []byte) bool {
	o := 0
	for ; o+1 < TokenSize; o += 2 {
		a, b, c := uint32(values[src[0]]), uint32(values[src[1]]), uint32(values[src[2]])
		v := a + 45*b + 2025*c
		if a|b|c > 63 || v > 0xffff {
			return false
		}
		dst[o], dst[o+1] = byte(v>>8), byte(v)
		src = src[3:]
	}
	a, b := uint32(values[src[0]]), uint32(values[src[1]])
	v := a + 45*b
	if a|b > 63 || v > 0xff {
		return false
	}
	dst[o] = byte(v)
	return true
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
